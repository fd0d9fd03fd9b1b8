// The inner loops of linear.cpp, compiled once per CPU target and chosen at run time; each with a plain twin.
#pragma once

#include <cstdint>

namespace pixfeed::kernels {

// dst[4 * i + c] = (src[offset[i] + c] * weight[2 * i] + src[offset[i] + 3 + c] * weight[2 * i + 1]) >> 4, for n
// columns. `limit`: bytes of src that may be read. A right tap that lies beyond has weight 0 and is not read.
// dst has 4 values a column, the fourth undefined.
void resample_row(const std::uint8_t* src, int limit, const std::int32_t* offset, const std::int16_t* weight, int n,
                  std::int16_t* dst);
void resample_row_plain(const std::uint8_t* src, int limit, const std::int32_t* offset, const std::int16_t* weight,
                        int n, std::int16_t* dst);

// rgb[3 * i + c] = ((upper * weight_upper >> 16) + (lower * weight_lower >> 16) + 2) >> 2 of value 4 * i + c, for n
// columns. Up to 16 bytes after the last pixel are overwritten.
void blend_rows(const std::int16_t* upper, const std::int16_t* lower, int weight_upper, int weight_lower, int n,
                std::uint8_t* rgb);
void blend_rows_plain(const std::int16_t* upper, const std::int16_t* lower, int weight_upper, int weight_lower, int n,
                      std::uint8_t* rgb);

// n pixels of packed RGB, each the mean of 2 x 2 pixels, one half rounded up. Up to 16 bytes after the last pixel are
// overwritten.
void halve_rows(const std::uint8_t* upper, const std::uint8_t* lower, int n, std::uint8_t* rgb);
void halve_rows_plain(const std::uint8_t* upper, const std::uint8_t* lower, int n, std::uint8_t* rgb);

// Bytes that blend_rows and halve_rows may write beyond their row.
inline constexpr int kRowSlack = 16;

}  // namespace pixfeed::kernels
