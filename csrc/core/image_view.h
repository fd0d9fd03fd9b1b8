// Pixels in memory of the caller.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pixfeed {

// Packed RGB in ordinary memory: 3 bytes per pixel, `stride` bytes from row to row.
struct ImageView {
  std::uint8_t* data;
  int width, height;
  std::ptrdiff_t stride;

  std::uint8_t* row(int y) const { return data + y * stride; }
};

// The 16-bit floats are written as their bits. uint16 is for pictures of 16 bits only: see wide/run.h.
enum class DType : std::int32_t { uint8, float32, float16, bfloat16, uint16 };

// One [channels, height, width] slot of a batch, any layout: planar, channels_last, a slice of something larger.
// The memory is the caller's, and nothing outside the slot is touched. Strides are in bytes.
struct Slot {
  std::uint8_t* data;
  DType dtype;
  int channels;  // 3: R, G, B; 1: gray
  int height, width;
  std::ptrdiff_t stride_c, stride_y, stride_x;
};

}  // namespace pixfeed
