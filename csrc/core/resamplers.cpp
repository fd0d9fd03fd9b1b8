#include "resamplers.h"

namespace pixfeed {

Resampler& Resamplers::of(const Plan& plan) {
  if (is_pillow(plan.interpolation)) return filter_;
  switch (plan.interpolation) {
    case Interpolation::nearest:
    case Interpolation::nearest_exact:
      return nearest_;
    default:
      return linear_;
  }
}

}  // namespace pixfeed
