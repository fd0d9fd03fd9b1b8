// Walks the chunks of a PNG file without libpng.
#include "core/png_chunks.h"

#include <array>
#include <cstring>

namespace pixfeed {
namespace {

constexpr auto kCrc = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    table[i] = i;
    for (int bit = 0; bit < 8; ++bit) table[i] = table[i] >> 1 ^ ((table[i] & 1) != 0 ? 0xEDB88320 : 0);
  }
  return table;
}();

std::uint32_t be32(const std::uint8_t* p) {
  return std::uint32_t{p[0]} << 24 | std::uint32_t{p[1]} << 16 | std::uint32_t{p[2]} << 8 | p[3];
}

}  // namespace

bool PngChunk::is(const char* other) const { return std::memcmp(name, other, 4) == 0; }

bool PngChunk::sound() const {
  std::uint32_t crc = 0xFFFFFFFF;
  for (const std::uint8_t* p = name; p != data + size; ++p) crc = kCrc[(crc ^ *p) & 255] ^ crc >> 8;
  return ~crc == number(size);
}

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
