#include "resample.h"

namespace pixfeed {

void Resampler::expect(const Plan& plan, int width, int height, int window_w, int window_h, RowWriter& writer) {
  plan_ = plan;
  width_ = width;
  height_ = height;
  window_w_ = window_w;
  window_h_ = window_h;
  writer_ = &writer;
  next_ = 0;
}

bool Resampler::begin(int width, int height) {
  next_ = 0;
  return width == width_ && height == height_;
}

}  // namespace pixfeed
