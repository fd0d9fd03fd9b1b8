// Pillow's filters along y: filter_rows, weighted sums of whole rows.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/resample/pillow_down_kernels.cpp"
#include <hwy/foreach_target.h>
// The order matters: highway.h after foreach_target.h.
#include <hwy/highway.h>

#include <algorithm>
#include <cstddef>

#include "core/resample/pillow-inl.h"
#include "core/resample/pillow_kernels.h"

#ifndef PIXFEED_RESAMPLE_PILLOW_DOWN_
#define PIXFEED_RESAMPLE_PILLOW_DOWN_
namespace pixfeed::kernels {

// Byte `i` of the result; `weights` as filter_rows has them.
inline std::uint8_t sum_plain(const std::uint8_t* const* rows, const std::int16_t* weights, int count, int i) {
  std::int32_t sum = 1 << (kWeightBits - 1);
  for (int k = 0; k < count; ++k) {
    const std::int16_t* w = weights + 4 * (k / 2) + k % 2;
    sum += rows[k][i] * (w[0] * kSplit + w[2]);
  }
  return static_cast<std::uint8_t>(std::clamp(sum >> kWeightBits, 0, 255));
}

}  // namespace pixfeed::kernels
#endif

HWY_BEFORE_NAMESPACE();
namespace pixfeed::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128

void filter_rows_simd(const std::uint8_t* const* rows, const std::int16_t* weights, int count, int n,
                      std::uint8_t* out) {
  filter_rows_plain(rows, weights, count, n, out);
}

#else

void filter_rows_simd(const std::uint8_t* const* rows, const std::int16_t* weights, int count, int n,
                      std::uint8_t* out) {
  const hn::ScalableTag<std::int16_t> d;
  const hn::RepartitionToWide<decltype(d)> dsums;
  const hn::Rebind<std::uint8_t, decltype(d)> dbytes;
  const int step = static_cast<int>(hn::Lanes(d));
  // The last vector begins where it still fits; some bytes are then made twice.
  int i = 0;
  for (int next = 0; next < n && n >= step; next += step) {
    i = std::min(next, n - step);
    auto high0 = hn::Zero(dsums), high1 = high0, low0 = high0, low1 = high0;
    for (int k = 0; k < count; k += 2) {
      // An odd last row is its own partner, whose weight is 0.
      const std::uint8_t* partner = rows[std::min(k + 1, count - 1)];
      const auto a = hn::PromoteTo(d, hn::LoadU(dbytes, rows[k] + i));
      const auto b = hn::PromoteTo(d, hn::LoadU(dbytes, partner + i));
      // Interleaved within each 128 bits; ReorderDemote2To undoes that, as it packs within 128 bits.
      const auto lower = hn::InterleaveLower(d, a, b), upper = hn::InterleaveUpper(d, a, b);
      const auto weight_high = hn::BitCast(d, hn::Set(dsums, pair_bits(weights + 2 * k)));
      const auto weight_low = hn::BitCast(d, hn::Set(dsums, pair_bits(weights + 2 * k + 2)));
      high0 = add_pairs(lower, weight_high, high0);
      high1 = add_pairs(upper, weight_high, high1);
      low0 = add_pairs(lower, weight_low, low0);
      low1 = add_pairs(upper, weight_low, low1);
    }
    const auto words = hn::ReorderDemote2To(d, rounded(together(high0, low0)), rounded(together(high1, low1)));
    hn::StoreU(hn::DemoteTo(dbytes, words), dbytes, out + i);
  }
  for (i = n < step ? 0 : n; i < n; ++i) out[i] = sum_plain(rows, weights, count, i);
}

#endif

}  // namespace HWY_NAMESPACE
}  // namespace pixfeed::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pixfeed::kernels {

HWY_EXPORT(filter_rows_simd);

void filter_rows(const std::uint8_t* const* rows, const std::int16_t* weights, int count, int n, std::uint8_t* out) {
  HWY_DYNAMIC_DISPATCH(filter_rows_simd)(rows, weights, count, n, out);
}

void filter_rows_plain(const std::uint8_t* const* rows, const std::int16_t* weights, int count, int n,
                       std::uint8_t* out) {
  for (int i = 0; i < n; ++i) out[i] = sum_plain(rows, weights, count, i);
}

}  // namespace pixfeed::kernels
#endif
