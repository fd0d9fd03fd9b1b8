#include "orient.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "exif.h"
#include "orient_kernels.h"

namespace pixfeed {

namespace {

//                             1  2  3  4  5  6  7  8
constexpr bool kMirroredX[] = {0, 1, 1, 0, 0, 0, 1, 1};  // the stored x runs backwards
constexpr bool kMirroredY[] = {0, 0, 1, 1, 0, 1, 1, 0};  // the stored y runs backwards

// Every row of a band adds to as many upright rows as it has pixels, which lie a page or more apart. Therefore as many as
// the second cache holds are turned together: 32 x 4,000 pixels take 384 kB.
constexpr int kBand = 32;

// The area of the stored picture that becomes `upright` in the turned picture of `width` x `height` pixels.
Area stored_area(const Area& upright, int width, int height, int orientation) {
  Area area = upright;
  if (swaps_sides(orientation)) {
    std::swap(area.x, area.y);
    std::swap(area.width, area.height);
    std::swap(width, height);
  }
  if (kMirroredX[orientation - 1]) area.x = width - area.right();
  if (kMirroredY[orientation - 1]) area.y = height - area.bottom();
  return area;
}

}  // namespace

bool Turner::prepare(int width, int height, const Area& crop, int orientation, const Resampler& resampler,
                     Scratch& scratch) {
  swaps_ = swaps_sides(orientation);
  back_x_ = kMirroredX[orientation - 1];
  back_y_ = kMirroredY[orientation - 1];
  width_ = swaps_ ? height : width;
  height_ = swaps_ ? width : height;
  crop_width_ = crop.width;
  crop_height_ = crop.height;
  part_ = resampler.area();
  area_ = stored_area({crop.x + part_.x, crop.y + part_.y, part_.width, part_.height}, width, height, orientation);

  const auto rows = static_cast<std::size_t>(part_.height);
  const std::size_t lists = (2 * rows * sizeof(int) + 63) / 64 * 64;
  const std::ptrdiff_t band_stride = (std::ptrdiff_t{3} * area_.width + kernels::kTurnSlack + 63) / 64 * 64;
  const std::size_t band = swaps_ ? static_cast<std::size_t>(band_stride * kBand) : 0;
  std::uint8_t* const memory = scratch.turned.get(lists + band);
  if (memory == nullptr) return false;
  rows_ = reinterpret_cast<int*>(memory);
  place_ = rows_ + rows;
  band_ = {memory + lists, area_.width, kBand, band_stride};
  count_ = 0;
  std::fill_n(place_, rows, -1);
  for (int i = 0; i < resampler.window_rows(); ++i) {
    const auto [first, last] = resampler.rows_of(i);
    for (int row = std::max(first - part_.y, count_ == 0 ? 0 : rows_[count_ - 1] + 1); row <= last - part_.y; ++row) {
      place_[row] = count_;
      rows_[count_++] = row;
    }
  }
  const std::ptrdiff_t stride = std::ptrdiff_t{3} * part_.width;
  kept_ = {scratch.upright.get(static_cast<std::size_t>(stride * count_)), part_.width, count_, stride};
  return kept_.data != nullptr || stride * count_ == 0;
}

bool Turner::begin(int width, int height) { return width == width_ && height == height_; }

// The part's row that a stored row becomes, or its column.
int Turner::upright_line(int y) const { return back_y_ ? area_.bottom() - 1 - y : y - area_.y; }

bool Turner::wants(int y) const {
  if (y < area_.y || y >= area_.bottom()) return false;
  return swaps_ || place_[upright_line(y)] >= 0;
}

void Turner::take(int y, const std::uint8_t* rgb) {
  const auto size = static_cast<std::size_t>(area_.width) * 3;
  const int line = upright_line(y);
  if (swaps_) {
    const int at = line % kBand, first = line - at;
    std::uint8_t* to = band_.row(at);
    if (count_ == part_.height) {
      std::memcpy(to, rgb, size);
    } else {
      const std::uint8_t* const origin = rgb + (back_x_ ? size - 3 : 0);
      const std::ptrdiff_t step = back_x_ ? -3 : 3;
      for (int i = 0; i < count_; ++i, to += 3) std::memcpy(to, origin + step * rows_[i], 3);
    }
    const int count = std::min(kBand, part_.width - first);
    if (at == (back_y_ ? 0 : count - 1)) turn_band(first, count);
    return;
  }
  if (place_[line] < 0) return;
  std::uint8_t* to = kept_.row(place_[line]);
  if (!back_x_) {
    std::memcpy(to, rgb, size);
    return;
  }
  for (const std::uint8_t* from = rgb + size; from != rgb; to += 3) std::memcpy(to, from -= 3, 3);
}

// The band holds the upright columns from `first` on: of all rows, in the stored order, or else of the kept ones.
void Turner::turn_band(int first, int count) {
  const bool backwards = back_x_ && count_ == part_.height;
  std::uint8_t* const to = kept_.row(backwards ? count_ - 1 : 0) + std::ptrdiff_t{3} * first;
  kernels::turn(band_.data, band_.stride, count_, count, to, backwards ? -kept_.stride : kept_.stride);
}

void Turner::pass_on(RowSink& next) const {
  if (!next.begin(crop_width_, crop_height_)) return;
  for (int i = 0; i < count_; ++i) next.take(part_.y + rows_[i], kept_.row(i));
}

}  // namespace pixfeed
