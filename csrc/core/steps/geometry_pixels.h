// One pixel of a warped picture: where it comes from, and what Pillow makes of the pixels there. The plain side of
// geometry_kernels.cpp, and what it does at a picture's borders.
//
// All is in double precision in a fixed order, every operation rounded on its own (no fused multiply-add).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "core/image_view.h"

namespace pixfeed::kernels {

// Where the middle of a pixel of the result lies in the picture, as Pillow's Transform.AFFINE (6 numbers) and
// PERSPECTIVE (8) have it. Units: pixels; (0, 0) is the corner of the first one.
struct Mapping {
  double a[8];
  bool perspective;

  void at(int x, int y, double* from_x, double* from_y) const {
    const double mid_x = x + 0.5, mid_y = y + 0.5;
    *from_x = a[0] * mid_x + a[1] * mid_y + a[2];
    *from_y = a[3] * mid_x + a[4] * mid_y + a[5];
    if (perspective) {
      const double by = a[6] * mid_x + a[7] * mid_y + 1;
      *from_x /= by;
      *from_y /= by;
    }
  }
};

enum class Filter { nearest, bilinear, bicubic };

inline bool is_inside(const ImageView& picture, double x, double y) {
  return x >= 0 && x < picture.width && y >= 0 && y < picture.height;
}

// Row and column are those of the nearest pixel inside.
inline const std::uint8_t* pixel_at(const ImageView& picture, int x, int y) {
  return picture.row(std::clamp(y, 0, picture.height - 1)) + std::ptrdiff_t{3} * std::clamp(x, 0, picture.width - 1);
}

inline double lerp(double a, double b, double t) { return a + (b - a) * t; }

inline double cubic(double a, double b, double c, double d, double t) {
  const double p2 = -a + c;
  const double p3 = 2 * (a - b) + c - d;
  const double p4 = -a + b - c + d;
  return b + t * (p2 + t * (p3 + t * p4));
}

// (x, y) lies inside the picture.
inline void nearest_pixel(const ImageView& picture, double x, double y, std::uint8_t* rgb) {
  std::memcpy(rgb, pixel_at(picture, static_cast<int>(x), static_cast<int>(y)), 3);
}

inline void bilinear_pixel(const ImageView& picture, double x, double y, std::uint8_t* rgb) {
  x -= 0.5;
  y -= 0.5;
  const int left = static_cast<int>(std::floor(x)), top = static_cast<int>(std::floor(y));
  const std::uint8_t* const p[2][2] = {{pixel_at(picture, left, top), pixel_at(picture, left + 1, top)},
                                       {pixel_at(picture, left, top + 1), pixel_at(picture, left + 1, top + 1)}};
  for (int c = 0; c < 3; ++c) {
    const double above = lerp(p[0][0][c], p[0][1][c], x - left), below = lerp(p[1][0][c], p[1][1][c], x - left);
    rgb[c] = static_cast<std::uint8_t>(lerp(above, below, y - top));
  }
}

inline void bicubic_pixel(const ImageView& picture, double x, double y, std::uint8_t* rgb) {
  x -= 0.5;
  y -= 0.5;
  const int left = static_cast<int>(std::floor(x)), top = static_cast<int>(std::floor(y));
  for (int c = 0; c < 3; ++c) {
    double rows[4];
    for (int i = 0; i < 4; ++i) {
      const auto value = [&](int k) { return double{1} * pixel_at(picture, left - 1 + k, top - 1 + i)[c]; };
      rows[i] = cubic(value(0), value(1), value(2), value(3), x - left);
    }
    rgb[c] = static_cast<std::uint8_t>(std::clamp(cubic(rows[0], rows[1], rows[2], rows[3], y - top), 0.0, 255.0));
  }
}

}  // namespace pixfeed::kernels
