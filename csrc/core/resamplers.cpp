#include "resamplers.h"

#include "resample_position.h"

namespace pixfeed {
namespace {

// INTER_AREA takes means only where neither side grows.
bool shrinks(const Plan& plan) {
  return scale_of(plan.crop_w, plan.resize_w) >= 1 && scale_of(plan.crop_h, plan.resize_h) >= 1;
}

}  // namespace

Resampler& Resamplers::of(const Plan& plan) {
  if (is_pillow(plan.interpolation)) return filter_;
  // These two are the same for all ways but nearest.
  const bool same = plan.resize_w == plan.crop_w && plan.resize_h == plan.crop_h;
  const bool half = 2 * plan.resize_w == plan.crop_w && 2 * plan.resize_h == plan.crop_h;
  switch (plan.interpolation) {
    case Interpolation::nearest:
    case Interpolation::nearest_exact:
      return nearest_;
    case Interpolation::area:
      return !same && !half && shrinks(plan) ? static_cast<Resampler&>(area_) : linear_;
    case Interpolation::linear_exact:
      return !same && !half ? static_cast<Resampler&>(exact_) : linear_;
    default:
      return linear_;
  }
}

}  // namespace pixfeed
