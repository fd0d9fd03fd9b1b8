// Resampling as OpenCV does it with INTER_CUBIC and INTER_LANCZOS4: 4 x 4 and 8 x 8 pixels for one, at any scale.
#pragma once

#include <cstdint>

#include "core/resample/resampler.h"

namespace pixfeed {

// Weights have 11 bits, edges are repeated, and nothing is rounded before the end. As many rows are kept as there are
// taps.
//
// Lanczos is bit for bit cv2.resize. Cubic is so where OpenCV runs its own code: without Intel's IPP, as on ARM or
// after cv2.ipp.setUseIPP(False). With IPP, which the wheels for x86-64 have, it hands all but small pictures to IPP,
// whose floats come out differently on different CPUs: one value of forty is one step away from here, none more than
// that.
class CubicLanczos4Resampler final : public Resampler {
 public:
  // Before prepare(): how many values a pixel has for OpenCV, 3, or 1 for a picture that is read as gray.
  void set_channels(int channels) { channels_ = channels; }

  bool prepare(const Plan& plan, int width, int height, int window_w, int window_h, Buffer& memory,
               RowWriter& writer) override;
  Range rows_of(int i) const override;
  Range columns_of(int i) const override;
  void put_row(int y, const std::uint8_t* rgb) override;

 private:
  int tap_row(int i, int k) const;  // the crop's row that is tap k of window row i
  void blend();                     // window row `next_` into out_

  int channels_ = 3;
  int taps_ = 0;                     // 4 or 8, in each direction
  int in_floats_ = 0;                // values of a window row that OpenCV blends in floats; the rest in integers
  std::int32_t* first_x_ = nullptr;  // per window column: pixel of the area's row, maybe outside of it
  std::int32_t* first_y_ = nullptr;  // per window row: row of the crop, maybe outside of it
  std::int16_t *weights_x_ = nullptr, *weights_y_ = nullptr;  // taps_ for each
  std::int32_t* rows_[8] = {};  // resampled along x: 3 values per pixel, 11 fractional bits
  std::uint8_t* out_ = nullptr;
};

}  // namespace pixfeed
