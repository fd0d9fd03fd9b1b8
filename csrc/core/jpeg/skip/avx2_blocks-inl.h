// Eight blocks side by side, or sixteen, in vectors: the DC differences, and the few coefficients that are needed of
// each. Included once per CPU target.
#if defined(PIXFEED_JPEG_EIGHT_BLOCKS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PIXFEED_JPEG_EIGHT_BLOCKS_INL_H_
#undef PIXFEED_JPEG_EIGHT_BLOCKS_INL_H_
#else
#define PIXFEED_JPEG_EIGHT_BLOCKS_INL_H_
#endif

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "core/jpeg/bit_reader.h"
#include "core/jpeg/skip/avx2_lanes-inl.h"
#include "core/jpeg/skip/decode_low.h"

#if PIXFEED_JPEG_EIGHT

HWY_BEFORE_NAMESPACE();
namespace pixfeed::jpeg {
namespace HWY_NAMESPACE {

// value_at() of 32 - `less` bits. A shift by 32 leaves nothing.
HWY_INLINE V32 values_at(V32 bits, V32 less) {
  const V32 negative = hn::BitCast(d32, hn::BroadcastSignBit(hn::BitCast(di32, hn::Not(bits))));
  return hn::Sub(hn::Xor(hn::Shr(hn::Xor(bits, negative), less), negative), negative);
}

// SymbolTable's functions.
HWY_INLINE V32 used_by(V32 entry) { return hn::And(entry, all(63)); }
HWY_INLINE V32 distance_of(V32 entry) { return hn::ShiftRight<24>(entry); }
HWY_INLINE V32 values_of(V32 entry, V32 bits) {
  const V32 less = hn::Sub(hn::And(hn::ShiftRight<16>(entry), all(127)), all(32));
  return values_at(hn::Shl(bits, hn::And(hn::ShiftRight<8>(entry), all(31))), less);
}
HWY_INLINE V32 entry_for(const SymbolTable& table, V32 bits) {
  return look_up(table.entry, hn::ShiftRight<32 - SymbolTable::kBits>(bits));
}

// Blocks at the same place of eight MCUs, or fewer: the last one then stands in all lanes that are left.
struct EightBlocks {
  const LowLayout::Block* block;
  Lanes start, used;  // bits: where they begin, and of the DC
  Lanes difference;   // of the DC
  Lanes dc;
  Lanes low, high;  // two coefficients each of 2 x 2, as they lie in memory; the DC is 0 still
};

// The same for one block after the other, of those `lanes` that hold something long.
HWY_NOINLINE void decode_slowly(const std::uint8_t* bytes, unsigned lanes, EightBlocks& blocks) {
  const LowLayout::Block& block = *blocks.block;
  for (; lanes != 0; lanes &= lanes - 1) {
    const int lane = std::countr_zero(lanes);
    const std::uint64_t head = bits_at(bytes, blocks.start.of[lane]);
    const unsigned code = code_of(head, block.dc->codes);
    const unsigned size = code & 15;
    blocks.difference.of[lane] = static_cast<std::uint32_t>(value_at(head << (code >> 8), 63 - size));
    blocks.used.of[lane] = (code >> 8) + size;
    if (block.size != 2) continue;
    std::int16_t coefs[LowLayout::coefs(2)];
    decode_low_slowly(bytes, std::uint64_t{blocks.start.of[lane]} + blocks.used.of[lane], block, coefs);
    blocks.low.of[lane] = static_cast<std::uint32_t>(coefs[1]) << 16;
    blocks.high.of[lane] = static_cast<std::uint16_t>(coefs[2]);
  }
}

// Of kN times eight blocks the DC differences, and what 2 x 2 need besides. kN in turns, as they wait for their
// look-ups.
template <int kN, bool kIs2>
HWY_INLINE void decode_eights(const std::uint8_t* bytes, EightBlocks* blocks) {
  EightBits bits[kN];
  V32 used[kN], slow[kN];
  HWY_UNROLL(2)
  for (int i = 0; i < kN; ++i) bits[i] = EightBits(bytes, blocks[i].start.load());
  HWY_UNROLL(2)
  for (int i = 0; i < kN; ++i) {
    const std::uint16_t* const codes = blocks[i].block->dc->codes.entry;
    const V32 head = bits[i].head();
    const V32 code = look_up(codes, hn::ShiftRight<32 - CodeTable::kBits>(head));
    const V32 length = hn::ShiftRight<8>(code), size = hn::And(code, all(15));
    used[i] = hn::Add(length, size);
    bits[i].skip(used[i]);
    blocks[i].difference = Lanes(values_at(hn::Shl(head, length), hn::Sub(all(32), size)));
    blocks[i].used = Lanes(used[i]);
    slow[i] = hn::VecFromMask(d32, hn::Eq(code, all(0)));
  }
  if constexpr (kIs2) {
    static_assert(kEnough2 == 2);
    V32 first[kN], value[kN];
    HWY_UNROLL(2)
    for (int i = 0; i < kN; ++i) {
      const V32 head = bits[i].head();
      first[i] = entry_for(*blocks[i].block->symbols, head);
      bits[i].skip(used_by(first[i]));
      value[i] = values_of(first[i], head);
    }
    HWY_UNROLL(2)
    for (int i = 0; i < kN; ++i) {
      const V32 head = bits[i].head();
      const V32 second = entry_for(*blocks[i].block->symbols, head);
      const V32 both = hn::Add(first[i], second);
      const V32 to_first = distance_of(first[i]);
      const V32 behind = hn::IfThenElseZero(hn::Eq(distance_of(both), all(2)), values_of(second, head));
      blocks[i].low = Lanes(hn::IfThenElseZero(hn::Eq(to_first, all(1)), hn::ShiftLeft<16>(value[i])));
      blocks[i].high = Lanes(hn::And(hn::IfThenElse(hn::Eq(to_first, all(2)), value[i], behind), all(0xFFFF)));
      static_assert(SymbolTable::kSlow == 1U << 30);
      slow[i] = hn::Or(slow[i], hn::ShiftLeft<1>(hn::Or(first[i], second)));
      slow[i] = hn::Or(slow[i], hn::Sub(all(57), hn::Add(used[i], used_by(both))));  // all that was read
    }
  }
  for (int i = 0; i < kN; ++i) {
    const unsigned lanes = signs(slow[i]);
    if (HWY_UNLIKELY(lanes != 0)) decode_slowly(bytes, lanes, blocks[i]);
  }
}

// Of each lane, the sum of all up to it.
HWY_INLINE V32 sums_up_to(V32 a) {
  a = hn::Add(a, hn::ShiftLeftLanes<1>(d32, a));
  a = hn::Add(a, hn::ShiftLeftLanes<2>(d32, a));
  return hn::Add(a, hn::ConcatLowerLower(d32, hn::Broadcast<3>(a), all(0)));
}

// 2 x 2, or a DC alone, of the first `n` blocks.
HWY_INLINE void store_2(const EightBlocks& blocks, int n, std::int16_t* coefs) {
  const V32 dcs = hn::And(blocks.dc.load(), all(0xFFFF));
  const std::ptrdiff_t step = blocks.block->step;
  const bool is_dc = blocks.block->size == 1;
  const V32 low = is_dc ? dcs : hn::Or(dcs, blocks.low.load());
  const V32 high = is_dc ? all(0) : blocks.high.load();
  const __m256i even = hn::InterleaveLower(d32, low, high).raw;  // blocks 0, 1, 4 and 5
  const __m256i odd = hn::InterleaveUpper(d32, low, high).raw;   // 2, 3, 6 and 7
  const __m128i pairs[4] = {_mm256_castsi256_si128(even), _mm256_castsi256_si128(odd),
                            _mm256_extracti128_si256(even, 1), _mm256_extracti128_si256(odd, 1)};
  const auto one = [](std::int16_t* to, __m128i pair) { _mm_storel_epi64(reinterpret_cast<__m128i*>(to), pair); };
  const auto other = [](std::int16_t* to, __m128i pair) {
    _mm_storeh_pd(reinterpret_cast<double*>(to), _mm_castsi128_pd(pair));
  };
  if (HWY_LIKELY(n == kEight)) {
    for (const __m128i pair : pairs) {
      one(coefs, pair);
      other(coefs + step, pair);
      coefs += 2 * step;
    }
    return;
  }
  for (int i = 0; i < n; ++i, coefs += step) {
    if (i % 2 == 0) {
      one(coefs, pairs[i / 2]);
    } else {
      other(coefs, pairs[i / 2]);
    }
  }
}

HWY_INLINE V32 in_both_halves(V32 v) {
  const hn::Repartition<std::uint16_t, decltype(d32)> d16;
  return hn::BitCast(d32, hn::OddEven(hn::BitCast(d16, hn::ShiftLeft<16>(v)), hn::BitCast(d16, v)));
}

// `yes` in those halves of a lane where `a` and `b` are equal.
HWY_INLINE V32 where_equal(V32 a, V32 b, V32 yes, V32 no) {
  const hn::Repartition<std::uint16_t, decltype(d32)> d16;
  const auto equal = hn::Eq(hn::BitCast(d16, a), hn::BitCast(d16, b));
  return hn::BitCast(d32, hn::IfThenElse(equal, hn::BitCast(d16, yes), hn::BitCast(d16, no)));
}

// Two coefs of eight blocks in each, of the first `n` of them to memory.
HWY_INLINE void store_4(const V32 (&pairs)[3], int n, std::ptrdiff_t step, std::int16_t* coefs) {
  const auto in_64 = [](V32 v) { return hn::BitCast(d64, v); };
  const V64 a = in_64(hn::InterleaveLower(d32, pairs[0], pairs[1]));
  const V64 b = in_64(hn::InterleaveUpper(d32, pairs[0], pairs[1]));
  const V64 c = in_64(hn::InterleaveLower(d32, pairs[2], all(0)));
  const V64 d = in_64(hn::InterleaveUpper(d32, pairs[2], all(0)));
  const V64 four_apart[4] = {hn::InterleaveLower(d64, a, c), hn::InterleaveUpper(d64, a, c),  //
                             hn::InterleaveLower(d64, b, d), hn::InterleaveUpper(d64, b, d)};
  const hn::Half<decltype(d64)> half;
  const hn::Repartition<std::int16_t, decltype(half)> d16;
  const auto store = [&](hn::Vec<decltype(half)> block, int i) {
    hn::StoreU(hn::BitCast(d16, block), d16, coefs + i * step);
  };
  for (int i = 0; i < std::min(n, 4); ++i) store(hn::LowerHalf(half, four_apart[i]), i);
  for (int i = 4; i < n; ++i) store(hn::UpperHalf(half, four_apart[i - 4]), i);
}

// 4 x 4 of kN times `n` blocks, which go to `coefs`.
template <int kN>
HWY_INLINE void decode_low_4(const std::uint8_t* bytes, const EightBlocks* blocks, int n, std::int16_t* const* coefs) {
  static_assert(kEnough4 == 5 && LowLayout::coefs(4) == 8);
  V32 at[kN], k[kN], slow[kN], pairs[kN][3];  // of coefficients, where their blocks are
  Lanes first[kN];
  for (int i = 0; i < kN; ++i) {
    at[i] = hn::Add(blocks[i].start.load(), blocks[i].used.load());
    first[i] = Lanes(at[i]);
    pairs[i][0] = hn::And(blocks[i].dc.load(), all(0xFFFF));
    pairs[i][1] = pairs[i][2] = k[i] = slow[i] = all(0);
  }
  unsigned going;
  do {
    static_assert(2 * SymbolTable::kMaxUsed <= 57);
    EightBits bits[kN];
    HWY_UNROLL(2)
    for (int i = 0; i < kN; ++i) bits[i] = EightBits(bytes, at[i]);
    going = 0;
    HWY_UNROLL(2)
    for (int symbol = 0; symbol < 2; ++symbol) {
      HWY_UNROLL(2)
      for (int i = 0; i < kN; ++i) {
        const V32 head = bits[i].head();
        const V32 entry = entry_for(*blocks[i].block->symbols, head);
        bits[i].skip(used_by(entry));
        at[i] = hn::Add(at[i], used_by(entry));
        // A slow one counts where its block goes on.
        slow[i] = hn::Or(slow[i], hn::And(hn::ShiftLeft<1>(entry), hn::Sub(k[i], all(kEnough4))));
        k[i] = hn::Min(hn::Add(k[i], distance_of(entry)), all(63));
        const V32 value = in_both_halves(values_of(entry, head)), place = in_both_halves(k[i]);
        pairs[i][0] = where_equal(place, all(1 << 16), value, pairs[i][0]);
        pairs[i][1] = where_equal(place, all(3 << 16 | 2), value, pairs[i][1]);
        pairs[i][2] = where_equal(place, all(5 << 16 | 4), value, pairs[i][2]);
      }
    }
    for (int i = 0; i < kN; ++i) going |= signs(hn::Sub(k[i], all(kEnough4)));
  } while (going != 0);
  for (int i = 0; i < kN; ++i) {
    const LowLayout::Block& block = *blocks[i].block;
    if (HWY_LIKELY(n == kEight)) {
      store_4(pairs[i], kEight, block.step, coefs[i]);
    } else {
      store_4(pairs[i], n, block.step, coefs[i]);
    }
    for (unsigned lanes = signs(slow[i]); HWY_UNLIKELY(lanes != 0); lanes &= lanes - 1) {
      const int lane = std::countr_zero(lanes);
      if (lane < n) decode_low_slowly(bytes, first[i].of[lane], block, coefs[i] + lane * block.step);
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace pixfeed::jpeg
HWY_AFTER_NAMESPACE();

#endif  // PIXFEED_JPEG_EIGHT
#endif  // include guard
