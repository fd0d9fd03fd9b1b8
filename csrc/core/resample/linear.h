// Resampling as OpenCV does it with INTER_LINEAR, and with INTER_AREA where a side grows.
#pragma once

#include <cstdint>

#include "core/resample/resampler.h"

namespace pixfeed {

// Bit for bit cv2.resize: the size unchanged copies, exactly half in both directions averages 2 x 2 (OpenCV turns
// INTER_LINEAR into INTER_AREA there), everything else is 11-bit fixed point. INTER_AREA differs in
// where a pixel lies between two others. Two resampled rows are all that is kept.
class LinearResampler final : public Resampler {
 public:
  bool prepare(const Plan& plan, int width, int height, int window_w, int window_h, Buffer& memory,
               RowWriter& writer) override;
  Range rows_of(int i) const override;
  Range columns_of(int i) const override;
  void put_row(int y, const std::uint8_t* rgb) override;

 private:
  enum class Way { copy, half, linear };

  Range whole(int i) const;
  void take_half(int y, const std::uint8_t* rgb);
  void take_linear(int y, const std::uint8_t* rgb);

  Way way_ = Way::copy;
  std::int16_t* rows_[2] = {};  // resampled along x: 4 values a pixel (R, G, B, unused), 15 bits
  std::uint8_t* out_ = nullptr;
  std::int32_t* offset_ = nullptr;    // per column: byte offset of the left tap in the area's row
  std::int16_t* weight_x_ = nullptr;  // per column: left, right; 11-bit fixed point
  struct Taps {
    std::int32_t upper, lower;  // crop rows
    std::int16_t weight_upper, weight_lower;
  };
  Taps* taps_ = nullptr;  // per window row
};

}  // namespace pixfeed
