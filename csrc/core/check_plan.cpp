// The limits of every column of a PLAN row.
#include "core/check_plan.h"

#include <cmath>
#include <cstdint>

#include "core/steps/steps.h"

namespace pixfeed {
namespace {

// `width` x `height`: the picture that the crop is taken from.
const char* check_geometry(const Plan& plan, int width, int height) {
  const std::int64_t right = std::int64_t{plan.crop_x} + plan.crop_w, bottom = std::int64_t{plan.crop_y} + plan.crop_h;
  if (plan.crop_w <= 0 || plan.crop_h <= 0 || plan.crop_x < 0 || plan.crop_y < 0 || right > width || bottom > height) {
    return "the crop does not lie inside the picture";
  }
  const std::int64_t window_right = std::int64_t{plan.window_x} + plan.window_w;
  const std::int64_t window_bottom = std::int64_t{plan.window_y} + plan.window_h;
  if (plan.resize_w <= 0 || plan.resize_h <= 0) return "the crop is resized to nothing";
  if (plan.window_w <= 0 || plan.window_h <= 0) return "the window is empty";
  if (plan.framed < Framed::none || plan.framed > Framed::symmetric) return "unknown frame";
  if (plan.framed == Framed::none &&
      (plan.window_x < 0 || plan.window_y < 0 || window_right > plan.resize_w || window_bottom > plan.resize_h)) {
    return "the window does not lie inside the resized crop";
  }
  constexpr int kFar = 1 << 30;
  if (plan.window_x < -kFar || plan.window_y < -kFar || window_right > kFar || window_bottom > kFar) {
    return "the window lies too far away";
  }
  return nullptr;
}

const char* check_colors(const Plan& plan) {
  for (std::int32_t value : plan.fill) {
    if (value < 0 || value > 255) return "fill may be 0 to 255";
  }
  for (int i = 0; i < kAdjustments; ++i) {
    if (plan.adjust[i] < Adjustment::none || plan.adjust[i] > Adjustment::hue) return "unknown adjustment";
    if (!std::isfinite(plan.factor[i])) return "unusable factor";
    if (plan.adjust[i] == Adjustment::hue && std::abs(plan.factor[i]) > 0.5f) return "unusable factor";
  }
  for (int c = 0; c < 3; ++c) {
    if (!std::isfinite(plan.mean[c]) || !std::isfinite(plan.std[c]) || plan.std[c] == 0) return "unusable mean or std";
  }
  return nullptr;
}

const char* check_interpolation(const Plan& plan) {
  const float* box = plan.box;
  const auto width = static_cast<float>(plan.crop_w), height = static_cast<float>(plan.crop_h);
  if (is_pillow(plan.interpolation)) {
    const bool inside =
        box[0] >= 0 && box[1] >= 0 && box[0] < box[2] && box[1] < box[3] && box[2] <= width && box[3] <= height;
    return inside ? nullptr : "the box does not lie inside the crop";
  }
  if (!is_opencv(plan.interpolation)) return "unknown interpolation";
  const bool whole = box[0] == 0 && box[1] == 0 && box[2] == width && box[3] == height;
  return whole ? nullptr : "a box in fractions of pixels needs one of Pillow's filters";
}

const char* check_columns(const Plan& plan, int width, int height) {
  if (const char* wrong = check_geometry(plan, width, height)) return wrong;
  if (const char* wrong = check_interpolation(plan)) return wrong;
  return check_colors(plan);
}

// `width` x `height`: the picture that the first row takes.
const char* check_rows(const PlanRows& rows, int width, int height, const Slot& slot) {
  bool gray = true;  // the first row says itself what it takes
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Plan& plan = rows[i];
    if (const char* wrong = check_columns(plan, width, height)) return wrong;
    if (plan.gray != 0 && !gray) return "the row before makes colors";
    width = plan.window_w;
    height = plan.window_h;
    gray = plan.makes_gray();
    if (rows.steps.empty()) continue;
    Taken taken{width, height, gray};
    if (const char* wrong = check_steps(rows.steps_after(i), taken)) return wrong;
    width = taken.width;
    height = taken.height;
    gray = taken.gray;
  }
  if (width > slot.width || height > slot.height) return "the window is larger than the slot";
  return slot.channels == 3 || gray ? nullptr : "a slot of one channel needs a gray picture";
}

}  // namespace

const char* check_plan(const PlanRows& rows, const Header& header, const Slot& slot) {
  const int reduced = rows.front().reduced;
  if (reduced != 1 && reduced != 2 && reduced != 4 && reduced != 8) return "reduced may be 1, 2, 4 or 8";
  return check_rows(rows, reduced_side(header.width, header.format, reduced),
                    reduced_side(header.height, header.format, reduced), slot);
}

const char* check_plan(const PlanRows& rows, const ImageView& picture, const Slot& slot) {
  return check_rows(rows, picture.width, picture.height, slot);
}

}  // namespace pixfeed
