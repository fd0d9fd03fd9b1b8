// The rules by which cv2.resize chooses.
#include "core/resample/choose.h"

#include "core/resample/position.h"

namespace pixfeed {
namespace {

// INTER_AREA takes means only where neither side grows.
bool shrinks(const Plan& plan) {
  return scale_of(plan.crop_w, plan.resize_w) >= 1 && scale_of(plan.crop_h, plan.resize_h) >= 1;
}

}  // namespace

Resampler& Resamplers::choose(const Plan& plan, bool gray) {
  if (is_pillow(plan.interpolation)) return pillow_;
  // The linear one has the copy, and the 2 x 2 mean that three of OpenCV's ways turn into.
  const bool same = plan.resize_w == plan.crop_w && plan.resize_h == plan.crop_h;
  const bool half = 2 * plan.resize_w == plan.crop_w && 2 * plan.resize_h == plan.crop_h;
  switch (plan.interpolation) {
    case Interpolation::nearest:
    case Interpolation::nearest_exact:
      return nearest_;
    case Interpolation::area:
      return !same && !half && shrinks(plan) ? static_cast<Resampler&>(area_) : linear_;
    case Interpolation::linear_exact:
      return !same && !half ? static_cast<Resampler&>(linear_exact_) : linear_;
    case Interpolation::cubic:
    case Interpolation::lanczos4:
      cubic_lanczos4_.set_channels(gray ? 1 : 3);
      return !same ? static_cast<Resampler&>(cubic_lanczos4_) : linear_;
    default:
      return linear_;
  }
}

}  // namespace pixfeed
