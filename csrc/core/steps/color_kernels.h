// The inner loops of colors.cpp and tables.cpp, compiled once per CPU target and chosen at run time; each with a plain
// twin.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pixfeed::kernels {

// Packed RGB, in place: the hue of n pixels moved on by `shift`, 0 to 255 of 256, as Pillow's HSV has it in bytes.
void shift_hue(std::uint8_t* rgb, std::ptrdiff_t n, int shift);
void shift_hue_plain(std::uint8_t* rgb, std::ptrdiff_t n, int shift);

// n values, in place: other + factor * (value - other) in float32, cut off at 0 and 255, without its fraction.
void blend_values(std::uint8_t* values, const std::uint8_t* others, std::ptrdiff_t n, float factor);
void blend_values_plain(std::uint8_t* values, const std::uint8_t* others, std::ptrdiff_t n, float factor);

// A row of n >= 2 pixels, smoothed: each channel is (5 * itself + its eight neighbours) / 13, rounded. The first and the
// last pixel stay as they are. `sums` is memory for 3 * n numbers.
void smooth_row(const std::uint8_t* above, const std::uint8_t* row, const std::uint8_t* below, int n,
                std::uint16_t* sums, std::uint8_t* smoothed);
void smooth_row_plain(const std::uint8_t* above, const std::uint8_t* row, const std::uint8_t* below, int n,
                      std::uint16_t* sums, std::uint8_t* smoothed);

// The least and the largest value of R, G and B.
struct Extremes {
  std::uint8_t least[3] = {255, 255, 255}, most[3] = {0, 0, 0};
};
void widen(const std::uint8_t* rgb, std::ptrdiff_t n, Extremes& extremes);  // by those of n pixels
void widen_plain(const std::uint8_t* rgb, std::ptrdiff_t n, Extremes& extremes);

// Packed RGB, in place: channel c of n pixels becomes what channel from[c] was.
void permute(std::uint8_t* rgb, std::ptrdiff_t n, const int from[3]);
void permute_plain(std::uint8_t* rgb, std::ptrdiff_t n, const int from[3]);

}  // namespace pixfeed::kernels
