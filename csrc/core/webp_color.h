// Rows of a lossy WebP to R G B, as libwebp makes them ("fancy upsampling"): a SIMD loop and its plain twin.
#pragma once

#include <cstdint>

namespace pixfeed {

// A row of luma, from an even column on, and the two rows of chroma beside it: the nearer one, then the other. Chroma has
// half as many columns, one more before them and one behind: copies of the outermost.
struct YuvRow {
  const std::uint8_t* y;
  const std::uint8_t* u[2];
  const std::uint8_t* v[2];
};

// Rows may be read this many bytes past their ends, and three times as many written.
inline constexpr int kYuvSlack = 64;

// `n` pixels.
void yuv_to_rgb(const YuvRow& row, int n, std::uint8_t* rgb);

// The plain twin, which reads and writes nothing past the end.
void yuv_to_rgb_plain(const YuvRow& row, int n, std::uint8_t* rgb);

}  // namespace pixfeed
