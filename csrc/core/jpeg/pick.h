// Picking a block's few coefficients one by one: what skim falls back to where something long is in the way.
#pragma once

#include <cstdint>

#include "skim.h"

namespace pixfeed::jpeg {

inline constexpr int kEnough2 = SkimLayout::enough(2), kEnough4 = SkimLayout::enough(4);

// Decodes those of a block's AC coefficients that are needed, from the bit `at` on.
void pick_slowly(const std::uint8_t* bytes, std::uint64_t at, const SkimLayout::Block& block, std::int16_t* places);

}  // namespace pixfeed::jpeg
