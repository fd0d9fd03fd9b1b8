// A window that reaches beyond the resized crop: the rows that are there, framed by a color.
#pragma once

#include <cstdint>

#include "core/plan.h"
#include "core/resample/resampler.h"
#include "core/row_sink.h"
#include "core/scratch.h"

namespace pixfeed {

// The part of the window of `width` x `height` pixels that lies inside the resized crop, in pixels of that. Empty where
// they do not meet.
Area part_of(const Plan& plan, int width, int height);

// Takes the rows of that part and hands on those of the whole window.
class Framer : public RowWriter {
 public:
  // The window is `width` x `height` pixels. `memory` is the framer's alone until it is done. False if memory is short.
  bool prepare(const Plan& plan, int width, int height, RowWriter& writer, Buffer& memory);

  void write(int y, const std::uint8_t* rgb) override;

  // The whole window is frame.
  void fill();

 private:
  int height_ = 0, left_ = 0, top_ = 0;  // of the window; where the part begins in it
  int part_w_ = 0, part_h_ = 0;
  std::uint8_t* row_ = nullptr;    // the part of it in the middle is overwritten
  std::uint8_t* empty_ = nullptr;  // a row of nothing but `fill`
  RowWriter* writer_ = nullptr;
};

}  // namespace pixfeed
