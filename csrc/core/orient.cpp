// Turns stored rows upright, a band of rows at a time.
#include "core/orient.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/buffer_parts.h"
#include "core/exif.h"
#include "core/orient_kernels.h"

namespace pixfeed {

namespace {

//                             1  2  3  4  5  6  7  8
constexpr bool kMirroredX[] = {0, 1, 1, 0, 0, 0, 1, 1};  // the stored x runs backwards
constexpr bool kMirroredY[] = {0, 0, 1, 1, 0, 1, 1, 0};  // the stored y runs backwards

// Every row of a band adds to as many upright rows as it has pixels, which lie a page or more apart. Therefore as many
// as the second cache holds are turned together: 32 x 4,000 pixels take 384 kB.
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

  const auto rows = static_cast<std::size_t>(part_.height), columns = static_cast<std::size_t>(part_.width);
  const std::ptrdiff_t band_stride = (std::ptrdiff_t{3} * area_.width + kernels::kTurnSlack + 63) / 64 * 64;
  BufferParts parts;
  const auto which = parts.add<int>(rows), kept_index = parts.add<int>(rows);
  const auto column_wanted = parts.add<bool>(columns);
  const auto band = parts.add<std::uint8_t>(swaps_ ? static_cast<std::size_t>(band_stride * kBand) : 0);
  std::uint8_t* const memory = scratch.turned.get(parts.size());
  if (memory == nullptr) return false;
  rows_ = which.in(memory), kept_index_ = kept_index.in(memory);
  column_wanted_ = column_wanted.in(memory);
  band_ = {band.in(memory), area_.width, kBand, band_stride};

  count_ = 0;
  std::fill_n(kept_index_, rows, -1);
  for (int i = 0; i < resampler.window_rows(); ++i) {
    const auto [first, last] = resampler.rows_of(i);
    for (int row = std::max(first - part_.y, count_ == 0 ? 0 : rows_[count_ - 1] + 1); row <= last - part_.y; ++row) {
      kept_index_[row] = count_;
      rows_[count_++] = row;
    }
  }
  std::fill_n(column_wanted_, columns, false);
  for (int i = 0, column = 0; i < resampler.window_columns(); ++i) {
    const auto [first, last] = resampler.columns_of(i);
    for (column = std::max(column, first); column <= last; ++column) column_wanted_[column] = true;
  }
  const std::ptrdiff_t stride = std::ptrdiff_t{3} * part_.width;
  kept_ = {scratch.upright.get(static_cast<std::size_t>(stride * count_)), part_.width, count_, stride};
  return kept_.data != nullptr;
}

bool Turner::begin(int width, int height) {
  first_ = -1;
  return width == width_ && height == height_;
}

// The part's row that a stored row becomes, or its column.
int Turner::upright_line(int y) const { return back_y_ ? area_.bottom() - 1 - y : y - area_.y; }

bool Turner::wants(int y) const {
  if (y < area_.y || y >= area_.bottom()) return false;
  const int line = upright_line(y);
  return swaps_ ? column_wanted_[line] : kept_index_[line] >= 0;
}

void Turner::put_row(int y, const std::uint8_t* rgb) {
  if (!wants(y)) return;
  const auto size = static_cast<std::size_t>(area_.width) * 3;
  const int line = upright_line(y);
  if (swaps_) {
    const int at = line % kBand;
    if (line - at != first_) {
      turn_band();
      first_ = line - at;
    }
    std::uint8_t* to = band_.row(at);
    if (count_ == part_.height) {
      std::memcpy(to, rgb, size);
      return;
    }
    const std::uint8_t* const origin = rgb + (back_x_ ? size - 3 : 0);
    const std::ptrdiff_t step = back_x_ ? -3 : 3;
    for (int i = 0; i < count_; ++i, to += 3) std::memcpy(to, origin + step * rows_[i], 3);
    return;
  }
  std::uint8_t* to = kept_.row(kept_index_[line]);
  if (!back_x_) {
    std::memcpy(to, rgb, size);
    return;
  }
  for (const std::uint8_t* from = rgb + size; from != rgb; to += 3) std::memcpy(to, from -= 3, 3);
}

// Of a stored row the band holds everything, in its own order, or else the pixels that are kept, in the order of their
// rows.
void Turner::turn_band() {
  if (first_ < 0) return;
  const bool backwards = back_x_ && count_ == part_.height;
  std::uint8_t* const to = kept_.row(backwards ? count_ - 1 : 0) + std::ptrdiff_t{3} * first_;
  kernels::turn(band_.data, band_.stride, count_, std::min(kBand, part_.width - first_), to,
                backwards ? -kept_.stride : kept_.stride);
}

void Turner::pass_on(RowSink& next) {
  turn_band();
  if (!next.begin(crop_width_, crop_height_)) return;
  for (int i = 0; i < count_; ++i) next.put_row(part_.y + rows_[i], kept_.row(i));
}

}  // namespace pixfeed
