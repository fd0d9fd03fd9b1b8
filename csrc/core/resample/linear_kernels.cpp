// Two taps along a row and of two rows, with 11-bit weights, and 2 x 2 means: SIMD loops and plain twins.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/resample/linear_kernels.cpp"
#include <hwy/foreach_target.h>
// The order matters: highway.h after foreach_target.h.
#include <hwy/highway.h>

#include <algorithm>

#include "core/resample/linear_kernels.h"
#include "core/resample/pairs-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pixfeed::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128

void resample_row_simd(const std::uint8_t* src, int limit, const std::int32_t* offset, const std::int16_t* weight,
                       int n, std::int16_t* dst) {
  resample_row_plain(src, limit, offset, weight, n, dst);
}
void blend_rows_simd(const std::int16_t* upper, const std::int16_t* lower, int weight_upper, int weight_lower, int n,
                     std::uint8_t* rgb) {
  blend_rows_plain(upper, lower, weight_upper, weight_lower, n, rgb);
}
void halve_rows_simd(const std::uint8_t* upper, const std::uint8_t* lower, int n, std::uint8_t* rgb) {
  halve_rows_plain(upper, lower, n, rgb);
}

#else

// Columns four at a time; gives how many are done.
int resample_fours(const std::uint8_t* src, int limit, const std::int32_t* offset, const std::int16_t* weight, int n,
                   std::int16_t* dst) {
  int i = 0;
#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3
  const hn::FixedTag<std::uint8_t, 32> d8;
  const hn::FixedTag<std::int16_t, 16> d16;
  const hn::FixedTag<std::int32_t, 8> d32;
  // One vector has the columns 0 and 2, the other 1 and 3, because packing takes 128 bits of either in turn.
  alignas(32) static constexpr std::uint8_t kEven[32] = {0, 1, 2,  3,  0, 1, 2,  3,  0, 1, 2,  3,  0, 1, 2,  3,
                                                         8, 9, 10, 11, 8, 9, 10, 11, 8, 9, 10, 11, 8, 9, 10, 11};
  const auto even = hn::Load(d8, kEven), odd = hn::Add(even, hn::Set(d8, 4));
  const auto pairs = hn::LoadDup128(d8, kPairs);
  const auto columns = [&](int left, int right, hn::VFromD<decltype(d8)> factors) HWY_ATTR {
    const auto bytes = hn::Combine(d8, hn::LoadU(du8, src + offset[right]), hn::LoadU(du8, src + offset[left]));
    const auto taps = hn::BitCast(d16, hn::TableLookupBytesOr0(bytes, pairs));
    return hn::ShiftRight<4>(add_pairs(taps, hn::BitCast(d16, factors), hn::Zero(d32)));
  };
  for (; i + 4 <= n && offset[i + 3] + 16 <= limit; i += 4) {
    const auto factors = hn::BitCast(d8, hn::LoadDup128(d16, weight + 2 * i));
    const auto first = columns(i, i + 2, hn::TableLookupBytes(factors, even));
    const auto second = columns(i + 1, i + 3, hn::TableLookupBytes(factors, odd));
    hn::StoreU(hn::ReorderDemote2To(d16, first, second), d16, dst + 4 * i);
  }
#else
  (void)src, (void)limit, (void)offset, (void)weight, (void)n, (void)dst;
#endif
  return i;
}

void resample_row_simd(const std::uint8_t* src, int limit, const std::int32_t* offset, const std::int16_t* weight,
                       int n, std::int16_t* dst) {
  const auto pairs = hn::Load(du8, kPairs);
  const hn::FixedTag<std::uint8_t, 8> eight_bytes;
  const auto pixel = [&](int i) HWY_ATTR {
    const auto bytes = hn::ZeroExtendVector(du8, hn::LoadU(eight_bytes, src + offset[i]));
    const auto taps = hn::BitCast(di16, hn::TableLookupBytesOr0(bytes, pairs));
    return hn::ShiftRight<4>(add_pairs(taps, pair(weight + 2 * i), hn::Zero(di32)));
  };
  // Offsets never decrease; the last columns, whose 8 bytes would reach past the row, are done without vectors.
  int safe = n;
  while (safe > 0 && offset[safe - 1] + 8 > limit) --safe;
  int i = resample_fours(src, limit, offset, weight, n, dst);
  const hn::FixedTag<std::int16_t, 4> four;
  for (; i < safe; ++i) hn::StoreU(hn::DemoteTo(four, pixel(i)), four, dst + 4 * i);
  resample_row_plain(src, limit, offset + i, weight + 2 * i, n - i, dst + 4 * i);
}

void blend_rows_simd(const std::int16_t* upper, const std::int16_t* lower, int weight_upper, int weight_lower, int n,
                     std::uint8_t* rgb) {
  alignas(16) static constexpr std::uint8_t kPack[16] = {0,  1,  2,  4,  5,    6,    8,    9,
                                                         10, 12, 13, 14, 0x80, 0x80, 0x80, 0x80};
  const auto pack = hn::Load(du8, kPack);
  const hn::CappedTag<std::int16_t, 16> d16;
  const hn::Rebind<std::uint8_t, decltype(d16)> bytes;
  const auto wu = hn::Set(d16, static_cast<std::int16_t>(weight_upper));
  const auto wl = hn::Set(d16, static_cast<std::int16_t>(weight_lower));
  const auto two = hn::Set(d16, 2);
  const auto blend = [&](int at) HWY_ATTR {
    const auto sum = hn::Add(hn::MulHigh(hn::LoadU(d16, upper + at), wu), hn::MulHigh(hn::LoadU(d16, lower + at), wl));
    return hn::DemoteTo(bytes, hn::ShiftRight<2>(hn::Add(sum, two)));
  };
  int i = 0;
  for (; i + 4 <= n; i += 4) {
#if HWY_MAX_BYTES >= 32
    const auto pixels = blend(4 * i);
#else
    const auto pixels = hn::Combine(du8, blend(4 * i + 8), blend(4 * i));
#endif
    hn::StoreU(hn::TableLookupBytesOr0(pixels, pack), du8, rgb + 3 * i);
  }
  blend_rows_plain(upper + 4 * i, lower + 4 * i, weight_upper, weight_lower, n - i, rgb + 3 * i);
}

void halve_rows_simd(const std::uint8_t* upper, const std::uint8_t* lower, int n, std::uint8_t* rgb) {
  // Four pixels become two: each channel is put beside that of the next pixel. The second four begin at byte 4 of their
  // 16, so that both loads end where the eight pixels end.
  alignas(16) static constexpr std::uint8_t kFirst[16] = {0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11, 0x80, 0x80, 0x80, 0x80};
  alignas(16) static constexpr std::uint8_t kSecond[16] = {4,  7,  5,  8,  6,    9,    10,   13,
                                                           11, 14, 12, 15, 0x80, 0x80, 0x80, 0x80};
  alignas(16) static constexpr std::uint8_t kPack[16] = {0,  1,  2,  3,  4,    5,    8,    9,
                                                         10, 11, 12, 13, 0x80, 0x80, 0x80, 0x80};
  const hn::Repartition<std::uint16_t, decltype(du8)> du16;
  const auto first = hn::Load(du8, kFirst), second = hn::Load(du8, kSecond), pack = hn::Load(du8, kPack);
  const auto low = hn::Set(du16, 0xFF), two = hn::Set(du16, 2);
  const auto add_neighbours = [&](const std::uint8_t* row, hn::VFromD<decltype(du8)> order) HWY_ATTR {
    const auto both = hn::BitCast(du16, hn::TableLookupBytesOr0(hn::LoadU(du8, row), order));
    return hn::Add(hn::And(both, low), hn::ShiftRight<8>(both));
  };
  const hn::FixedTag<std::uint8_t, 8> half;
  const auto mean = [&](int at, hn::VFromD<decltype(du8)> order) HWY_ATTR {
    const auto sum = hn::Add(add_neighbours(upper + at, order), add_neighbours(lower + at, order));
    return hn::DemoteTo(half, hn::BitCast(di16, hn::ShiftRight<2>(hn::Add(sum, two))));
  };
  int i = 0;
  for (; i + 4 <= n; i += 4) {
    const auto four = hn::Combine(du8, mean(6 * i + 8, second), mean(6 * i, first));
    hn::StoreU(hn::TableLookupBytesOr0(four, pack), du8, rgb + 3 * i);
  }
  halve_rows_plain(upper + 6 * i, lower + 6 * i, n - i, rgb + 3 * i);
}

#endif

}  // namespace HWY_NAMESPACE
}  // namespace pixfeed::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pixfeed::kernels {

HWY_EXPORT(resample_row_simd);
HWY_EXPORT(blend_rows_simd);
HWY_EXPORT(halve_rows_simd);

void resample_row(const std::uint8_t* src, int limit, const std::int32_t* offset, const std::int16_t* weight, int n,
                  std::int16_t* dst) {
  HWY_DYNAMIC_DISPATCH(resample_row_simd)(src, limit, offset, weight, n, dst);
}

void blend_rows(const std::int16_t* upper, const std::int16_t* lower, int weight_upper, int weight_lower, int n,
                std::uint8_t* rgb) {
  HWY_DYNAMIC_DISPATCH(blend_rows_simd)(upper, lower, weight_upper, weight_lower, n, rgb);
}

void halve_rows(const std::uint8_t* upper, const std::uint8_t* lower, int n, std::uint8_t* rgb) {
  HWY_DYNAMIC_DISPATCH(halve_rows_simd)(upper, lower, n, rgb);
}

void resample_row_plain(const std::uint8_t* src, int limit, const std::int32_t* offset, const std::int16_t* weight,
                        int n, std::int16_t* dst) {
  for (int i = 0; i < n; ++i) {
    for (int c = 0; c < 3; ++c) {
      const int left = offset[i] + c, right = left + 3;
      int sum = src[left] * weight[2 * i];
      if (right < limit) sum += src[right] * weight[2 * i + 1];
      dst[4 * i + c] = static_cast<std::int16_t>(sum >> 4);
    }
    dst[4 * i + 3] = 0;
  }
}

void blend_rows_plain(const std::int16_t* upper, const std::int16_t* lower, int weight_upper, int weight_lower, int n,
                      std::uint8_t* rgb) {
  for (int i = 0; i < n; ++i) {
    for (int c = 0; c < 3; ++c) {
      const int sum = (upper[4 * i + c] * weight_upper >> 16) + (lower[4 * i + c] * weight_lower >> 16);
      rgb[3 * i + c] = static_cast<std::uint8_t>(std::clamp((sum + 2) >> 2, 0, 255));
    }
  }
}

void halve_rows_plain(const std::uint8_t* upper, const std::uint8_t* lower, int n, std::uint8_t* rgb) {
  for (int i = 0; i < n; ++i, upper += 6, lower += 6, rgb += 3) {
    for (int c = 0; c < 3; ++c) {
      rgb[c] = static_cast<std::uint8_t>((upper[c] + upper[c + 3] + lower[c] + lower[c + 3] + 2) >> 2);
    }
  }
}

}  // namespace pixfeed::kernels
#endif
