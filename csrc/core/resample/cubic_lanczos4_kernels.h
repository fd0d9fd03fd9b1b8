// The inner loops of cubic_lanczos4.cpp, compiled once per CPU target and chosen at run time; each with a plain twin.
// Weights have 11 fractional bits.
#pragma once

#include <cstdint>

namespace pixfeed::kernels {

// n pixels: pixel i is the sum of pixels first[i] to first[i] + taps - 1 of a row of packed RGB, `pixels` long and its
// ends repeated, each times its weight; there are `taps` (4 or 8) weights a pixel. Firsts never
// decrease, and lie between -taps and pixels - 1. Up to kWideSlack values after the last are overwritten.
void wide_row(const std::uint8_t* row, int pixels, const std::int32_t* first, const std::int16_t* weights, int taps,
              int n, std::int32_t* dst);
void wide_row_plain(const std::uint8_t* row, int pixels, const std::int32_t* first, const std::int16_t* weights,
                    int taps, int n, std::int32_t* dst);
inline constexpr int kWideSlack = 1;

// out[i] = the weighted sum of rows[0..taps)[i], for n values, modulo 2^32; one half is rounded up.
void blend_in_integers(const std::int32_t* const* rows, const std::int16_t* weights, int taps, int n,
                       std::uint8_t* out);
void blend_in_integers_plain(const std::int32_t* const* rows, const std::int16_t* weights, int taps, int n,
                             std::uint8_t* out);

// The same with four taps, in floats and from the last tap to the first; rounded half to even.
void blend_in_floats(const std::int32_t* const* rows, const std::int16_t* weights, int n, std::uint8_t* out);
void blend_in_floats_plain(const std::int32_t* const* rows, const std::int16_t* weights, int n, std::uint8_t* out);

}  // namespace pixfeed::kernels
