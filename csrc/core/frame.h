// A window that reaches beyond the resized crop: the rows that are there, framed by a color or by their own pixels.
#pragma once

#include <cstdint>

#include "core/plan.h"
#include "core/resample/resampler.h"
#include "core/row_sink.h"
#include "core/scratch.h"

namespace pixfeed {

// Whether the window reaches beyond the resized crop.
bool is_framed(const Plan& plan);

// The part of the resized crop that the window is made of, in pixels of that: where they meet, which may be nowhere. A
// frame that repeats pixels may need any of them.
Area part_of(const Plan& plan);

// Takes the rows of that part and hands on those of the whole window, framed by plan.fill.
class Framer : public RowWriter {
 public:
  // `memory` is the framer's alone until it is done. False if memory is short.
  bool prepare(const Plan& plan, RowWriter& writer, Buffer& memory);

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

// The same for frames that repeat pixels of the resized crop as numpy.pad does: edge, reflect, symmetric. It keeps all
// rows until the last one is there.
class RepeatingFramer : public RowWriter {
 public:
  bool prepare(const Plan& plan, RowWriter& writer, Buffer& memory);

  void write(int y, const std::uint8_t* rgb) override;

 private:
  Plan plan_{};
  std::uint8_t* part_ = nullptr;     // the resized crop
  std::uint8_t* row_ = nullptr;      // of the window
  std::int32_t* columns_ = nullptr;  // of the resized crop, for each of the window
  RowWriter* writer_ = nullptr;
};

}  // namespace pixfeed
