// A block's lowest coefficients, symbol by symbol: the fallback of low_coefficients for long codes.
#pragma once

#include <cstdint>

#include "core/jpeg/skip/low_coefficients.h"

namespace pixfeed::jpeg {

inline constexpr int kEnough2 = LowLayout::enough(2), kEnough4 = LowLayout::enough(4);

// Decodes the AC coefficients that `block` asks for; the first symbol begins at the bit `at`.
void decode_low_slowly(const std::uint8_t* bytes, std::uint64_t at, const LowLayout::Block& block, std::int16_t* coefs);

}  // namespace pixfeed::jpeg
