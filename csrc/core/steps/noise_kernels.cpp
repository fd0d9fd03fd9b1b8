// Philox4x32-10: many counters at once, and a plain twin.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/steps/noise_kernels.cpp"
#include <hwy/foreach_target.h>
// The order matters: highway.h after foreach_target.h.
#include <hwy/highway.h>

#include "core/steps/noise_kernels.h"

#ifndef PIXFEED_STEPS_NOISE_PLAIN
#define PIXFEED_STEPS_NOISE_PLAIN
namespace pixfeed::kernels {

constexpr int kRounds = 10;
constexpr std::uint32_t kMultipliers[2] = {0xD2511F53, 0xCD9E8D57}, kSteps[2] = {0x9E3779B9, 0xBB67AE85};

}  // namespace pixfeed::kernels
#endif

HWY_BEFORE_NAMESPACE();
namespace pixfeed::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_SCALAR

void philox_simd(const std::uint32_t key[2], std::uint32_t first, int blocks, std::uint32_t* words) {
  philox_plain(key, first, blocks, words);
}

#else

// A word of 32 bits in every lane of 64; what is above it does not count.
void philox_simd(const std::uint32_t key[2], std::uint32_t first, int blocks, std::uint32_t* words) {
  const hn::CappedTag<std::uint64_t, 16> d;
  const hn::Repartition<std::uint32_t, decltype(d)> d32;
  using V = hn::VFromD<decltype(d)>;
  const int step = static_cast<int>(hn::Lanes(d));
  const V by_a = hn::Set(d, kMultipliers[0]), by_c = hn::Set(d, kMultipliers[1]), word = hn::Set(d, 0xFFFFFFFF);
  const auto times = [&](V a, V b) { return hn::MulEven(hn::BitCast(d32, a), hn::BitCast(d32, b)); };
  for (int i = 0; i < blocks; i += step) {
    V a = hn::Iota(d, static_cast<std::uint64_t>(first) + static_cast<std::uint64_t>(i));
    V b = hn::Zero(d), c = hn::Zero(d), e = hn::Zero(d);
    std::uint32_t left = key[0], right = key[1];
    for (int round = 0; round < kRounds; ++round, left += kSteps[0], right += kSteps[1]) {
      const V one = times(a, by_a), other = times(c, by_c);
      a = hn::Xor(hn::Xor(hn::ShiftRight<32>(other), b), hn::Set(d, left));
      c = hn::Xor(hn::Xor(hn::ShiftRight<32>(one), e), hn::Set(d, right));
      b = other, e = one;
    }
    const V ab = hn::Or(hn::And(a, word), hn::ShiftLeft<32>(b)), ce = hn::Or(hn::And(c, word), hn::ShiftLeft<32>(e));
    HWY_ALIGN std::uint64_t pairs[2][16];
    hn::Store(ab, d, pairs[0]), hn::Store(ce, d, pairs[1]);
    for (int k = 0; k < step; ++k) {
      for (const auto& pair : pairs) {
        *words++ = static_cast<std::uint32_t>(pair[k]);
        *words++ = static_cast<std::uint32_t>(pair[k] >> 32);
      }
    }
  }
}

#endif

}  // namespace HWY_NAMESPACE
}  // namespace pixfeed::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pixfeed::kernels {

HWY_EXPORT(philox_simd);

void philox(const std::uint32_t key[2], std::uint32_t first, int blocks, std::uint32_t* words) {
  HWY_DYNAMIC_DISPATCH(philox_simd)(key, first, blocks, words);
}

void philox_plain(const std::uint32_t key[2], std::uint32_t first, int blocks, std::uint32_t* words) {
  for (int i = 0; i < blocks; ++i) {
    std::uint32_t a = first + static_cast<std::uint32_t>(i), b = 0, c = 0, d = 0, left = key[0], right = key[1];
    for (int round = 0; round < kRounds; ++round, left += kSteps[0], right += kSteps[1]) {
      const std::uint64_t one = std::uint64_t{a} * kMultipliers[0], other = std::uint64_t{c} * kMultipliers[1];
      a = static_cast<std::uint32_t>(other >> 32) ^ b ^ left;
      c = static_cast<std::uint32_t>(one >> 32) ^ d ^ right;
      b = static_cast<std::uint32_t>(other), d = static_cast<std::uint32_t>(one);
    }
    for (const std::uint32_t word : {a, b, c, d}) *words++ = word;
  }
}

}  // namespace pixfeed::kernels
#endif
