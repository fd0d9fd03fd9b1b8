// The limits of every column of a PLAN row.
#include "core/check_plan.h"

#include <cmath>
#include <cstdint>

namespace pixfeed {
namespace {

// `width` x `height`: the picture that the crop is taken from.
const char* check_geometry(const Plan& plan, int width, int height, int slot_height, int slot_width) {
  const std::int64_t right = std::int64_t{plan.crop_x} + plan.crop_w, bottom = std::int64_t{plan.crop_y} + plan.crop_h;
  if (plan.crop_w <= 0 || plan.crop_h <= 0 || plan.crop_x < 0 || plan.crop_y < 0 || right > width || bottom > height) {
    return "the crop does not lie inside the picture";
  }
  const std::int64_t window_right = std::int64_t{plan.window_x} + slot_width;
  const std::int64_t window_bottom = std::int64_t{plan.window_y} + slot_height;
  if (plan.resize_w <= 0 || plan.resize_h <= 0) return "the crop is resized to nothing";
  if (plan.framed == 0 &&
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
    if (plan.adjust[i] < Adjustment::none || plan.adjust[i] > Adjustment::gray) return "unknown adjustment";
    if (!std::isfinite(plan.factor[i])) return "unusable factor";
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

const char* check_columns(const Plan& plan, int width, int height, int slot_height, int slot_width) {
  if (const char* wrong = check_geometry(plan, width, height, slot_height, slot_width)) return wrong;
  if (const char* wrong = check_interpolation(plan)) return wrong;
  return check_colors(plan);
}

}  // namespace

const char* check_plan(const Plan& plan, const Header& header, int slot_height, int slot_width) {
  if (plan.reduced != 1 && plan.reduced != 2 && plan.reduced != 4 && plan.reduced != 8) {
    return "reduced may be 1, 2, 4 or 8";
  }
  return check_columns(plan, reduced_side(header.width, header.format, plan.reduced),
                       reduced_side(header.height, header.format, plan.reduced), slot_height, slot_width);
}

const char* check_plan(const Plan& plan, const ImageView& picture, const Slot& slot) {
  return check_columns(plan, picture.width, picture.height, slot.height, slot.width);
}

}  // namespace pixfeed
