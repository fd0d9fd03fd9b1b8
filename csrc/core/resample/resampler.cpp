// What all ways of resampling have in common.
#include "core/resample/resampler.h"

namespace pixfeed {

void Resampler::expect(const Plan& plan, int width, int height, int window_w, int window_h, RowWriter& writer) {
  plan_ = plan;
  width_ = width;
  height_ = height;
  area_ = {plan.crop_x, plan.crop_y, plan.crop_w, plan.crop_h};
  window_w_ = window_w;
  window_h_ = window_h;
  writer_ = &writer;
  next_ = 0;
}

void Resampler::need(int left, int top, int right, int bottom) {
  area_ = {plan_.crop_x + left, plan_.crop_y + top, right - left, bottom - top};
}

bool Resampler::begin(int width, int height) {
  next_ = 0;
  return width == width_ && height == height_;
}

bool Resampler::wants(int y) const {
  const int row = crop_row(y);
  if (row < 0 || next_ == window_h_) return false;
  const auto [first, last] = rows_of(next_);
  return row >= first && row <= last;
}

}  // namespace pixfeed
