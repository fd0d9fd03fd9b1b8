// The chunks that a PNG file consists of (PNG specification, 5.3).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "core/source.h"

namespace pixfeed {

std::uint32_t be32(const std::uint8_t* p);  // four bytes as a number, the most significant one first

struct PngChunk {
  const std::uint8_t* name;  // 4 bytes
  const std::uint8_t* data;
  std::size_t size;  // bytes of data

  bool is(const char* other) const;
  bool sound() const;  // its checksum is right
  std::uint32_t number(std::size_t at) const;
};

// Gives the chunks one after the other, as long as each ends before the file does.
class PngChunks {
 public:
  explicit PngChunks(Bytes file) : file_(file) {}
  std::optional<PngChunk> next();

 private:
  Bytes file_;
  std::size_t at_ = 8;  // after the signature
};

}  // namespace pixfeed
