#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/resample_filter_kernels.cpp"
#include <hwy/foreach_target.h>
// The order matters: highway.h after foreach_target.h.
#include <hwy/highway.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "resample_filter_kernels.h"
#include "resample_pairs-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pixfeed::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128

void filter_row_simd(const std::uint8_t* row, int limit, const std::int32_t* spans, const std::int16_t* weights,
                     int pairs, int n, std::uint8_t* rgb) {
  filter_row_plain(row, limit, spans, weights, pairs, n, rgb);
}
void filter_rows_simd(const std::uint8_t* const* rows, const std::int16_t* weights, int count, int n,
                      std::uint8_t* out) {
  filter_rows_plain(rows, weights, count, n, out);
}

#else

const hn::FixedTag<std::uint8_t, 8> du8_half;
const hn::FixedTag<std::int16_t, 4> di16_half;

HWY_INLINE I32 rounded(I32 high, I32 low) {
  const I32 half = hn::Set(di32, 1 << (kWeightBits - 1));
  return hn::ShiftRight<kWeightBits>(hn::Add(hn::Add(hn::ShiftLeft<11>(high), low), half));
}

void filter_row_simd(const std::uint8_t* row, int limit, const std::int32_t* spans, const std::int16_t* weights,
                     int pairs, int n, std::uint8_t* rgb) {
  static_assert(kSplit == 1 << 11);
  const auto shuffle = hn::Load(du8, kPairs);
  for (int i = 0; i < n; ++i, weights += std::ptrdiff_t{4} * pairs, rgb += 3) {
    const int first = 3 * spans[2 * i], used = (spans[2 * i + 1] + 1) / 2;
    if (first + 6 * (used - 1) + 8 > limit) {  // the last pair's eight bytes would reach past the row
      filter_row_plain(row, limit, spans + 2 * i, weights, pairs, 1, rgb);
      continue;
    }
    I32 high = hn::Zero(di32), low = hn::Zero(di32);
    for (int k = 0; k < used; ++k) {
      const auto bytes = hn::ZeroExtendVector(du8, hn::LoadU(du8_half, row + first + 6 * k));
      const auto taps = hn::BitCast(di16, hn::TableLookupBytesOr0(bytes, shuffle));
      high = add_pairs(taps, pair(weights + 4 * k), high);
      low = add_pairs(taps, pair(weights + 4 * k + 2), low);
    }
    const auto words = hn::DemoteTo(di16_half, rounded(high, low));
    alignas(8) std::uint8_t pixel[4];
    const hn::FixedTag<std::uint8_t, 4> du8_quarter;
    hn::Store(hn::DemoteTo(du8_quarter, words), du8_quarter, pixel);
    std::memcpy(rgb, pixel, 3);
  }
}

void filter_rows_simd(const std::uint8_t* const* rows, const std::int16_t* weights, int count, int n,
                      std::uint8_t* out) {
  int i = 0;
  for (; i + 8 <= n; i += 8) {
    I32 high[2] = {hn::Zero(di32), hn::Zero(di32)}, low[2] = {hn::Zero(di32), hn::Zero(di32)};
    for (int k = 0; k < count; k += 2) {
      // An odd last row is its own partner, whose weight is 0.
      const std::uint8_t* partner = rows[std::min(k + 1, count - 1)];
      const I16 a = hn::PromoteTo(di16, hn::LoadU(du8_half, rows[k] + i));
      const I16 b = hn::PromoteTo(di16, hn::LoadU(du8_half, partner + i));
      const I16 both[2] = {hn::InterleaveLower(di16, a, b), hn::InterleaveUpper(di16, a, b)};
      const I16 weight_high = pair(weights + 2 * k), weight_low = pair(weights + 2 * k + 2);
      for (int h = 0; h < 2; ++h) {
        high[h] = add_pairs(both[h], weight_high, high[h]);
        low[h] = add_pairs(both[h], weight_low, low[h]);
      }
    }
    const auto first = hn::DemoteTo(di16_half, rounded(high[0], low[0]));
    const auto second = hn::DemoteTo(di16_half, rounded(high[1], low[1]));
    hn::StoreU(hn::DemoteTo(du8_half, hn::Combine(di16, second, first)), du8_half, out + i);
  }
  for (; i < n; ++i) {
    std::int32_t sum = 1 << (kWeightBits - 1);
    for (int k = 0; k < count; ++k) {
      const std::int16_t* w = weights + 4 * (k / 2) + k % 2;
      sum += rows[k][i] * (w[0] * kSplit + w[2]);
    }
    out[i] = static_cast<std::uint8_t>(std::clamp(sum >> kWeightBits, 0, 255));
  }
}

#endif

}  // namespace HWY_NAMESPACE
}  // namespace pixfeed::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pixfeed::kernels {

HWY_EXPORT(filter_row_simd);
HWY_EXPORT(filter_rows_simd);

void filter_row(const std::uint8_t* row, int limit, const std::int32_t* spans, const std::int16_t* weights, int pairs,
                int n, std::uint8_t* rgb) {
  HWY_DYNAMIC_DISPATCH(filter_row_simd)(row, limit, spans, weights, pairs, n, rgb);
}

void filter_rows(const std::uint8_t* const* rows, const std::int16_t* weights, int count, int n, std::uint8_t* out) {
  HWY_DYNAMIC_DISPATCH(filter_rows_simd)(rows, weights, count, n, out);
}

void filter_row_plain(const std::uint8_t* row, int /*limit*/, const std::int32_t* spans, const std::int16_t* weights,
                      int pairs, int n, std::uint8_t* rgb) {
  for (int i = 0; i < n; ++i, weights += std::ptrdiff_t{4} * pairs, rgb += 3) {
    for (int c = 0; c < 3; ++c) {
      std::int32_t sum = 1 << (kWeightBits - 1);
      for (int k = 0; k < spans[2 * i + 1]; ++k) {
        const std::int16_t* w = weights + 4 * (k / 2) + k % 2;
        sum += row[3 * (spans[2 * i] + k) + c] * (w[0] * kSplit + w[2]);
      }
      rgb[c] = static_cast<std::uint8_t>(std::clamp(sum >> kWeightBits, 0, 255));
    }
  }
}

void filter_rows_plain(const std::uint8_t* const* rows, const std::int16_t* weights, int count, int n,
                       std::uint8_t* out) {
  for (int i = 0; i < n; ++i) {
    std::int32_t sum = 1 << (kWeightBits - 1);
    for (int k = 0; k < count; ++k) {
      const std::int16_t* w = weights + 4 * (k / 2) + k % 2;
      sum += rows[k][i] * (w[0] * kSplit + w[2]);
    }
    out[i] = static_cast<std::uint8_t>(std::clamp(sum >> kWeightBits, 0, 255));
  }
}

}  // namespace pixfeed::kernels
#endif
