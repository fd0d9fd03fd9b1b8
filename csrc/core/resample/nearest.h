// Resampling as OpenCV does it with INTER_NEAREST and INTER_NEAREST_EXACT.
#pragma once

#include <cstdint>

#include "core/resample/resampler.h"

namespace pixfeed {

// Which of `from` pixels of a side are seen at the `n` places from `first` on, of `to`: `interpolation` is one of the two.
void nearest_pixels(Interpolation interpolation, int first, int n, int from, int to, std::int32_t* pixels);

// Bit for bit cv2.resize: every pixel is a copy of one of the crop's. No row is kept. INTER_NEAREST_EXACT is that of
// OpenCV 5, which is Pillow's nearest; OpenCV 4 takes a neighbour now and then.
class NearestResampler final : public Resampler {
 public:
  bool prepare(const Plan& plan, int width, int height, int window_w, int window_h, Buffer& memory,
               RowWriter& writer) override;
  Range rows_of(int i) const override;
  Range columns_of(int i) const override;
  void put_row(int y, const std::uint8_t* rgb) override;

 private:
  std::int32_t* offset_ = nullptr;  // per window column: bytes in the area's row
  std::int32_t* row_ = nullptr;     // per window row: the crop's row
  std::uint8_t* out_ = nullptr;
};

}  // namespace pixfeed
