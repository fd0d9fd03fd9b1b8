// Steps that move pixels go from one memory to the other; runs of others stay where they are.
#include "core/steps/steps.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/steps/colors.h"
#include "core/steps/geometry.h"
#include "core/steps/mix.h"

namespace pixfeed {
namespace {

const char* check_step(const Step& step, Taken& taken) {
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
    if (const char* wrong = check_warp(step, taken.width, taken.height)) return wrong;
    taken.gray &= step.fill[0] == step.fill[1] && step.fill[0] == step.fill[2];
  } else {
    if (step.width != taken.width || step.height != taken.height) {
      return "a step that moves no pixels keeps the sides";
    }
    if (const char* wrong = step.code == StepCode::blend ? check_blend(step) : check_recolor(step)) return wrong;
    taken.gray = step.code == StepCode::gray || (taken.gray && keeps_gray(step));
  }
  taken.width = step.width;
  taken.height = step.height;
  return nullptr;
}

bool changes_colors(const Step& step) { return !moves_pixels(step.code) && step.code != StepCode::blend; }

bool blend(const ImageView& picture, const Step& step, Mix& mix, Buffer& memory) {
  const Blend how = static_cast<Blend>(step.mode);
  if (how == Blend::begin) return mix.begin(picture, step, memory);
  if (how == Blend::add) {
    mix.add(picture, step);
  } else if (how == Blend::over) {
    mix.over(picture, step);
  } else {
    mix.end(picture, step);
  }
  return true;
}

}  // namespace

const char* check_steps(Steps steps, Taken& taken) {
  constexpr const char* kUnpaired = "blending begins and ends in turn";
  bool mixes = false;
  Taken first = taken;  // what the mix began with
  bool gray = false;    // whether all that was added is gray
  for (const Step& step : steps) {
    if (const char* wrong = check_step(step, taken)) return wrong;
    if (step.code != StepCode::blend) continue;
    const Blend how = static_cast<Blend>(step.mode);
    if ((how == Blend::begin) == mixes) return kUnpaired;
    mixes = how != Blend::end;
    if (how == Blend::begin) {
      first = taken;
      gray = taken.gray;
      continue;
    }
    if (first.width != taken.width || first.height != taken.height) return "what is blended differs in size";
    gray &= taken.gray;
    taken.gray = how == Blend::end ? gray : first.gray;
  }
  return mixes ? kUnpaired : nullptr;
}

bool run_steps(Made& made, Steps steps, Scratch& scratch) {
  Mix mix;
  for (auto step = steps.begin(); step != steps.end();) {
    if (moves_pixels(step->code)) {
      const ImageView to = room_for(step->width, step->height, *made.other);
      if (to.data == nullptr || !warp(made.picture, *step, to, scratch.steps)) return false;
      made.picture = to;
      std::swap(made.memory, made.other);
      ++step;
    } else if (step->code == StepCode::blend) {
      if (!blend(made.picture, *step, mix, scratch.mix)) return false;
      ++step;
    } else {
      const auto end = std::find_if_not(step, steps.end(), changes_colors);
      if (!recolor_run(made.picture, Steps(step, end), scratch.steps)) return false;
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
