// A picture whose samples have 16 bits.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pixfeed::wide {

// Packed: `channels` samples a pixel, 1 for gray or R, G, B.
struct Picture {
  const std::uint16_t* data;
  int width, height, channels;

  const std::uint16_t* row(int y) const { return data + static_cast<std::ptrdiff_t>(y) * width * channels; }
};

}  // namespace pixfeed::wide
