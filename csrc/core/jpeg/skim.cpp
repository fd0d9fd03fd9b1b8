// Blocks do not wait for each other here, as it is known where they begin: the CPU decodes several at once, and nothing in
// it is a branch that follows the data.
#include "skim.h"

#include <cstring>

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

// Where the coefficient at k / 4 along the zigzag goes if 2 x 2 are needed. The others go behind them, and so does what
// a code gives that the table lacks: k is no multiple of 4 then.
struct PlacesOf2 {
  static constexpr int kBehind = SkimLayout::places(2);
  static constexpr int kCount = 4 * PickTable::kEnd + 1;
  std::uint8_t place[kCount];

  constexpr PlacesOf2() : place() {
    for (int k = 0; k < kCount; ++k) place[k] = kBehind;
    place[4 * 1] = 1;
    place[4 * kEnoughFor2] = 2;
  }
};
inline constexpr PlacesOf2 kPlacesOf2;

}  // namespace pixfeed::jpeg
#endif  // PIXFEED_JPEG_SKIM

HWY_BEFORE_NAMESPACE();
namespace pixfeed::jpeg {
namespace HWY_NAMESPACE {

// One symbol at the bit `at`, which is the first of `bits`.
HWY_INLINE void pick_one(std::uint64_t& bits, std::uint64_t& at, const PickTable& table, int& k, std::int16_t* places) {
  const std::uint32_t entry = table.entry[bits >> (64 - PickTable::kBits)];
  k += PickTable::distance_by_4(entry);
  places[kPlacesOf2.place[k]] = static_cast<std::int16_t>(PickTable::value(entry, bits));
  bits <<= PickTable::bits_used(entry);
  at += PickTable::bits_used(entry);
}

// The AC coefficients of 2 x 2: always two symbols, without branches, whether they mean something or not.
HWY_INLINE void pick_2(const std::uint8_t* bytes, std::uint64_t at, const SkimLayout::Block& block,
                       std::int16_t* places) {
  static_assert(kEnoughFor2 == 2 && PickTable::kMaxUsed + PickTable::kMaxUsed <= 57);
  const std::uint64_t first = at;
  int k = 0;
  places[1] = places[2] = places[3] = 0;
  std::uint64_t bits = bits_at(bytes, at);
  pick_one(bits, at, *block.pick, k, places);
  pick_one(bits, at, *block.pick, k, places);
  // Two symbols go that far, unless the table lacks one of them: then it lacks all that follow, as no bits are used.
  if (HWY_UNLIKELY(k < 4 * kEnoughFor2)) pick_slowly(bytes, first, block, places);
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
      if (HWY_UNLIKELY(entry == PickTable::kSlow)) return pick_slowly(bytes, first, block, places);
      k += PickTable::distance_by_4(entry) / 4;
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
  for (int mcu = 0; mcu < mcus; ++mcu) {
    for (int b = 0; b < layout.blocks; ++b, ++starts) {
      const SkimLayout::Block& block = layout.block[b];
      const std::uint64_t bits = bits_at(bytes, *starts);
      const unsigned code = code_of(bits, block.dc->codes);
      const unsigned length = code >> 8;
      const unsigned size = code & 15;
      const int sum = dc[block.component] + value_at(bits << length, 63 - size);
      dc[block.component] = sum;
      // libjpeg keeps 32 bits of the sum and 16 of the coefficient. No sound file needs more than 16 of either.
      strange |= static_cast<unsigned>(sum + 32768);
      std::int16_t* const places = coefs + block.first + mcu * block.step;
      places[0] = static_cast<std::int16_t>(sum);
      const std::uint64_t ac = std::uint64_t{*starts} + length + size;
      if (block.size == 2) {
        pick_2(bytes, ac, block, places);
      } else if (block.size == 4) {
        pick_4(bytes, ac, block, places);
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
    const int place = block.size == 2 ? kPlacesOf2.place[4 * k] : kPlaces.place[k];
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
