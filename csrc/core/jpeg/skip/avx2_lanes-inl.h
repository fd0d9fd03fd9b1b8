// Eight 32-bit lanes: table look-ups, and bits read at eight places. For x86 CPUs with AVX2 (also used on AVX-512
// targets); elsewhere PIXFEED_JPEG_EIGHT is 0 and this file is empty. Included once per CPU target.
#if defined(PIXFEED_JPEG_EIGHT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PIXFEED_JPEG_EIGHT_INL_H_
#undef PIXFEED_JPEG_EIGHT_INL_H_
#else
#define PIXFEED_JPEG_EIGHT_INL_H_
#endif

#include <hwy/highway.h>

#include <cstdint>
#include <cstring>

#undef PIXFEED_JPEG_EIGHT
#if HWY_ARCH_X86_64 && defined(__GNUC__) && HWY_TARGET <= HWY_AVX2
#define PIXFEED_JPEG_EIGHT 1
#else
#define PIXFEED_JPEG_EIGHT 0
#endif

#if PIXFEED_JPEG_EIGHT

HWY_BEFORE_NAMESPACE();
namespace pixfeed::jpeg {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

constexpr hn::FixedTag<std::uint32_t, 8> d32;
constexpr hn::FixedTag<std::int32_t, 8> di32;
constexpr hn::FixedTag<std::uint64_t, 4> d64;
using V32 = hn::Vec<decltype(d32)>;
using V64 = hn::Vec<decltype(d64)>;
constexpr int kEight = 8;

// What eight lanes hold, in memory.
struct alignas(32) Lanes {
  std::uint32_t of[kEight];

  HWY_INLINE Lanes() = default;
  HWY_INLINE explicit Lanes(V32 v) { hn::Store(v, d32, of); }
  HWY_INLINE V32 load() const { return hn::Load(d32, of); }

  // The same, to be read number by number: otherwise g++ takes them out of the vector's register, in two steps each.
  HWY_INLINE static Lanes of_each(V32 v) {
    Lanes lanes(v);
    __asm__("" : "+m"(lanes.of));
    return lanes;
  }
};

HWY_INLINE V32 all(std::uint32_t value) { return hn::Set(d32, value); }

// Bit i is the sign of lane i.
HWY_INLINE unsigned signs(V32 v) { return static_cast<unsigned>(_mm256_movemask_ps(_mm256_castsi256_ps(v.raw))); }

// `yes` where `which` is negative.
HWY_INLINE V32 where_negative(V32 which, V32 yes, V32 no) {
  return V32{_mm256_castps_si256(
      _mm256_blendv_ps(_mm256_castsi256_ps(no.raw), _mm256_castsi256_ps(yes.raw), _mm256_castsi256_ps(which.raw)))};
}

// of[index]; only the lowest three bits of each index count.
HWY_INLINE V32 permute(V32 of, V32 index) { return V32{_mm256_permutevar8x32_epi32(of.raw, index.raw)}; }

// table[index]. Not by the CPU's own gather: on Zen 3 it takes more steps than these loads, and where microcode mends
// it (Intel's Downfall) several times as long.
HWY_INLINE V32 look_up(const std::uint16_t* table, V32 index) {
  const Lanes at = Lanes::of_each(index);
  const auto entry = [&](int lane) { return static_cast<short>(table[at.of[lane]]); };
  return V32{_mm256_cvtepu16_epi32(
      _mm_setr_epi16(entry(0), entry(1), entry(2), entry(3), entry(4), entry(5), entry(6), entry(7)))};
}

HWY_INLINE V32 look_up(const std::uint32_t* table, V32 index) {
  const Lanes at = Lanes::of_each(index);
  const auto entry = [&](int lane) { return static_cast<int>(table[at.of[lane]]); };
  return V32{_mm256_setr_epi32(entry(0), entry(1), entry(2), entry(3), entry(4), entry(5), entry(6), entry(7))};
}

// BitReader's kind of bits, from eight places at once.
class EightBits {
 public:
  HWY_INLINE EightBits() = default;
  // From the bits `at` of `bytes` on: 57 each. Reads 8 bytes at each place.
  HWY_INLINE EightBits(const std::uint8_t* bytes, V32 at) {
    const Lanes byte = Lanes::of_each(hn::ShiftRight<3>(at));
    const auto word = [&](int lane) {
      long long eight;
      std::memcpy(&eight, bytes + byte.of[lane], sizeof(eight));
      return eight;
    };
    const auto swap = _mm256_setr_epi8(7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8,  //
                                       7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8);
    even_ = V64{_mm256_shuffle_epi8(_mm256_setr_epi64x(word(0), word(2), word(4), word(6)), swap)};
    odd_ = V64{_mm256_shuffle_epi8(_mm256_setr_epi64x(word(1), word(3), word(5), word(7)), swap)};
    skip(hn::And(at, all(7)));
  }

  // The next 32 bits.
  HWY_INLINE V32 head() const {
    return hn::OddEven(hn::BitCast(d32, odd_), hn::BitCast(d32, hn::ShiftRight<32>(even_)));
  }

  // Of each as many as its lane says, less than 64.
  HWY_INLINE void skip(V32 n) {
    even_ = hn::Shl(even_, hn::And(hn::BitCast(d64, n), hn::Set(d64, 63)));
    odd_ = hn::Shl(odd_, hn::ShiftRight<32>(hn::BitCast(d64, n)));
  }

 private:
  V64 even_, odd_;  // of the even lanes and of the odd ones
};

}  // namespace HWY_NAMESPACE
}  // namespace pixfeed::jpeg
HWY_AFTER_NAMESPACE();

#endif  // PIXFEED_JPEG_EIGHT
#endif  // include guard
