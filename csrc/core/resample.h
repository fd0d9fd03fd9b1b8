// From the rows of a picture to the rows of its resized crop.
#pragma once

#include <cstdint>
#include <vector>

#include "plan.h"
#include "row_sink.h"
#include "scratch.h"

namespace pixfeed {

// Where finished rows go: row `y` of the window, packed RGB, before any flip.
class RowWriter {
 public:
  virtual ~RowWriter() = default;
  virtual void write(int y, const std::uint8_t* rgb) = 0;
};

// Takes the upright rows of a picture once, top to bottom, and emits the rows of the window of the resized crop as
// soon as they can be known. Two resampled rows are all that is kept. uint8 in, uint8 out, bit for bit cv2.resize:
// the size unchanged copies, exactly half in both directions averages 2 x 2 (OpenCV turns INTER_LINEAR into INTER_AREA
// there), everything else is INTER_LINEAR in OpenCV's 11-bit fixed point.
class Resampler : public RowSink {
 public:
  // For a picture of `width` x `height` pixels; the window is `window_w` x `window_h` pixels from (plan.window_x,
  // plan.window_y). False if memory is short.
  bool prepare(const Plan& plan, int width, int height, int window_w, int window_h, Scratch& scratch,
               RowWriter& writer);

  bool begin(int width, int height) override;
  bool wants(int y) const override;
  void take(int y, const std::uint8_t* rgb) override;

 private:
  enum class Way { copy, half, linear };

  void take_half(int y, const std::uint8_t* crop_row);
  void take_linear(int y, const std::uint8_t* crop_row);

  Plan plan_{};
  Way way_ = Way::copy;
  int width_ = 0, height_ = 0;
  int window_w_ = 0, window_h_ = 0;
  RowWriter* writer_ = nullptr;

  int next_ = 0;                // the window row to be emitted next
  std::int16_t* rows_[2] = {};  // resampled along x: 4 values a pixel (R, G, B, unused), 15 bits
  std::uint8_t* out_ = nullptr;
  std::int32_t* offset_ = nullptr;       // per column: byte offset of the left tap in the crop's row
  std::int16_t* weight_x_ = nullptr;     // per column: left, right; 11-bit fixed point
  struct Taps {
    std::int32_t upper, lower;           // crop rows
    std::int16_t weight_upper, weight_lower;
  };
  Taps* taps_ = nullptr;                 // per window row
};

}  // namespace pixfeed
