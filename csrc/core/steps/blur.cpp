// Boxes: along y in strips, along x the same on the turned picture. Kernels: row by row, with a ring of weighted rows.
#include "core/steps/blur.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/buffer_parts.h"
#include "core/orient_kernels.h"
#include "core/steps/blur_kernels.h"

namespace pixfeed {
namespace {

constexpr int kPasses = 3;
constexpr int kStrip = 768;  // bytes of a row that are blurred together, with all rows in the caches

// The radius of the boxes, a fraction, whose averages repeated kPasses times have this standard deviation. Gwosdek et
// al., "Theoretical foundations of Gaussian convolution by extended box filtering", equations 7, 11 and 14; in float32,
// as Pillow computes it.
float box_radius(float deviation) {
  const float variance = deviation * deviation / static_cast<float>(kPasses);
  const float length = static_cast<float>(std::sqrt(12.0 * static_cast<double>(variance) + 1.0));
  const float whole = static_cast<float>(std::floor((static_cast<double>(length) - 1.0) / 2.0));
  float part = (2 * whole + 1) * (whole * (whole + 1) - 3 * variance);
  part /= 6 * (variance - (whole + 1) * (whole + 1));
  return whole + part;
}

kernels::Box box_of(float radius) {
  const int whole = static_cast<int>(radius);
  const std::uint32_t one = 1u << 24;
  const std::uint32_t inner = static_cast<std::uint32_t>(static_cast<float>(one) / (radius * 2 + 1));
  return {whole, inner, (one - (2 * static_cast<std::uint32_t>(whole) + 1) * inner) / 2};
}

// `count` rows of bytes.
struct Rows {
  std::uint8_t* first;
  std::ptrdiff_t stride;
  int count;

  std::uint8_t* at(int y) const { return first + std::clamp(y, 0, count - 1) * stride; }  // borders are repeated
};

// box_row for any radius.
void wide_box_row(const kernels::Box& box, const std::uint8_t* leaving, const std::uint8_t* entering,
                  const std::uint8_t* beyond, int n, std::uint32_t* sums, std::uint8_t* averages) {
  for (int i = 0; i < n; ++i) {
    sums[i] += entering[i];
    sums[i] -= leaving[i];
    const std::uint32_t ends = static_cast<std::uint32_t>(leaving[i]) + beyond[i];
    averages[i] = static_cast<std::uint8_t>((sums[i] * box.inner + ends * box.outer + (1u << 23)) >> 24);
  }
}

// One average along y, of n columns of bytes.
template <class Sum, class Row>
void average_rows(const kernels::Box& box, const Rows& from, const Rows& to, int n, Sum* sums, const Row& row) {
  const int r = box.radius;
  const int before = std::min(r + 2, 2 * r + 1);  // how often the first row is in the sum around row -1
  for (int i = 0; i < n; ++i) sums[i] = static_cast<Sum>(before * from.first[i]);
  for (int y = 1; y < r; ++y) {
    const std::uint8_t* values = from.at(y);
    for (int i = 0; i < n; ++i) sums[i] = static_cast<Sum>(sums[i] + values[i]);
  }
  for (int y = 0; y < from.count; ++y) {
    row(box, from.at(y - r - 1), from.at(y + r), from.at(y + r + 1), n, sums, to.at(y));
  }
}

// All averages along y, in place. `memory` has room for two strips and, behind them, for kStrip sums.
void average_down(const kernels::Box& box, const ImageView& picture, std::uint8_t* memory) {
  const std::size_t strip = static_cast<std::size_t>(kStrip) * static_cast<std::size_t>(picture.height);
  const Rows one{memory, kStrip, picture.height}, other{memory + strip, kStrip, picture.height};
  void* const sums = memory + 2 * strip;
  for (int x = 0; x < 3 * picture.width; x += kStrip) {
    const int n = std::min(kStrip, 3 * picture.width - x);
    const Rows here{picture.data + x, picture.stride, picture.height};
    const auto average = [&](const Rows& from, const Rows& to) {
      if (box.radius <= kernels::kMostRadius) {
        average_rows(box, from, to, n, static_cast<std::uint16_t*>(sums), kernels::box_row);
      } else {
        average_rows(box, from, to, n, static_cast<std::uint32_t*>(sums), wide_box_row);
      }
    };
    average(here, one), average(one, other), average(other, here);
  }
}

// `from` with x and y exchanged. turn() reads a few bytes after each row, so the last one is left to its twin.
void turn_into(const ImageView& from, const ImageView& to) {
  kernels::turn(from.data, from.stride, from.width, from.height - 1, to.data, to.stride);
  kernels::turn_plain(from.row(from.height - 1), from.stride, from.width, 1, to.data + 3 * (from.height - 1),
                      to.stride);
}

// Which of n pixels in a row stands at place i of a picture that is reflected again and again.
int reflected(int i, int n) {
  if (n == 1) return 0;
  const int period = 2 * (n - 1);
  const int at = std::abs(i) % period;
  return std::min(at, period - at);
}

// The weights of a Gaussian kernel with 2 * radius + 1 values. Sums from the outside are rounded, not each weight, so
// that many small ones are not lost.
void fill_weights(int radius, double sigma, std::int16_t* weights) {
  const auto density = [&](int k) { return std::exp(-0.5 * (k / sigma) * (k / sigma)); };
  double half = 0;
  for (int k = radius; k > 0; --k) half += density(k);
  const double total = 2 * half + 1;
  double sum = 0;
  int before = 0;
  for (int k = radius; k > 0; --k) {
    sum += density(k);
    const int now = static_cast<int>(std::floor(sum / total * (1 << kernels::kWeightBits) + 0.5));
    weights[k] = static_cast<std::int16_t>(now - before);
    before = now;
  }
  weights[0] = static_cast<std::int16_t>((1 << kernels::kWeightBits) - 2 * before);
  weights[radius + 1] = 0;
}

}  // namespace

bool blur_by_boxes(const ImageView& picture, double radius, Buffer& memory) {
  const kernels::Box box = box_of(box_radius(static_cast<float>(radius)));
  if (radius == 0) return true;
  const int width = picture.width, height = picture.height;
  const std::size_t area = 3 * static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
  BufferParts parts;
  const auto turned = parts.add<std::uint8_t>(area);
  const auto strips = parts.add<std::uint8_t>(2 * kStrip * static_cast<std::size_t>(std::max(width, height)) +
                                              sizeof(std::uint32_t) * kStrip);
  std::uint8_t* const room = memory.get(parts.size());
  if (room == nullptr) return false;
  const ImageView across{turned.in(room), height, width, std::ptrdiff_t{3} * height};
  turn_into(picture, across);
  average_down(box, across, strips.in(room));
  turn_into(across, picture);
  average_down(box, picture, strips.in(room));
  return true;
}

bool blur_by_kernel(const ImageView& picture, int width, int height, double sigma_x, double sigma_y, Buffer& memory) {
  const int radius_x = width / 2, radius_y = height / 2;
  const int n = 3 * picture.width, around = radius_x + 1;
  const int kept = std::min(2 * radius_y + 1, picture.height);
  const auto size = [](int value) { return static_cast<std::size_t>(value); };
  BufferParts parts;
  const auto weights_x = parts.add<std::int16_t>(size(radius_x + 2));
  const auto weights_y = parts.add<std::int16_t>(size(radius_y + 2));
  const auto needed = parts.add<const std::int16_t*>(size(2 * radius_y + 1));
  const auto padded = parts.add<std::uint8_t>(size(n) + 6 * size(around));
  const auto ring = parts.add<std::int16_t>(size(kept) * size(n));
  std::uint8_t* const room = memory.get(parts.size());
  if (room == nullptr) return false;

  fill_weights(radius_x, sigma_x, weights_x.in(room));
  fill_weights(radius_y, sigma_y, weights_y.in(room));
  const kernels::Symmetric across{weights_x.in(room), radius_x}, down{weights_y.in(room), radius_y};
  const auto weighted = [&](int y) { return ring.in(room) + std::ptrdiff_t{y % kept} * n; };
  std::uint8_t* const middle = padded.in(room) + 3 * around;
  int ready = 0;  // rows that are weighted
  for (int y = 0; y < picture.height; ++y) {
    for (; ready < std::min(y + radius_y + 1, picture.height); ++ready) {
      const std::uint8_t* row = picture.row(ready);
      std::memcpy(middle, row, size(n));
      for (int k = 1; k <= around; ++k) {
        std::memcpy(middle - 3 * k, row + 3 * reflected(-k, picture.width), 3);
        std::memcpy(middle + n + 3 * (k - 1), row + 3 * reflected(picture.width - 1 + k, picture.width), 3);
      }
      kernels::weigh_across(across, middle, n, weighted(ready));
    }
    const std::int16_t** rows = needed.in(room);
    rows[0] = weighted(y);
    for (int k = 1; k <= radius_y; ++k) {
      rows[2 * k - 1] = weighted(reflected(y - k, picture.height));
      rows[2 * k] = weighted(reflected(y + k, picture.height));
    }
    kernels::weigh_down(down, rows, n, picture.row(y));
  }
  return true;
}

}  // namespace pixfeed
