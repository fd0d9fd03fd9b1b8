// Resampling as Pillow does it: separable filters whose support grows when the picture shrinks (antialiasing).
#pragma once

#include <cstdint>

#include "core/resample/pillow_kernels.h"
#include "core/resample/resampler.h"

namespace pixfeed {

// Bit for bit PIL.Image.resize(size, resample, box) of an RGB image: weights in double, normalised, rounded to 22 bits;
// first along x to uint8, then along y to uint8, or the other way round where Pillow 13 does so. `plan.box` is Pillow's
// box, in pixels of the crop; the crop is all the filter may see. As many rows are kept as the filter is high.
class PillowResampler final : public Resampler {
 public:
  bool prepare(const Plan& plan, int width, int height, int window_w, int window_h, Buffer& memory,
               RowWriter& writer) override;
  Range rows_of(int i) const override;
  Range columns_of(int i) const override;
  void put_row(int y, const std::uint8_t* rgb) override;

 private:
  void filter_down(int n, std::uint8_t* to) const;  // the rows of the window row `next_`, n bytes of them

  std::uint8_t* row(int y) const { return rows_ + static_cast<std::size_t>(y % kept_) * stride_; }

  kernels::RowFilter across_{};
  kernels::Span* down_ = nullptr;      // a window row
  std::int16_t* weights_y_ = nullptr;  // see kernels::filter_rows
  int pairs_y_ = 0;                    // pairs of weights reserved for each window row
  bool down_first_ = false;
  int kept_ = 0;  // rows in rows_
  std::size_t stride_ = 0;
  std::uint8_t* rows_ = nullptr;         // resampled along x, or as they came if down_first_
  const std::uint8_t** taps_ = nullptr;  // the rows that one output row is made of
  std::uint8_t* between_ = nullptr;      // one row between the passes if down_first_
  std::uint8_t* out_ = nullptr;
};

}  // namespace pixfeed
