// The inner loops of area.cpp, compiled once per CPU target and chosen at run time; each with a plain twin.
// Products and sums are rounded one by one, from the first pixel to the last: never fused, never in another order.
#pragma once

#include <cstdint>

namespace pixfeed::kernels {

// Values that area_row and sum_row may write beyond their row of 3 * n.
inline constexpr int kAreaSlack = 1;

// n pixels: pixel i is the sum of spans[2 * i + 1] pixels of packed RGB from pixel spans[2 * i] on, each times its
// weight. The weights of one pixel follow those of the one before. `limit`: bytes of the row that may be read.
void area_row(const std::uint8_t* row, int limit, const std::int32_t* spans, const float* weights, int n, float* dst);
void area_row_plain(const std::uint8_t* row, int limit, const std::int32_t* spans, const float* weights, int n,
                    float* dst);

// n pixels: pixel i is the sum of the `factor` pixels of packed RGB from pixel factor * i on, and nothing lies after
// the last of them.
void sum_row(const std::uint8_t* row, int factor, int n, std::uint32_t* dst);
void sum_row_plain(const std::uint8_t* row, int factor, int n, std::uint32_t* dst);

// sum[i] += row[i] * weight, for n values.
void add_weighted(const float* row, float weight, int n, float* sum);
void add_weighted_plain(const float* row, float weight, int n, float* sum);

// sum[i] += row[i], for n values, modulo 2^32.
void add_row(const std::uint32_t* row, int n, std::uint32_t* sum);
void add_row_plain(const std::uint32_t* row, int n, std::uint32_t* sum);

// out[i] = sum[i] rounded half to even, for n values.
void round_sums(const float* sum, int n, std::uint8_t* out);
void round_sums_plain(const float* sum, int n, std::uint8_t* out);

// out[i] = sum[i] * scale rounded half to even, for n values; the sums are taken as signed. No
// product may leave 16 bits.
void scale_sums(const std::uint32_t* sum, float scale, int n, std::uint8_t* out);
void scale_sums_plain(const std::uint32_t* sum, float scale, int n, std::uint8_t* out);

}  // namespace pixfeed::kernels
