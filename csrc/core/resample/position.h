// Where a pixel of the result falls in the source, in OpenCV's arithmetic: every rounding here is part of the result.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

namespace pixfeed {

// Source pixels per pixel of the result. OpenCV inverts the inverse scale.
inline double scale_of(int from, int to) { return 1.0 / (static_cast<double>(to) / from); }

// The scale if it is a whole number (or so near that OpenCV takes it for one), or 0.
inline int whole_scale(int from, int to) {
  const double scale = scale_of(from, to);
  const long whole = std::lrint(scale);
  return std::fabs(scale - static_cast<double>(whole)) < std::numeric_limits<double>::epsilon()
             ? static_cast<int>(whole)
             : 0;
}

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

// The same for INTER_AREA where a side grows: most pixels are copies, and only those between two are mixed.
inline Position area_position(int i, int from, int to) {
  const int index = static_cast<int>(std::floor(i * scale_of(from, to)));
  const float fraction = static_cast<float>((i + 1) - (index + 1) * (static_cast<double>(to) / from));
  return {index, fraction <= 0 ? 0 : fraction - std::floor(fraction)};
}

// A weight with 11 fractional bits (INTER_RESIZE_COEF_BITS), rounded half to even as saturate_cast<short> does.
inline std::int16_t fixed(float weight) { return static_cast<std::int16_t>(std::lrintf(weight * 2048)); }

}  // namespace pixfeed
