// Brightness, contrast, saturation, hue: finished rows with other colors.
#pragma once

#include <cstdint>

#include "core/plan.h"
#include "core/resample/resampler.h"
#include "core/scratch.h"

namespace pixfeed {

// Whether a plan asks for any of it.
bool adjusts(const Plan& plan);

// Carries out plan.adjust, bit for bit as Pillow: every step blends the picture with another one, by `factor` of 32
// bits, cuts off at 0 and 255 and drops the fraction. ImageEnhance.Brightness blends with black, Contrast with the mean
// of the whole window's gray, Color (saturation) with its gray, and gray is convert("L"), in all of R, G and B. Hue is
// moved on in Pillow's HSV. Rows are handed on as they come, but where there is contrast, which has to see the last row
// first.
class Adjuster : public RowWriter {
 public:
  // The window is `width` x `height` pixels. `memory` is the adjuster's alone until it is done. False if memory is
  // short.
  bool prepare(const Plan& plan, int width, int height, RowWriter& writer, Buffer& memory);

  void write(int y, const std::uint8_t* rgb) override;

 private:
  // All steps, in place, on `rows` rows at `pixels`: one of them, or the whole window.
  void adjust(std::uint8_t* pixels, int rows) const;

  Plan plan_{};
  int width_ = 0, height_ = 0;
  bool whole_ = false;  // all rows are kept before any is changed
  std::uint8_t* pixels_ = nullptr;
  RowWriter* writer_ = nullptr;
};

}  // namespace pixfeed
