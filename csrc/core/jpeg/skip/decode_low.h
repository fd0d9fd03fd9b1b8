// Picking a block's few coefficients one by one: what skim falls back to where something long is in the way.
#pragma once

#include <cstdint>

#include "core/jpeg/skip/low_coefficients.h"

namespace pixfeed::jpeg {

inline constexpr int kEnough2 = LowLayout::enough(2), kEnough4 = LowLayout::enough(4);

// Decodes those of a block's AC coefficients that are needed, from the bit `at` on.
void decode_low_slowly(const std::uint8_t* bytes, std::uint64_t at, const LowLayout::Block& block, std::int16_t* coefs);

}  // namespace pixfeed::jpeg
