// Resampling as OpenCV does it with INTER_LINEAR_EXACT.
#pragma once

#include <cstdint>

#include "core/resample/resampler.h"

namespace pixfeed {

// Bit for bit cv2.resize: weights with 8 bits, 16 bits between the passes, one rounding at the end. Two resampled rows
// are kept. Where the size stays or is exactly half in both directions, see LinearResampler.
class LinearExactResampler final : public Resampler {
 public:
  bool prepare(const Plan& plan, int width, int height, int window_w, int window_h, Buffer& memory,
               RowWriter& writer) override;
  Range rows_of(int i) const override;
  Range columns_of(int i) const override;
  void put_row(int y, const std::uint8_t* rgb) override;

 private:
  struct Taps {
    std::int32_t upper, lower;  // crop rows
    std::int32_t weight_lower;  // of 256; the upper row has the rest
  };

  std::uint16_t* rows_[2] = {};  // resampled along x: 3 values per pixel, 16 bits
  std::uint8_t* out_ = nullptr;
  std::int32_t* offset_ = nullptr;    // per column: byte offset of the left tap in the area's row
  std::int16_t* weight_x_ = nullptr;  // per column: left, right; of 256
  Taps* taps_ = nullptr;              // per window row
};

}  // namespace pixfeed
