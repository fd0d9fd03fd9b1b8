// The inner loops of resample_filter.cpp, compiled once per CPU target and chosen at run time; each with a plain twin.
//
// A weight has 22 bits behind the point, too many for the CPU's 16-bit multipliers. So it is split, weight = high * 2048
// + low with low in [0, 2047], and the two sums are put together at the end: sums are taken modulo 2^32, so that is exact.
// Weights lie in pairs of taps, four values a pair: high, high, low, low. An odd count is filled up with a weight of 0.
#pragma once

#include <cstdint>

namespace pixfeed::kernels {

inline constexpr int kWeightBits = 22;
inline constexpr int kSplit = 2048;

// n pixels of packed RGB: pixel i is the weighted sum of spans[2 * i + 1] pixels of the row, from pixel spans[2 * i] on;
// its weights begin at weights + 4 * pairs * i. `limit`: bytes of the row that may be read.
void filter_row(const std::uint8_t* row, int limit, const std::int32_t* spans, const std::int16_t* weights, int pairs,
                int n, std::uint8_t* rgb);
void filter_row_plain(const std::uint8_t* row, int limit, const std::int32_t* spans, const std::int16_t* weights,
                      int pairs, int n, std::uint8_t* rgb);

// out[i] = the weighted sum of rows[0..count)[i], for n bytes.
void filter_rows(const std::uint8_t* const* rows, const std::int16_t* weights, int count, int n, std::uint8_t* out);
void filter_rows_plain(const std::uint8_t* const* rows, const std::int16_t* weights, int count, int n,
                       std::uint8_t* out);

}  // namespace pixfeed::kernels
