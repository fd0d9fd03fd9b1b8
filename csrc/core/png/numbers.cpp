// The rows of a mask, unpacked and otherwise left as they are.
#include "core/png/numbers.h"

#include <cstring>

#include "core/png/chunks.h"
#include "core/png/layout.h"
#include "core/png/rows.h"
#include "core/png/samples.h"

namespace pixfeed::png {
namespace {

// What Pillow, which reads the other masks, minds as well. An animation's first frame may be another picture.
bool is_plain(Bytes file) {
  PngChunks chunks(file);
  while (const auto chunk = chunks.next()) {
    if (!chunk->sound() || chunk->is("acTL")) return false;
  }
  return true;
}

}  // namespace

bool read_numbers(Bytes file, int width, int height, Buffer& memory, Numbers& numbers) {
  constexpr std::uint8_t kSignature[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
  if (file.size < sizeof(kSignature) || std::memcmp(file.data, kSignature, sizeof(kSignature)) != 0) return false;
  Layout layout;
  if (!is_plain(file) || !read_layout(file, {}, layout)) return false;
  if (layout.width != width || layout.height != height) return false;
  if (layout.color != Color::gray && layout.color != Color::palette) return false;
  const int bytes = layout.depth == 16 ? 2 : 1;
  const std::size_t row_size = static_cast<std::size_t>(bytes) * static_cast<std::size_t>(width);
  if (row_size > kMostInflated / static_cast<std::size_t>(height)) return false;
  Rows rows;
  if (!rows.start(layout, height, row_size * static_cast<std::size_t>(height), memory)) return false;
  std::uint8_t* out = rows.more();
  for (int y = 0; y < height; ++y, out += row_size) {
    const std::uint8_t* const row = rows.take();
    if (row == nullptr) return false;
    if (layout.depth < 8) {
      unpack(row, layout.depth, 0, width, out);
    } else {
      std::memcpy(out, row, row_size);
    }
  }
  numbers = {width, height, bytes, rows.more()};
  return true;
}

}  // namespace pixfeed::png
