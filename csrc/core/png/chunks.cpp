// Walks the chunks of a PNG file without libpng.
#include "core/png/chunks.h"

#include <cstring>

#include "core/png/deflate.h"

namespace pixfeed {

std::uint32_t be32(const std::uint8_t* p) {
  return std::uint32_t{p[0]} << 24 | std::uint32_t{p[1]} << 16 | std::uint32_t{p[2]} << 8 | p[3];
}

bool PngChunk::is(const char* other) const { return std::memcmp(name, other, 4) == 0; }

bool PngChunk::sound() const { return png::crc32(0, name, 4 + size) == number(size); }

std::uint32_t PngChunk::number(std::size_t at) const { return be32(data + at); }

std::optional<PngChunk> PngChunks::next() {
  constexpr std::size_t kAround = 12;  // length, name and checksum
  if (file_.size < at_ + kAround) return std::nullopt;
  const std::uint8_t* begin = file_.data + at_;
  const PngChunk chunk{begin + 4, begin + 8, be32(begin)};
  if (chunk.size > file_.size - at_ - kAround) return std::nullopt;
  at_ += kAround + chunk.size;
  return chunk;
}

}  // namespace pixfeed
