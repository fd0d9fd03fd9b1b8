// A row goes through the few loops that its kind of samples needs; it is in the first cache meanwhile.
#include "core/png/convert.h"

#include <cstring>

#include "core/png/samples.h"

namespace pixfeed::png {
namespace {

std::size_t row_room(const Layout& layout) { return 8 * (static_cast<std::size_t>(layout.width) + kSamplesSlack); }

}  // namespace

std::size_t Converter::memory(const Layout& layout) { return 2 * row_room(layout); }

void Converter::start(const Layout& layout, bool gray, std::uint8_t* memory) {
  layout_ = &layout;
  gray_ = gray;
  rows_[0] = memory;
  rows_[1] = memory + row_room(layout);
  if (layout.color != Color::palette) return;
  std::memset(palette_, 0, sizeof(palette_));
  for (int i = 0; i < layout.colors; ++i) {
    std::uint8_t* const color = palette_[i];
    std::memcpy(color, layout.rgb + 3 * i, 3);
    if (!gray) continue;
    gray_of(layout.rgb + 3 * i, 1, color);
    color[1] = color[2] = color[0];
  }
}

// Samples of a whole picture's row as bytes, those of pixel x first: numbers of colors, gray, or several a pixel.
const std::uint8_t* Converter::numbers(const std::uint8_t* row, int x, int n) {
  const int channels = layout_->channels();
  if (layout_->depth == 8) return row + std::ptrdiff_t{channels} * x;
  if (layout_->depth == 16) {
    first_of_two(row + std::ptrdiff_t{2} * channels * x, channels * n, rows_[0]);
  } else {
    unpack(row, layout_->depth, x, n, rows_[0]);
    const int scale = 255 / ((1 << layout_->depth) - 1);
    if (layout_->color != Color::palette) {
      for (int i = 0; i < n; ++i) rows_[0][i] = static_cast<std::uint8_t>(rows_[0][i] * scale);
    }
  }
  return rows_[0];
}

// Four bytes are stored for three.
void Converter::look_up(const std::uint8_t* numbers, int n, std::uint8_t* rgb) const {
  for (int i = 0; i < n; ++i, rgb += 3) std::memcpy(rgb, palette_[numbers[i]], 4);
}

const std::uint8_t* Converter::convert(const std::uint8_t* row, int x, int n) {
  const std::uint8_t* samples = numbers(row, x, n);
  std::uint8_t* const out = rows_[1];
  switch (layout_->color) {
    case Color::palette:
      look_up(samples, n, out);
      return out;
    case Color::gray_alpha:
      first_of_two(samples, n, rows_[0]);
      samples = rows_[0];
      [[fallthrough]];
    case Color::gray:
      spread_gray(samples, n, out);
      return out;
    case Color::rgb_alpha:
      drop_alpha(samples, n, out);
      samples = out;
      break;
    case Color::rgb:
      break;
  }
  if (!gray_) return samples;
  gray_of(samples, n, rows_[0]);
  spread_gray(rows_[0], n, out);
  return out;
}

}  // namespace pixfeed::png
