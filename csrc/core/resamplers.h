// Which way of resampling a plan asks for.
#pragma once

#include "resample_area.h"
#include "resample_exact.h"
#include "resample_filter.h"
#include "resample_linear.h"
#include "resample_nearest.h"
#include "resample_wide.h"

namespace pixfeed {

// One of each, to be had without memory from the heap; one of them is used.
class Resamplers {
 public:
  // Decides as cv2.resize does, which for some sizes takes another way than it was asked for. `gray`: the picture has one
  // value a pixel for OpenCV, here three that are alike.
  Resampler& of(const Plan& plan, bool gray);

 private:
  LinearResampler linear_;
  NearestResampler nearest_;
  AreaResampler area_;
  ExactResampler exact_;
  WideResampler wide_;
  FilterResampler filter_;
};

}  // namespace pixfeed
