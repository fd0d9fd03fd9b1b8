// Two taps along a row and of two rows, in 8.8 fixed point: SIMD loops and plain twins.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/resample/linear_exact_kernels.cpp"
#include <hwy/foreach_target.h>
// The order matters: highway.h after foreach_target.h.
#include <hwy/highway.h>

#include "core/resample/linear_exact_kernels.h"
#include "core/resample/pairs-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pixfeed::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128

void exact_row_simd(const std::uint8_t* src, int limit, const std::int32_t* offset, const std::int16_t* weight, int n,
                    std::uint16_t* dst) {
  exact_row_plain(src, limit, offset, weight, n, dst);
}
void exact_blend_simd(const std::uint16_t* upper, const std::uint16_t* lower, int weight_lower, int n,
                      std::uint8_t* out) {
  exact_blend_plain(upper, lower, weight_lower, n, out);
}

#else

void exact_row_simd(const std::uint8_t* src, int limit, const std::int32_t* offset, const std::int16_t* weight, int n,
                    std::uint16_t* dst) {
  const auto pairs = hn::Load(du8, kPairs);
  const hn::FixedTag<std::uint8_t, 8> eight_bytes;
  const hn::FixedTag<std::uint16_t, 4> four;
  // Offsets never decrease; the last columns, whose 8 bytes would reach past the row, are done without vectors.
  int safe = n;
  while (safe > 0 && offset[safe - 1] + 8 > limit) --safe;
  for (int i = 0; i < safe; ++i) {
    const auto bytes = hn::ZeroExtendVector(du8, hn::LoadU(eight_bytes, src + offset[i]));
    const auto taps = hn::BitCast(di16, hn::TableLookupBytesOr0(bytes, pairs));
    hn::StoreU(hn::DemoteTo(four, add_pairs(taps, pair(weight + 2 * i), hn::Zero(di32))), four, dst + 3 * i);
  }
  exact_row_plain(src, limit, offset + safe, weight + 2 * safe, n - safe, dst + 3 * safe);
}

void exact_blend_simd(const std::uint16_t* upper, const std::uint16_t* lower, int weight_lower, int n,
                      std::uint8_t* out) {
  // Products are of signed values, so 32768 is taken from every value. Both weights together are 256: 32768 * 256 comes
  // back at the end, with the half that rounds.
  const hn::FixedTag<std::uint16_t, 8> du16;
  const hn::FixedTag<std::int16_t, 4> half;
  const hn::FixedTag<std::uint8_t, 8> eight_bytes;
  const std::int16_t both[2] = {static_cast<std::int16_t>(256 - weight_lower), static_cast<std::int16_t>(weight_lower)};
  const auto weights = pair(both);
  const auto sign = hn::Set(du16, 0x8000);
  const auto back = hn::Set(di32, 0x8000 * 256 + 0x8000);
  int i = 0;
  for (; i + 8 <= n; i += 8) {
    const auto a = hn::BitCast(di16, hn::Xor(hn::LoadU(du16, upper + i), sign));
    const auto b = hn::BitCast(di16, hn::Xor(hn::LoadU(du16, lower + i), sign));
    const auto first = hn::ShiftRight<16>(add_pairs(hn::InterleaveLower(di16, a, b), weights, back));
    const auto second = hn::ShiftRight<16>(add_pairs(hn::InterleaveUpper(di16, a, b), weights, back));
    const auto words = hn::Combine(di16, hn::DemoteTo(half, second), hn::DemoteTo(half, first));
    hn::StoreU(hn::DemoteTo(eight_bytes, words), eight_bytes, out + i);
  }
  exact_blend_plain(upper + i, lower + i, weight_lower, n - i, out + i);
}

#endif

}  // namespace HWY_NAMESPACE
}  // namespace pixfeed::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pixfeed::kernels {

HWY_EXPORT(exact_row_simd);
HWY_EXPORT(exact_blend_simd);

void exact_row(const std::uint8_t* src, int limit, const std::int32_t* offset, const std::int16_t* weight, int n,
               std::uint16_t* dst) {
  HWY_DYNAMIC_DISPATCH(exact_row_simd)(src, limit, offset, weight, n, dst);
}

void exact_blend(const std::uint16_t* upper, const std::uint16_t* lower, int weight_lower, int n, std::uint8_t* out) {
  HWY_DYNAMIC_DISPATCH(exact_blend_simd)(upper, lower, weight_lower, n, out);
}

void exact_row_plain(const std::uint8_t* src, int limit, const std::int32_t* offset, const std::int16_t* weight, int n,
                     std::uint16_t* dst) {
  for (int i = 0; i < n; ++i) {
    for (int c = 0; c < 3; ++c) {
      const int left = offset[i] + c, right = left + 3;
      int sum = src[left] * weight[2 * i];
      if (right < limit) sum += src[right] * weight[2 * i + 1];
      dst[3 * i + c] = static_cast<std::uint16_t>(sum);
    }
  }
}

void exact_blend_plain(const std::uint16_t* upper, const std::uint16_t* lower, int weight_lower, int n,
                       std::uint8_t* out) {
  for (int i = 0; i < n; ++i) {
    out[i] = static_cast<std::uint8_t>((upper[i] * (256 - weight_lower) + lower[i] * weight_lower + 0x8000) >> 16);
  }
}

}  // namespace pixfeed::kernels
#endif
