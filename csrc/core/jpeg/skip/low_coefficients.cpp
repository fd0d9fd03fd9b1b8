// Decodes the lowest coefficients of blocks whose beginnings are known, so that no block waits for another one. With
// AVX2 eight are decoded side by side in vectors; otherwise the CPU overlaps several. Hardly any branch depends on the
// data.
#include "core/jpeg/skip/low_coefficients.h"

#include <algorithm>
#include <cstddef>
#include <iterator>

#include "core/jpeg/bit_reader.h"
#include "core/jpeg/skip/decode_low.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/jpeg/skip/low_coefficients.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "core/jpeg/skip/avx2_blocks-inl.h"

// Where there are no vectors, it is compiled per target because BMI2's shifts are one instruction instead of three.

HWY_BEFORE_NAMESPACE();
namespace pixfeed::jpeg {
namespace HWY_NAMESPACE {

#if PIXFEED_JPEG_EIGHT

// How many of `blocks` from `b` on are taken together: two, if they are alike.
HWY_INLINE int together(const LowLayout& layout, int b) {
  return b + 1 < layout.blocks && layout.block[b + 1].size == layout.block[b].size ? 2 : 1;
}

bool decode_low_mcus_simd(const std::uint8_t* bytes, const std::uint32_t* starts, const LowLayout& layout, int mcus,
                          int* dc, std::int16_t* coefs) {
  V32 strange = all(0);
  EightBlocks blocks[std::size(decltype(layout.block){})];
  for (int b = 0; b < layout.blocks; ++b) blocks[b].block = &layout.block[b];
  for (int mcu = 0; mcu < mcus; mcu += kEight, starts += kEight * layout.blocks) {
    const int n = std::min(kEight, mcus - mcu);
    int from[kEight];  // the last of them again
    for (int i = 0; i < kEight; ++i) from[i] = std::min(i, n - 1) * layout.blocks;
    for (int b = 0; b < layout.blocks; ++b) {
      const auto start = [&](int lane) { return static_cast<int>(starts[b + from[lane]]); };
      blocks[b].start = Lanes(V32{_mm256_setr_epi32(start(0), start(1), start(2), start(3),  //
                                                    start(4), start(5), start(6), start(7))});
    }
    for (int b = 0; b < layout.blocks;) {
      const bool is_2 = layout.block[b].size == 2;
      if (together(layout, b) == 2) {
        is_2 ? decode_eights<2, true>(bytes, blocks + b) : decode_eights<2, false>(bytes, blocks + b);
        b += 2;
      } else {
        is_2 ? decode_eights<1, true>(bytes, blocks + b) : decode_eights<1, false>(bytes, blocks + b);
        ++b;
      }
    }
    const V32 there = hn::VecFromMask(d32, hn::FirstN(d32, static_cast<std::size_t>(n)));
    int end = 0;
    for (int begin = 0; begin < layout.blocks; begin = end) {  // a component's blocks
      const int component = layout.block[begin].component;
      V32 total = all(0);
      for (; end < layout.blocks && layout.block[end].component == component; ++end) {
        total = hn::Add(total, blocks[end].difference.load());
      }
      total = hn::And(total, there);
      const V32 sums = sums_up_to(total);
      V32 sum = hn::Add(all(static_cast<std::uint32_t>(dc[component])), hn::Sub(sums, total));
      dc[component] += static_cast<int>(hn::ExtractLane(sums, kEight - 1));
      for (int b = begin; b < end; ++b) {
        sum = hn::Add(sum, hn::And(blocks[b].difference.load(), there));
        // libjpeg keeps 32 bits of the sum and 16 of the coefficient. No sound file needs more than 16 of either.
        strange = hn::Or(strange, hn::Add(sum, all(32768)));
        blocks[b].dc = Lanes(sum);
      }
    }
    for (int b = 0; b < layout.blocks;) {
      std::int16_t* to[2];
      const int pair = together(layout, b);
      for (int i = 0; i < pair; ++i) to[i] = coefs + layout.block[b + i].first + layout.block[b + i].step * mcu;
      if (layout.block[b].size != 4) {
        store_2(blocks[b], n, to[0]);
        ++b;
        continue;
      }
      pair == 2 ? decode_low_4<2>(bytes, blocks + b, n, to) : decode_low_4<1>(bytes, blocks + b, n, to);
      b += pair;
    }
  }
  return signs(hn::VecFromMask(d32, hn::Gt(strange, all(65535)))) == 0;
}

#else

// The AC coefficients of 2 x 2, which stand at the head of `bits`: always two symbols, without branches, whether they
// mean something or not. `left` of the bits are good. False if it takes more, or the slow way.
HWY_INLINE bool decode_low_2(std::uint64_t bits, unsigned left, const SymbolTable& table, std::int16_t* coefs) {
  static_assert(kEnough2 == 2 && LowLayout::coefs(2) == 4);
  // What lies further on than the second place, or means nothing, goes to the last one.
  constexpr int kAway = 3;
  coefs[1] = coefs[2] = 0;
  const std::uint32_t first = table.entry[bits >> (64 - SymbolTable::kBits)];
  coefs[std::min(SymbolTable::distance(first), kAway)] = static_cast<std::int16_t>(SymbolTable::value(first, bits));
  bits <<= SymbolTable::bits_used(first);
  const std::uint32_t second = table.entry[bits >> (64 - SymbolTable::kBits)];
  const std::uint32_t both = first + second;
  coefs[std::min(SymbolTable::distance(both), kAway)] = static_cast<std::int16_t>(SymbolTable::value(second, bits));
  coefs[kAway] = 0;
  return !SymbolTable::slow(first | second) && SymbolTable::bits_used(both) <= left;
}

// The AC coefficients of 4 x 4.
HWY_INLINE void decode_low_4(const std::uint8_t* bytes, std::uint64_t at, const LowLayout::Block& block,
                             std::int16_t* coefs) {
  const std::uint64_t first = at;
  std::fill_n(coefs + 1, kEnough4 + 2, std::int16_t{0});
  int k = 0;
  for (;;) {
    std::uint64_t bits = bits_at(bytes, at);
    for (int i = 0; i < 2; ++i) {
      const std::uint32_t entry = block.symbols->entry[bits >> (64 - SymbolTable::kBits)];
      if (HWY_UNLIKELY(SymbolTable::slow(entry))) return decode_low_slowly(bytes, first, block, coefs);
      k += SymbolTable::distance(entry);
      if (k <= kEnough4) coefs[k] = static_cast<std::int16_t>(SymbolTable::value(entry, bits));
      if (k >= kEnough4) return;
      bits <<= SymbolTable::bits_used(entry);
      at += SymbolTable::bits_used(entry);
    }
  }
}

bool decode_low_mcus_simd(const std::uint8_t* bytes, const std::uint32_t* starts, const LowLayout& layout, int mcus,
                          int* dc, std::int16_t* coefs) {
  unsigned strange = 0;
  std::int16_t* to[std::size(decltype(layout.block){})];
  for (int b = 0; b < layout.blocks; ++b) to[b] = coefs + layout.block[b].first;
  for (int mcu = 0; mcu < mcus; ++mcu) {
    for (int b = 0; b < layout.blocks; ++b, ++starts) {
      const LowLayout::Block& block = layout.block[b];
      std::uint64_t bits = bits_at(bytes, *starts);
      const unsigned code = code_of(bits, block.dc->codes);  // a DC's symbol is nothing but the size
      const unsigned length = code >> 8;
      const unsigned size = code & 15;
      bits <<= length;
      const int sum = dc[block.component] + value_at(bits, ~code & 63);
      dc[block.component] = sum;
      // libjpeg keeps 32 bits of the sum and 16 of the coefficient. No sound file needs more than 16 of either.
      strange |= static_cast<unsigned>(sum + 32768);
      std::int16_t* const coefs = to[b];
      to[b] += block.step;
      coefs[0] = static_cast<std::int16_t>(sum);
      const unsigned used = length + size;
      if (block.size == 2) {
        bits <<= size;
        if (HWY_UNLIKELY(!decode_low_2(bits, 57 - used, *block.symbols, coefs))) {
          decode_low_slowly(bytes, std::uint64_t{*starts} + used, block, coefs);
        }
      } else if (block.size == 4) {
        decode_low_4(bytes, std::uint64_t{*starts} + used, block, coefs);
      }
    }
  }
  return strange <= 65535;
}

#endif  // PIXFEED_JPEG_EIGHT

}  // namespace HWY_NAMESPACE
}  // namespace pixfeed::jpeg
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pixfeed::jpeg {

HWY_EXPORT(decode_low_mcus_simd);

void decode_low_slowly(const std::uint8_t* bytes, std::uint64_t at, const LowLayout::Block& block,
                       std::int16_t* coefs) {
  const int enough = LowLayout::enough(block.size);
  std::fill_n(coefs + 1, LowLayout::coefs(block.size) - 1, std::int16_t{0});
  for (int k = 0; k < enough;) {
    const std::uint64_t bits = bits_at(bytes, at);
    const unsigned code = code_of(bits, block.ac->codes);
    const int run = static_cast<int>(code >> 4 & 15);
    const unsigned size = code & 15;
    if (size == 0 && run != 15) return;
    k += run + 1;
    if (k > enough) return;
    coefs[k] = static_cast<std::int16_t>(value_at(bits << (code >> 8), 63 - size));
    at += (code >> 8) + size;
  }
}

bool decode_low_mcus(const std::uint8_t* bytes, const std::uint32_t* starts, const LowLayout& layout, int mcus,
                     int dc[3], std::int16_t* coefs) {
  return HWY_DYNAMIC_DISPATCH(decode_low_mcus_simd)(bytes, starts, layout, mcus, dc, coefs);
}

}  // namespace pixfeed::jpeg
#endif  // HWY_ONCE
