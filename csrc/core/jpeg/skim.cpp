// Blocks do not wait for each other here, as it is known where they begin: the CPU decodes several at once, and nothing in
// it is a branch that follows the data.
#include "skim.h"

#include <algorithm>
#include <cstring>
#include <iterator>

#include "bit_reader.h"
#include "entropy.h"
#include "zigzag.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/jpeg/skim.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

// Nothing here is a vector: it is compiled per target for BMI2, whose shifts take one step where x86's own take three.

#ifndef PIXFEED_JPEG_SKIM
#define PIXFEED_JPEG_SKIM
namespace pixfeed::jpeg {

// Decodes those of a block's AC coefficients that are needed, one by one, from the bit `at` on. For 4 x 4 they have to
// be 0 before.
void pick_slowly(const std::uint8_t* bytes, std::uint64_t at, const SkimLayout::Block& block, std::int16_t* places);

}  // namespace pixfeed::jpeg
#endif  // PIXFEED_JPEG_SKIM

HWY_BEFORE_NAMESPACE();
namespace pixfeed::jpeg {
namespace HWY_NAMESPACE {

// The AC coefficients of 2 x 2, which stand at the head of `bits`: always two symbols, without branches, whether they
// mean something or not. `left` of the bits are good. False if it takes more, or the slow way.
HWY_INLINE bool pick_2(std::uint64_t bits, unsigned left, const PickTable& table, std::int16_t* places) {
  static_assert(kEnoughFor2 == 2 && SkimLayout::places(2) == 4);
  // What lies further on than the second place, or means nothing, goes to the last one.
  constexpr int kAway = 3;
  places[1] = places[2] = 0;
  const std::uint32_t first = table.entry[bits >> (64 - PickTable::kBits)];
  places[std::min(PickTable::distance(first), kAway)] = static_cast<std::int16_t>(PickTable::value(first, bits));
  bits <<= PickTable::bits_used(first);
  const std::uint32_t second = table.entry[bits >> (64 - PickTable::kBits)];
  const std::uint32_t both = first + second;
  places[std::min(PickTable::distance(both), kAway)] = static_cast<std::int16_t>(PickTable::value(second, bits));
  places[kAway] = 0;
  return !PickTable::slow(first | second) && PickTable::bits_used(both) <= left;
}

// The AC coefficients of 4 x 4.
HWY_INLINE void pick_4(const std::uint8_t* bytes, std::uint64_t at, const SkimLayout::Block& block,
                       std::int16_t* places) {
  const std::uint64_t first = at;
  std::memset(places + 1, 0, (4 * 8 - 1) * sizeof(*places));
  int k = 0;
  for (;;) {
    std::uint64_t bits = bits_at(bytes, at);
    for (int i = 0; i < 2; ++i) {
      const std::uint32_t entry = block.pick->entry[bits >> (64 - PickTable::kBits)];
      if (HWY_UNLIKELY(PickTable::slow(entry))) return pick_slowly(bytes, first, block, places);
      k += PickTable::distance(entry);
      if (k > kEnoughFor4) return;
      places[kPlaces.place[k]] = static_cast<std::int16_t>(PickTable::value(entry, bits));
      bits <<= PickTable::bits_used(entry);
      at += PickTable::bits_used(entry);
    }
  }
}

bool SkimMcus(const std::uint8_t* bytes, const std::uint32_t* starts, const SkimLayout& layout, int mcus, int* dc,
              std::int16_t* coefs) {
  unsigned strange = 0;
  std::int16_t* to[std::size(decltype(layout.block){})];
  for (int b = 0; b < layout.blocks; ++b) to[b] = coefs + layout.block[b].first;
  for (int mcu = 0; mcu < mcus; ++mcu) {
    for (int b = 0; b < layout.blocks; ++b, ++starts) {
      const SkimLayout::Block& block = layout.block[b];
      std::uint64_t bits = bits_at(bytes, *starts);
      const unsigned code = code_of(bits, block.dc->codes);  // a DC's symbol is nothing but the size
      const unsigned length = code >> 8;
      const unsigned size = code & 15;
      bits <<= length;
      const int sum = dc[block.component] + value_at(bits, ~code & 63);
      dc[block.component] = sum;
      // libjpeg keeps 32 bits of the sum and 16 of the coefficient. No sound file needs more than 16 of either.
      strange |= static_cast<unsigned>(sum + 32768);
      std::int16_t* const places = to[b];
      to[b] += block.step;
      places[0] = static_cast<std::int16_t>(sum);
      const unsigned used = length + size;
      if (block.size == 2) {
        bits <<= size;
        if (HWY_UNLIKELY(!pick_2(bits, 57 - used, *block.pick, places))) {
          pick_slowly(bytes, std::uint64_t{*starts} + used, block, places);
        }
      } else if (block.size == 4) {
        pick_4(bytes, std::uint64_t{*starts} + used, block, places);
      }
    }
  }
  return strange <= 65535;
}

}  // namespace HWY_NAMESPACE
}  // namespace pixfeed::jpeg
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pixfeed::jpeg {

HWY_EXPORT(SkimMcus);

void pick_slowly(const std::uint8_t* bytes, std::uint64_t at, const SkimLayout::Block& block, std::int16_t* places) {
  const int enough = block.size == 2 ? kEnoughFor2 : kEnoughFor4;
  if (block.size == 2) places[1] = places[2] = places[3] = 0;
  for (int k = 0; k < enough;) {
    const std::uint64_t bits = bits_at(bytes, at);
    const unsigned code = code_of(bits, block.ac->codes);
    const int run = static_cast<int>(code >> 4 & 15);
    const unsigned size = code & 15;
    if (size == 0 && run != 15) return;
    k += run + 1;
    if (k > enough) return;
    const int place = block.size == 2 ? k : kPlaces.place[k];
    places[place] = static_cast<std::int16_t>(value_at(bits << (code >> 8), 63 - size));
    at += (code >> 8) + size;
  }
}

bool skim_mcus(const std::uint8_t* bytes, const std::uint32_t* starts, const SkimLayout& layout, int mcus, int dc[3],
               std::int16_t* coefs) {
  return HWY_DYNAMIC_DISPATCH(SkimMcus)(bytes, starts, layout, mcus, dc, coefs);
}

}  // namespace pixfeed::jpeg
#endif  // HWY_ONCE
