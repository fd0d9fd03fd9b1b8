// A picture of numbers, as masks are: the samples of a gray picture or the places in a palette, unchanged.
#pragma once

#include <cstdint>

#include "core/scratch.h"
#include "core/source.h"

namespace pixfeed::png {

struct Numbers {
  int width, height;
  int bytes;  // of a number: 1, or 2 with the upper half first
  const std::uint8_t* data;

  std::int64_t at(std::int64_t y, std::int64_t x) const {
    const std::int64_t i = y * width + x;
    return bytes == 1 ? data[i] : data[2 * i] << 8 | data[2 * i + 1];
  }
};

// False for what decode() declines, colors or transparency, another size, and a file with a chunk whose checksum is wrong.
// `numbers` are in `memory`.
bool read_numbers(Bytes file, int width, int height, Buffer& memory, Numbers& numbers);

}  // namespace pixfeed::png
