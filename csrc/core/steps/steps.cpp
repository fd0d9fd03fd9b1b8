// Steps that move pixels go from one memory to the other; runs of others stay where they are.
#include "core/steps/steps.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/steps/colors.h"
#include "core/steps/geometry.h"

namespace pixfeed {

const char* check_step(const Step& step, int& width, int& height, bool& gray) {
  constexpr int kFar = 1 << 30;
  if (step.width <= 0 || step.height <= 0 || step.width > kFar || step.height > kFar) {
    return "a step makes a picture of impossible sides";
  }
  for (const std::int32_t value : step.fill) {
    if (value < 0 || value > 255) return "fill may be 0 to 255";
  }
  for (const double value : step.values) {
    if (!std::isfinite(value)) return "a step has a value that is not finite";
  }
  if (moves_pixels(step.code)) {
    if (const char* wrong = check_warp(step, width, height)) return wrong;
    gray &= step.fill[0] == step.fill[1] && step.fill[0] == step.fill[2];
  } else {
    if (step.width != width || step.height != height) return "a step that moves no pixels keeps the sides";
    if (const char* wrong = check_recolor(step)) return wrong;
    gray = step.code == StepCode::gray || (gray && keeps_gray(step));
  }
  width = step.width;
  height = step.height;
  return nullptr;
}

bool run_steps(Made& made, Steps steps, Buffer& memory) {
  for (auto step = steps.begin(); step != steps.end();) {
    if (moves_pixels(step->code)) {
      const ImageView to = room_for(step->width, step->height, *made.other);
      if (to.data == nullptr || !warp(made.picture, *step, to, memory)) return false;
      made.picture = to;
      std::swap(made.memory, made.other);
      ++step;
    } else {
      const auto end = std::find_if(step, steps.end(), [](const Step& each) { return moves_pixels(each.code); });
      if (!recolor_run(made.picture, Steps(step, end), memory)) return false;
      step = end;
    }
  }
  return true;
}

ImageView room_for(int width, int height, Buffer& memory) {
  const std::ptrdiff_t stride = std::ptrdiff_t{3} * width;
  const std::size_t size = static_cast<std::size_t>(stride) * static_cast<std::size_t>(height);
  return {memory.get(size + kGeometrySlack), width, height, stride};
}

}  // namespace pixfeed
