// Pillow's way to do each transform, chosen as Pillow chooses it; the pixels are made row by row.
#include "core/steps/geometry.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/orient_kernels.h"
#include "core/steps/geometry_kernels.h"

namespace pixfeed {
namespace {

using kernels::Filter;
using kernels::Mapping;

static_assert(kGeometrySlack >= kernels::kWarpSlack && kGeometrySlack >= kernels::kTurnSlack);

// The numbers of Pillow's Image.Transpose.
enum Transpose { flip_left_right, flip_top_bottom, rotate_90, rotate_180, rotate_270, transpose, transverse };

bool swaps_axes(int mode) { return mode == rotate_90 || mode >= rotate_270; }

// Those of its Image.Resampling.
constexpr int kNearest = 0, kBilinear = 2, kBicubic = 3;

struct Range {
  int begin, end;
};

void fill_pixels(const std::uint8_t* fill, int n, std::uint8_t* to) {
  for (int i = 0; i < n; ++i) std::memcpy(to + std::ptrdiff_t{3} * i, fill, 3);
}

// The row of `to` around `inside`, which is empty where end <= begin.
void fill_around(Range inside, const ImageView& to, int y, const std::uint8_t* fill) {
  if (inside.end <= inside.begin) inside = {to.width, to.width};
  fill_pixels(fill, inside.begin, to.row(y));
  fill_pixels(fill, to.width - inside.end, to.row(y) + std::ptrdiff_t{3} * inside.end);
}

std::int64_t floor_div(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }  // b is positive

// The x in [0, n) for which start + x * step lies in [0, limit).
Range where_inside(std::int64_t start, std::int64_t step, std::int64_t limit, int n) {
  if (step == 0) return {0, start >= 0 && start < limit ? n : 0};
  const std::int64_t begin = step > 0 ? floor_div(-start + step - 1, step) : floor_div(start - limit, -step) + 1;
  const std::int64_t end = step > 0 ? floor_div(limit - start + step - 1, step) : floor_div(start, -step) + 1;
  const auto cut = [&](std::int64_t x) { return static_cast<int>(std::clamp<std::int64_t>(x, 0, n)); };
  return {cut(begin), cut(end)};
}

// Whether all pixels that are made come from within 32768 pixels: then numbers of 16.16 bits say where from.
bool fits_fixed(const double* a, int width, int height) {
  const auto near = [&](double x, double y) {
    return std::fabs(x * a[0] + y * a[1] + a[2]) < 32768 && std::fabs(x * a[3] + y * a[4] + a[5]) < 32768;
  };
  return near(0, 0) && near(width, height) && near(0, height) && near(width, 0);
}

std::int32_t to_fixed(double value) {
  return static_cast<std::int32_t>(std::clamp(std::floor(value * 65536 + 0.5), -2147483648.0, 2147483647.0));
}

void warp_fixed(const ImageView& from, const double* a, const std::uint8_t* fill, const ImageView& to) {
  const std::int32_t x_by_x = to_fixed(a[0]), x_by_y = to_fixed(a[1]);
  const std::int32_t y_by_x = to_fixed(a[3]), y_by_y = to_fixed(a[4]);
  std::int64_t x = to_fixed(a[2] + a[0] * 0.5 + a[1] * 0.5), y = to_fixed(a[5] + a[3] * 0.5 + a[4] * 0.5);
  for (int row = 0; row < to.height; ++row, x += x_by_y, y += y_by_y) {
    const Range in_x = where_inside(x, x_by_x, std::int64_t{from.width} << 16, to.width);
    const Range in_y = where_inside(y, y_by_x, std::int64_t{from.height} << 16, to.width);
    const Range inside{std::max(in_x.begin, in_y.begin), std::min(in_x.end, in_y.end)};
    fill_around(inside, to, row, fill);
    if (inside.begin >= inside.end) continue;
    kernels::copy_along(from, static_cast<std::int32_t>(x + std::int64_t{inside.begin} * x_by_x),
                        static_cast<std::int32_t>(y + std::int64_t{inside.begin} * y_by_x), x_by_x, y_by_x,
                        inside.end - inside.begin, to.row(row) + std::ptrdiff_t{3} * inside.begin);
  }
}

// The pixel that a place lies in; -1: none.
int pixel_of(double place, int limit) { return place >= 0 && place < limit ? static_cast<int>(place) : -1; }

// A scale and a shift along each axis: places are added up, as Pillow does it.
bool warp_scaled(const ImageView& from, const double* a, const std::uint8_t* fill, const ImageView& to,
                 Buffer& memory) {
  auto* const columns = reinterpret_cast<int*>(memory.get(sizeof(int) * static_cast<std::size_t>(to.width)));
  if (columns == nullptr) return false;
  Range inside{to.width, 0};
  bool shifted = true;  // the columns inside follow each other
  double place = a[2] + a[0] * 0.5;
  for (int x = 0; x < to.width; ++x, place += a[0]) {
    columns[x] = pixel_of(place, from.width);
    if (columns[x] < 0) continue;
    shifted = shifted && (inside.end == 0 || columns[x] == columns[x - 1] + 1);
    inside = {std::min(inside.begin, x), x + 1};
  }
  place = a[5] + a[4] * 0.5;
  for (int y = 0, before = -1; y < to.height; ++y, place += a[4]) {
    const int row = inside.begin < inside.end ? pixel_of(place, from.height) : -1;
    if (row >= 0 && row == before) {
      std::memcpy(to.row(y), to.row(y - 1), std::size_t{3} * static_cast<std::size_t>(to.width));
      continue;
    }
    before = row;
    if (row < 0) {
      fill_around({0, 0}, to, y, fill);
      continue;
    }
    fill_around(inside, to, y, fill);
    const std::uint8_t* const source = from.row(row);
    std::uint8_t* const pixels = to.row(y);
    if (shifted) {
      std::memcpy(pixels + std::ptrdiff_t{3} * inside.begin, source + std::ptrdiff_t{3} * columns[inside.begin],
                  std::size_t{3} * static_cast<std::size_t>(inside.end - inside.begin));
      continue;
    }
    int x = inside.begin;
    for (; x < inside.end - 1; ++x) {  // the byte too much is overwritten by the next pixel
      std::memcpy(pixels + std::ptrdiff_t{3} * x, source + std::ptrdiff_t{3} * columns[x], 4);
    }
    std::memcpy(pixels + std::ptrdiff_t{3} * x, source + std::ptrdiff_t{3} * columns[x], 3);
  }
  return true;
}

// Pixels of the nearest ones far away: places are added up along each row, and from row to row.
void warp_far(const ImageView& from, const double* a, const std::uint8_t* fill, const ImageView& to) {
  double first_x = a[2] + a[1] * 0.5 + a[0] * 0.5, first_y = a[5] + a[4] * 0.5 + a[3] * 0.5;
  for (int y = 0; y < to.height; ++y, first_x += a[1], first_y += a[4]) {
    double at_x = first_x, at_y = first_y;
    for (int x = 0; x < to.width; ++x, at_x += a[0], at_y += a[3]) {
      const bool inside = kernels::is_inside(from, at_x, at_y);
      std::memcpy(to.row(y) + std::ptrdiff_t{3} * x,
                  inside ? from.row(static_cast<int>(at_y)) + std::ptrdiff_t{3} * static_cast<int>(at_x) : fill, 3);
    }
  }
}

constexpr int kBand = 32;  // rows that become columns together: 96 bytes of each

// Row `y` of `from` becomes column `y`, or the one at that place from the right; row 0 is the upper or the lower end.
void exchange(const ImageView& from, bool from_below, bool upwards, const ImageView& to) {
  const std::uint8_t* const rows = from_below ? from.row(from.height - 1) : from.data;
  std::uint8_t* const first = upwards ? to.row(to.height - 1) : to.data;
  const std::ptrdiff_t step = from_below ? -from.stride : from.stride;
  for (int y = 0; y < from.height; y += kBand) {
    kernels::turn(rows + y * step, step, from.width, std::min(kBand, from.height - y), first + std::ptrdiff_t{3} * y,
                  upwards ? -to.stride : to.stride);
  }
}

void turn(const ImageView& from, int mode, const ImageView& to) {
  if (swaps_axes(mode)) {
    exchange(from, mode == rotate_270 || mode == transverse, mode == rotate_90 || mode == transverse, to);
    return;
  }
  for (int y = 0; y < to.height; ++y) {
    const std::uint8_t* const row = from.row(mode == flip_left_right ? y : from.height - 1 - y);
    if (mode == flip_top_bottom) {
      std::memcpy(to.row(y), row, std::size_t{3} * static_cast<std::size_t>(to.width));
    } else {
      kernels::reverse(row, to.width, to.row(y));
    }
  }
}

}  // namespace

const char* check_warp(const Step& step, int width, int height) {
  if (step.code != StepCode::transpose) {
    const bool known = step.mode == kNearest || step.mode == kBilinear || step.mode == kBicubic;
    return known ? nullptr : "mode may be 0 (nearest), 2 (bilinear) or 3 (bicubic)";
  }
  if (step.mode < flip_left_right || step.mode > transverse) return "unknown transposition";
  const bool swaps = swaps_axes(step.mode);
  const bool fits = step.width == (swaps ? height : width) && step.height == (swaps ? width : height);
  return fits ? nullptr : "a transposed picture has the sides of the picture";
}

bool warp(const ImageView& from, const Step& step, const ImageView& to, Buffer& memory) {
  if (step.code == StepCode::transpose) {
    turn(from, step.mode, to);
    return true;
  }
  const double* const a = step.values;
  const std::uint8_t fill[3] = {static_cast<std::uint8_t>(step.fill[0]), static_cast<std::uint8_t>(step.fill[1]),
                                static_cast<std::uint8_t>(step.fill[2])};
  Mapping mapping{{}, step.code == StepCode::perspective};
  std::copy_n(a, 8, mapping.a);
  const bool small = from.stride * from.height < kernels::kMostWarped;
  if (step.mode == kNearest && !mapping.perspective) {
    if (a[1] == 0 && a[3] == 0) return warp_scaled(from, a, fill, to, memory);
    if (!fits_fixed(a, to.width, to.height)) {
      warp_far(from, a, fill, to);
      return true;
    }
    if (small) {
      warp_fixed(from, a, fill, to);
      return true;
    }
  }
  const Filter filter = step.mode == kNearest    ? Filter::nearest
                        : step.mode == kBilinear ? Filter::bilinear
                                                 : Filter::bicubic;
  const auto warp_row = small ? kernels::warp_row : kernels::warp_row_plain;
  for (int y = 0; y < to.height; ++y) warp_row(from, mapping, filter, fill, y, to.width, to.row(y));
  return true;
}

}  // namespace pixfeed
