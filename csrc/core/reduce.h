// A picture at 1/2, 1/4 or 1/8 of its size, for codecs that cannot decode it so.
#pragma once

#include "core/resample/choose.h"
#include "core/row_sink.h"
#include "core/scratch.h"

namespace pixfeed {

// Stands between a decoder and another sink and shrinks the whole stored picture on its way, bit for bit as
// cv2.imread(IMREAD_REDUCED_*) does it after a decoder that has no sizes of its own: with INTER_LINEAR_EXACT, before
// the orientation is looked at. Where a side has fewer than n pixels cv2 raises an error; here 1 pixel is left. Of the
// stored picture only that is asked for which `next` needs.
class Reducer final : public RowSink, private RowWriter {
 public:
  // For a stored picture of `width` x `height` pixels, at 1/n. `next` expects max(1, width / n) x max(1, height / n)
  // pixels, and needs at least one of them; it is borrowed, and `memory` is this reducer's alone until it is done.
  // False if memory is short.
  bool prepare(int width, int height, int n, RowSink& next, Buffer& memory);

  bool begin(int width, int height) override;
  Area area() const override { return resampler_->area(); }
  bool wants(int y) const override { return resampler_->wants(y); }
  void put_row(int y, const std::uint8_t* rgb) override { resampler_->put_row(y, rgb); }

 private:
  void write(int y, const std::uint8_t* rgb) override;

  Resamplers resamplers_;
  Resampler* resampler_ = nullptr;  // of resamplers_: makes the area that `next_` needs
  RowSink* next_ = nullptr;
  int reduced_w_ = 0, reduced_h_ = 0;
  int top_ = 0;  // of that area
};

}  // namespace pixfeed
