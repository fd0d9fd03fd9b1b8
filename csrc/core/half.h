// float32 -> the two kinds of 16-bit floats, as their bits: rounded to nearest, ties to even, as torch's Tensor.to().
#pragma once

#include <bit>
#include <cstdint>

namespace pixfeed {

// Any value but NaN; what is too large becomes infinite.
inline std::uint16_t to_bfloat16(float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  return static_cast<std::uint16_t>((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

// Likewise.
inline std::uint16_t to_float16(float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value), sign = bits >> 16 & 0x8000;
  const std::uint32_t size = bits & 0x7FFFFFFF;
  std::uint32_t half;
  if (size >= 0x47800000) {  // 65536
    half = 0x7C00;
  } else if (size >= 0x38800000) {  // 2^-14: what carries out of the mantissa belongs into the exponent
    half = (size + 0xFFF + (size >> 13 & 1) - (std::uint32_t{112} << 23)) >> 13;
  } else {
    // Subnormal: a unit in the last place of 0.5 is one of float16's smallest, so that the addition rounds.
    half = std::bit_cast<std::uint32_t>(std::bit_cast<float>(size) + 0.5f) - std::bit_cast<std::uint32_t>(0.5f);
  }
  return static_cast<std::uint16_t>(sign | half);
}

}  // namespace pixfeed
