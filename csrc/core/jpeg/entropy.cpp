// Huffman decoding of MCUs. Most of the time that a photo takes is spent here.
#include "core/jpeg/entropy.h"

#include "core/jpeg/zigzag.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/jpeg/entropy.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

// There are no vectors here. It is compiled per target because BMI2's shifts are one instruction where x86's own are
// three.

HWY_BEFORE_NAMESPACE();
namespace pixfeed::jpeg {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// One Huffman symbol, however long its code; -1 if no code begins like this. The reader must hold 16 bits.
HWY_INLINE int read_symbol(BitReader& reader, const CodeTable& codes) {
  const unsigned code = code_of(reader.bits, codes);
  reader.skip(code >> 8);
  return code != 0 ? static_cast<int>(code & 255) : -1;
}

// `size` bits (0 to 15) as a signed value.
HWY_INLINE int read_value(BitReader& reader, int size) {
  const int value = value_at(reader.bits, static_cast<unsigned>(63 - size));
  reader.skip(static_cast<unsigned>(size));
  return value;
}

// The DC difference by the long way. False if there is no such code.
HWY_NOINLINE bool read_dc(BitReader& reader, const DcTable& table, int& difference) {
  reader.refill();
  const int size = read_symbol(reader, table.codes);
  if (size < 0) return false;
  difference = read_value(reader, size);
  return true;
}

// One AC symbol by the long way; `k` is the last coefficient's place and becomes this one's. -1 for damage, 1 at the
// end of the block, 0 to go on.
HWY_INLINE int read_ac(BitReader& reader, const AcTable& table, std::int16_t* block, int& k) {
  reader.refill();
  const int symbol = read_symbol(reader, table.codes);
  if (symbol < 0) return -1;
  const int run = symbol >> 4;
  const int size = symbol & 15;
  if (size == 0 && run != 15) return 1;
  const int value = read_value(reader, size);
  k += run + 1;
  if (k > 63) return -1;
  block[kZigzag.place[k]] = static_cast<std::int16_t>(value);
  return k == 63 ? 1 : 0;
}

// Zeros where coefficients up to the place `enough` may come. By hand, because g++ takes a string instruction, which
// takes tens of cycles.
HWY_INLINE void clear(std::int16_t* block, int enough) {
  const hn::CappedTag<std::int16_t, 32> d;
  const auto zero = hn::Zero(d);
  for (int i = 0; i < 32; i += static_cast<int>(hn::Lanes(d))) hn::StoreU(zero, d, block + i);
  if (enough == kEnoughFor4) return;
  for (int i = 32; i < 64; i += static_cast<int>(hn::Lanes(d))) hn::StoreU(zero, d, block + i);
}

// Reads to the end of a block whose AC coefficients after `k` are not needed. What is written into `block` means
// nothing. False for damage. The reader must hold 56 bits less those of a short DC difference. (The macro: see below.)
HWY_INLINE bool skip_ac(BitReader& reader, const McuLayout::Block& kind, std::int16_t* block, int k) {
  const std::uint16_t* const table = kind.skip->entry;
  static_assert(DcTable::kMaxUsed + 2 * SkipTable::kMaxUsed <= 56);
  int left = SkipTable::left_after(k);
  for (;;) {
    unsigned entry;
    int after;
#define PIXFEED_JPEG_LOOK_UP                             \
  entry = table[reader.bits >> (64 - SkipTable::kBits)]; \
  after = left - static_cast<int>(entry);                \
  if (HWY_UNLIKELY(after < 0)) goto look;                \
  reader.skip(SkipTable::bits_used(entry));              \
  left = after | 255;
    PIXFEED_JPEG_LOOK_UP
    PIXFEED_JPEG_LOOK_UP
#undef PIXFEED_JPEG_LOOK_UP
    reader.refill();
    continue;

  look:
    if (HWY_LIKELY(!SkipTable::odd(after))) {
      reader.skip(SkipTable::bits_used(entry));
      return true;
    }
    // A long symbol, or several of which only the first ones belong to this block.
    BitReader slow = reader;
    k = 62 - (left >> 8);
    const int outcome = read_ac(slow, *kind.ac, block, k);
    if (HWY_UNLIKELY(outcome < 0)) return false;
    reader = slow;
    if (outcome != 0) return true;
    left = SkipTable::left_after(k);
    reader.refill();
  }
}

bool decode_mcus_simd(BitReader& caller, const McuLayout& layout, int mcus, int* dc, std::int16_t* block,
                      std::uint8_t* last) {
  BitReader reader = caller;  // a copy that the compiler can keep in registers
  reader.refill();
  unsigned strange = 0;
  const McuLayout::Block* const layout_end = layout.block + layout.blocks;
  for (; mcus > 0; --mcus) {
    for (const McuLayout::Block* kind = layout.block; kind != layout_end; ++kind, block += 64, ++last) {
      const unsigned dc_entry = kind->dc->entry[reader.bits >> (64 - DcTable::kBits)];
      reader.refill();
      int difference = DcTable::value(dc_entry, reader.bits);
      if (HWY_LIKELY(dc_entry != 0)) {
        reader.skip(DcTable::bits_used(dc_entry));
      } else {
        BitReader slow = reader;
        if (!read_dc(slow, *kind->dc, difference)) return false;
        reader = slow;
        reader.refill();
      }
      // libjpeg keeps 32 bits of the sum and 16 of the coefficient. No sound file needs more than 16 of either.
      const int sum = dc[kind->component] + difference;
      dc[kind->component] = sum;
      strange |= static_cast<unsigned>(sum + 32768);
      if (HWY_UNLIKELY(strange > 65535)) return false;
      const int enough = kind->enough;
      if (enough == 0) {
        block[0] = static_cast<std::int16_t>(sum);
        if (!skip_ac(reader, *kind, block, 0)) return false;
        reader.refill();
        *last = 0;
        continue;
      }
      clear(block, enough);
      block[0] = static_cast<std::int16_t>(sum);

      // A refill gives enough bits for four look-ups, or for a short DC difference and three look-ups. It also covers
      // the index of the look-up that follows (an AC symbol or the next block's DC), so that one does not wait for the
      // refill.
      static_assert(DcTable::kMaxUsed + 4 * AcTable::kBits <= 56 && 5 * AcTable::kBits <= 56);
      static_assert(DcTable::kBits <= AcTable::kBits);
      const std::uint32_t* const table = kind->ac->entry;
      const std::uint8_t* const begin = kZigzag.place;
      const std::uint8_t* const stop = begin + enough;
      const std::uint8_t* at = begin;
      int k;
      std::uint32_t entry, used = 0;
      std::uint64_t before;
      const std::uint8_t* to;
      goto three;
      for (;;) {
        // The bits of four look-ups add up to less than 64, so entries are added up without taking them apart. Both
        // stores are made whatever the entry is; those that mean nothing go where they do no harm.
        //
        // A macro and goto because four copies of this code jump to one place, and one copy starts in the middle of the
        // loop. Written as a lambda that returns whether to go on, decoding to 256 x 256 took 3.1 % longer with g++ 12
        // (95 % interval 1.1 to 6.3 %, 300 ImageNet files).
#define PIXFEED_JPEG_LOOK_UP(refill)                                                      \
  entry = table[reader.bits >> (64 - AcTable::kBits)];                                    \
  refill;                                                                                 \
  before = reader.bits;                                                                   \
  reader.bits <<= AcTable::bits_used(entry);                                              \
  used += entry;                                                                          \
  to = at + AcTable::to_last(entry);                                                      \
  block[at[AcTable::to_first(entry)]] = static_cast<std::int16_t>(AcTable::first(entry)); \
  block[*to] = static_cast<std::int16_t>(AcTable::last(entry));                           \
  if (HWY_UNLIKELY(to >= stop)) goto look;                                                \
  at = to;
        PIXFEED_JPEG_LOOK_UP(reader.refill())
      three:
        PIXFEED_JPEG_LOOK_UP((void)0)
        PIXFEED_JPEG_LOOK_UP((void)0)
        PIXFEED_JPEG_LOOK_UP((void)0)
#undef PIXFEED_JPEG_LOOK_UP
        reader.count -= AcTable::bits_used(used);
        used = 0;
        continue;

      look:
        reader.count -= AcTable::bits_used(used);
        used = 0;
        const int reached = static_cast<int>(to - begin);
        if (reached < 63) {  // it goes on, but not for us
          k = reached;
          reader.refill();
          if (!skip_ac(reader, *kind, block, k)) return false;
          reader.refill();
          break;
        }
        if (HWY_LIKELY((reached & 127) <= 62)) {
          k = reached & 127;
          break;
        }
        if (reached == 63) {
          k = 63;
          break;
        }
        // A long symbol, or a pair of which only the first symbol belongs to this block.
        BitReader slow = reader;
        slow.bits = before;
        slow.count += AcTable::bits_used(entry);
        k = static_cast<int>(at - begin);
        int outcome;
        if (HWY_LIKELY(to - at == AcTable::kSlow && AcTable::symbol(entry) != 0)) {
          slow.refill();
          const unsigned size = AcTable::symbol(entry) & 15;
          k += static_cast<int>(AcTable::symbol(entry) >> 4) + 1;
          if (HWY_UNLIKELY(k > 63)) return false;
          block[begin[k]] = static_cast<std::int16_t>(value_at(slow.bits << AcTable::length(entry), 63 - size));
          slow.skip(AcTable::length(entry) + size);
          outcome = k == 63;
        } else {
          outcome = read_ac(slow, *kind->ac, block, k);
          if (HWY_UNLIKELY(outcome < 0)) return false;
        }
        reader = slow;
        if (outcome != 0) break;
        at = begin + k;
      }
      *last = static_cast<std::uint8_t>(k);
    }
  }
  caller = reader;
  return true;
}

}  // namespace HWY_NAMESPACE
}  // namespace pixfeed::jpeg
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pixfeed::jpeg {

HWY_EXPORT(decode_mcus_simd);

bool decode_mcus(BitReader& reader, const McuLayout& layout, int mcus, int dc[3], std::int16_t* coefs,
                 std::uint8_t* last) {
  return HWY_DYNAMIC_DISPATCH(decode_mcus_simd)(reader, layout, mcus, dc, coefs, last);
}

}  // namespace pixfeed::jpeg
#endif  // HWY_ONCE
