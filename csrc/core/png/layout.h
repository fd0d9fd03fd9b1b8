// Step 1: the chunks of a file to what its rows are made of.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/request.h"
#include "core/source.h"

namespace pixfeed::png {

enum class Color { gray = 0, rgb = 2, palette = 3, gray_alpha = 4, rgb_alpha = 6 };

struct Layout {
  int width, height;  // pixels
  int depth;          // bits of a sample: 1, 2, 4, 8 or 16
  Color color;
  int colors;                 // of the palette
  std::uint8_t rgb[3 * 256];  // the palette
  const std::uint8_t* first;  // of the IDAT chunks: its length, in the file
  std::size_t packed;         // bytes of data in all of them
  bool in_one;                // there is only one

  int channels() const;
  std::size_t row_bytes() const;  // without the filter's number
  int step() const;               // bytes from a byte to the one that filters compare it with
};

// Looks at all chunks that libpng is shown (see decode_png.cpp). False for an interlaced picture, for one whose gray
// depends on more than its samples, and wherever libpng would fail, warn or be lenient.
bool read_layout(Bytes file, const Request& request, Layout& layout);

// The data of all IDAT chunks, one after the other, to `out`, which has room for layout.packed bytes.
void gather_data(const Layout& layout, std::uint8_t* out);

}  // namespace pixfeed::png
