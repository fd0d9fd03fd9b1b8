// Where a pixel of the result falls in the source, in OpenCV's arithmetic: every rounding here is part of the result.
#pragma once

#include <cmath>
#include <cstdint>

namespace pixfeed {

// Source pixels per pixel of the result. OpenCV inverts the inverse scale.
inline double scale_of(int from, int to) { return 1.0 / (static_cast<double>(to) / from); }

struct Position {
  int index;
  float fraction;
};

// Of the middle of pixel `i` of the result: double until here and float from here on.
inline Position position(int i, double scale) {
  const float at = static_cast<float>((i + 0.5) * scale - 0.5);
  const int index = static_cast<int>(std::floor(at));
  return {index, at - static_cast<float>(index)};
}

// A weight with 11 bits behind the point (INTER_RESIZE_COEF_BITS), rounded half to even as saturate_cast<short> does.
inline std::int16_t fixed(float weight) { return static_cast<std::int16_t>(std::lrintf(weight * 2048)); }

}  // namespace pixfeed
