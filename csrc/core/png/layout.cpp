// Chunks to a Layout. Whatever is not as the specification has it is left to libpng.
#include "core/png/layout.h"

#include <cstring>
#include <iterator>
#include <optional>

#include "core/png/chunks.h"

namespace pixfeed::png {
namespace {

constexpr std::size_t kHeaderSize = 13;  // bytes of IHDR
constexpr std::uint32_t kMaxSide = 0x7FFFFFFF;

// PNG specification, table 11.1.
bool is_allowed(std::uint8_t color, std::uint8_t depth) {
  switch (static_cast<Color>(color)) {
    case Color::gray:
      return depth == 1 || depth == 2 || depth == 4 || depth == 8 || depth == 16;
    case Color::palette:
      return depth == 1 || depth == 2 || depth == 4 || depth == 8;
    case Color::rgb:
    case Color::gray_alpha:
    case Color::rgb_alpha:
      return depth == 8 || depth == 16;
  }
  return false;
}

bool read_header(const PngChunk& chunk, Layout& layout) {
  if (!chunk.is("IHDR") || chunk.size != kHeaderSize || !chunk.sound()) return false;
  const std::uint32_t width = chunk.number(0), height = chunk.number(4);
  const std::uint8_t depth = chunk.data[8], color = chunk.data[9];
  if (width - 1 >= kMaxSide || height - 1 >= kMaxSide || !is_allowed(color, depth)) return false;
  if (chunk.data[10] != 0 || chunk.data[11] != 0 || chunk.data[12] != 0) return false;  // the last one: interlaced
  layout.width = static_cast<int>(width);
  layout.height = static_cast<int>(height);
  layout.depth = depth;
  layout.color = static_cast<Color>(color);
  return true;
}

bool read_palette(const PngChunk& chunk, Layout& layout) {
  layout.colors = static_cast<int>(chunk.size / 3);
  if (chunk.size % 3 != 0 || chunk.size == 0 || layout.colors > 1 << layout.depth || !chunk.sound()) return false;
  std::memcpy(layout.rgb, chunk.data, chunk.size);
  return true;
}

// What tells libpng how bright numbers are, so that it makes gray of light.
bool tells_of_light(const PngChunk& chunk) { return chunk.is("gAMA") || chunk.is("sRGB") || chunk.is("sBIT"); }

}  // namespace

int Layout::channels() const {
  switch (color) {
    case Color::rgb:
      return 3;
    case Color::rgb_alpha:
      return 4;
    case Color::gray_alpha:
      return 2;
    default:
      return 1;
  }
}

std::size_t Layout::row_bytes() const {
  return (static_cast<std::size_t>(width) * static_cast<std::size_t>(channels() * depth) + 7) / 8;
}

int Layout::step() const { return depth < 8 ? 1 : channels() * depth / 8; }

bool read_layout(Bytes file, const Request& request, Layout& layout) {
  layout.colors = 0;
  layout.first = nullptr;
  layout.packed = 0;
  PngChunks chunks(file);
  std::optional<PngChunk> chunk = chunks.next();
  if (!chunk || !read_header(*chunk, layout)) return false;
  const bool palette = layout.color == Color::palette, colored = (static_cast<int>(layout.color) & 2) != 0;
  if (request.gray && colored && layout.depth == 16) return false;
  bool ended = false;  // the first run of IDAT chunks
  while ((chunk = chunks.next())) {
    ended = ended || (layout.first != nullptr && !chunk->is("IDAT"));
    if (chunk->is("IDAT")) {
      if (ended) return false;
      if (palette && layout.colors == 0) return false;
      if (chunk->size == 0 || !chunk->sound()) return false;
      layout.in_one = layout.first == nullptr;
      if (layout.in_one) layout.first = chunk->name - 4;
      layout.packed += chunk->size;
    } else if (chunk->is("PLTE")) {
      if (!palette) continue;  // a suggestion
      if (layout.colors != 0 || layout.first != nullptr || !read_palette(*chunk, layout)) return false;
    } else if (chunk->is("IEND")) {
      return layout.first != nullptr && chunk->size == 0 && chunk->sound();
    } else {
      const bool is_critical = (chunk->name[0] & 0x20) == 0;  // and nobody knows it
      if (is_critical || (request.gray && colored && tells_of_light(*chunk))) return false;
    }
  }
  return false;
}

void gather_data(const Layout& layout, std::uint8_t* out) {
  const std::uint8_t* at = layout.first;
  for (std::size_t left = layout.packed; left > 0;) {  // one directly after the other
    const std::size_t size = be32(at);
    std::memcpy(out, at + 8, size);
    out += size;
    left -= size;
    at += 4 + 4 + size + 4;
  }
}

}  // namespace pixfeed::png
