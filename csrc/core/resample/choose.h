// Which way of resampling a plan asks for.
#pragma once

#include "core/resample/area.h"
#include "core/resample/cubic_lanczos4.h"
#include "core/resample/linear.h"
#include "core/resample/linear_exact.h"
#include "core/resample/nearest.h"
#include "core/resample/pillow.h"

namespace pixfeed {

// One of each, to be had without memory from the heap; one of them is used.
class Resamplers {
 public:
  // Decides as cv2.resize does, which for some sizes takes another way than it was asked for. `gray`: the picture has
  // one value a pixel for OpenCV, here three that are alike.
  Resampler& choose(const Plan& plan, bool gray);

 private:
  LinearResampler linear_;
  NearestResampler nearest_;
  AreaResampler area_;
  LinearExactResampler linear_exact_;
  CubicLanczos4Resampler cubic_lanczos4_;
  PillowResampler pillow_;
};

}  // namespace pixfeed
