// The inner loops of linear_exact.cpp, compiled once per CPU target and chosen at run time; each with a plain twin.
#pragma once

#include <cstdint>

namespace pixfeed::kernels {

// dst[3 * i + c] = src[offset[i] + c] * weight[2 * i] + src[offset[i] + 3 + c] * weight[2 * i + 1], for n columns. Two
// weights are 256 together. `limit`: bytes of src that may be read. A right tap that lies beyond has weight 0 and is
// not read. Up to kExactSlack values after the last are overwritten.
void exact_row(const std::uint8_t* src, int limit, const std::int32_t* offset, const std::int16_t* weight, int n,
               std::uint16_t* dst);
void exact_row_plain(const std::uint8_t* src, int limit, const std::int32_t* offset, const std::int16_t* weight, int n,
                     std::uint16_t* dst);
inline constexpr int kExactSlack = 1;

// out[i] = (upper[i] * (256 - weight_lower) + lower[i] * weight_lower) / 65536, one half rounded up, for n values.
void exact_blend(const std::uint16_t* upper, const std::uint16_t* lower, int weight_lower, int n, std::uint8_t* out);
void exact_blend_plain(const std::uint16_t* upper, const std::uint16_t* lower, int weight_lower, int n,
                       std::uint8_t* out);

}  // namespace pixfeed::kernels
