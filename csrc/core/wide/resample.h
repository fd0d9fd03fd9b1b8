// Step 2: the rows of a resized picture, as OpenCV's own code makes them of 16-bit samples.
#pragma once

#include <cstdint>

#include "core/plan.h"
#include "core/scratch.h"
#include "core/wide/picture.h"

namespace pixfeed::wide {

// INTER_NEAREST, INTER_NEAREST_EXACT, and INTER_LINEAR, which is the mean of four at exactly half the size. Weights and
// sums are float32. (Intel's IPP, which OpenCV uses where it is available, differs by 1 in places.)
class Resampler {
 public:
  static bool knows(Interpolation interpolation);

  // `picture` is the crop; `memory` is borrowed. False if memory is short.
  bool prepare(const Picture& picture, const Plan& plan, Buffer& memory);

  // Row `y` of the window, until the next call. Called from the first row to the last.
  const std::uint16_t* row(int y);

 private:
  enum class Way { copy, half, nearest, linear };
  struct Tap {
    int first, second;
    float weight_first, weight_second;
  };

  const float* across(int y);
  void copy_columns(const std::uint16_t* from);

  Picture picture_{};
  Plan plan_{};
  Way way_ = Way::copy;
  Tap *columns_ = nullptr, *rows_ = nullptr;  // of the window; the second one of Way::linear only
  float* floats_[2] = {};                     // rows of the picture, resized across, by parity
  int there_[2] = {-1, -1};                   // which they are
  std::uint16_t* out_ = nullptr;
};

}  // namespace pixfeed::wide
