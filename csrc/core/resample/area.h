// Resampling as OpenCV does it with INTER_AREA where the picture shrinks: means of areas.
#pragma once

#include <cstdint>

#include "core/resample/resampler.h"

namespace pixfeed {

// Bit for bit cv2.resize: where both sides shrink by whole numbers the sums are integers and are rounded once;
// elsewhere they are floats, weighted by how much of a pixel lies in the area, first along x, then along y. One row of
// sums is kept. Where a side grows, and for 2 x 2, see LinearResampler.
class AreaResampler final : public Resampler {
 public:
  bool prepare(const Plan& plan, int width, int height, int window_w, int window_h, Buffer& memory,
               RowWriter& writer) override;
  Range rows_of(int i) const override;
  Range columns_of(int i) const override;
  void put_row(int y, const std::uint8_t* rgb) override;

 private:
  // The columns of one pixel of the result; area_row() wants just these two.
  struct Columns {
    std::int32_t first, count;
  };
  struct Rows {
    std::int32_t first, count;
    const float* weights = nullptr;  // count of them
  };

  void add(int row);  // what was made of a row, to the sums of window row `next_`
  void emit();

  int factor_x_ = 0, factor_y_ = 0;  // source pixels per pixel, or 0 if one of them is no whole number
  Columns* across_ = nullptr;        // per window column
  Rows* down_ = nullptr;             // per window row
  float* weights_x_ = nullptr;       // those of one column follow those of the column before
  // 3 values per pixel: the row that was taken, and the sum of those of window row `next_`. The latter two for whole
  // numbers, the former for others.
  float *row_ = nullptr, *sum_ = nullptr;
  std::uint32_t *whole_row_ = nullptr, *whole_sum_ = nullptr;
  std::uint8_t* out_ = nullptr;
};

}  // namespace pixfeed
