// A Resampler between a decoder and another sink.
#include "core/reduce.h"

#include "core/header.h"

namespace pixfeed {

bool Reducer::prepare(int width, int height, int n, RowSink& next, Buffer& memory) {
  next_ = &next;
  reduced_w_ = reduced_side(width, Format::png, n);
  reduced_h_ = reduced_side(height, Format::png, n);
  const Area wanted = next.area();
  top_ = wanted.y;
  Plan plan{};
  plan.crop_w = width;
  plan.crop_h = height;
  plan.resize_w = reduced_w_;
  plan.resize_h = reduced_h_;
  plan.window_x = wanted.x;
  plan.window_y = wanted.y;
  plan.interpolation = Interpolation::linear_exact;
  resampler_ = &resamplers_.choose(plan, false);
  return resampler_->prepare(plan, width, height, wanted.width, wanted.height, memory, *this);
}

bool Reducer::begin(int width, int height) {
  return resampler_->begin(width, height) && next_->begin(reduced_w_, reduced_h_);
}

void Reducer::write(int y, const std::uint8_t* rgb) {
  if (next_->wants(top_ + y)) next_->put_row(top_ + y, rgb);
}

}  // namespace pixfeed
