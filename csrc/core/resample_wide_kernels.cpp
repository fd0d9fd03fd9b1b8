#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/resample_wide_kernels.cpp"
#include <hwy/foreach_target.h>
// The order matters: highway.h after foreach_target.h.
#include <hwy/highway.h>

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "resample_pairs-inl.h"
#include "resample_wide_kernels.h"

HWY_BEFORE_NAMESPACE();
namespace pixfeed::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128

void wide_row_simd(const std::uint8_t* row, int pixels, const std::int32_t* first, const std::int16_t* weights,
                   int taps, int n, std::int32_t* dst) {
  wide_row_plain(row, pixels, first, weights, taps, n, dst);
}

#else

template <int kTaps>
HWY_INLINE void row_of(const std::uint8_t* row, int pixels, const std::int32_t* first, const std::int16_t* weights,
                       int n, std::int32_t* dst) {
  const auto shuffle = hn::Load(du8, kPairs);
  const hn::FixedTag<std::uint8_t, 8> eight_bytes;
  // The last pair's eight bytes must not reach past the row. Firsts never decrease: the columns at either end whose taps
  // do not all lie inside are done without vectors.
  const int last = (3 * pixels - 8) / 3 - (kTaps - 2);
  int begin = 0, end = n;
  while (begin < n && first[begin] < 0) ++begin;
  while (end > begin && (first[end - 1] > last || 3 * pixels < 8)) --end;
  wide_row_plain(row, pixels, first, weights, kTaps, begin, dst);
  for (int i = begin; i < end; ++i) {
    const std::uint8_t* rgb = row + 3 * first[i];
    I32 sum = hn::Zero(di32);
    for (int k = 0; k < kTaps; k += 2) {
      const auto bytes = hn::ZeroExtendVector(du8, hn::LoadU(eight_bytes, rgb + 3 * k));
      sum = add_pairs(hn::BitCast(di16, hn::TableLookupBytesOr0(bytes, shuffle)), pair(weights + kTaps * i + k), sum);
    }
    hn::StoreU(sum, di32, dst + 3 * i);
  }
  wide_row_plain(row, pixels, first + end, weights + kTaps * end, kTaps, n - end, dst + 3 * end);
}

void wide_row_simd(const std::uint8_t* row, int pixels, const std::int32_t* first, const std::int16_t* weights,
                   int taps, int n, std::int32_t* dst) {
  taps == 4 ? row_of<4>(row, pixels, first, weights, n, dst) : row_of<8>(row, pixels, first, weights, n, dst);
}

#endif

const hn::ScalableTag<std::int32_t> di;
const hn::RebindToFloat<decltype(di)> df;
const hn::Rebind<std::uint8_t, decltype(di)> du;

template <int kTaps>
HWY_INLINE void integers_of(const std::int32_t* const* rows, const std::int16_t* weights, int n, std::uint8_t* out) {
  const int lanes = static_cast<int>(hn::Lanes(di));
  int i = 0;
  for (; i + lanes <= n; i += lanes) {
    auto sum = hn::Set(di, 1 << 21);
    for (int k = 0; k < kTaps; ++k) sum = hn::Add(sum, hn::Mul(hn::LoadU(di, rows[k] + i), hn::Set(di, weights[k])));
    hn::StoreU(hn::DemoteTo(du, hn::ShiftRight<22>(sum)), du, out + i);
  }
  const std::int32_t* rest[kTaps];
  for (int k = 0; k < kTaps; ++k) rest[k] = rows[k] + i;
  blend_in_integers_plain(rest, weights, kTaps, n - i, out + i);
}

void blend_in_integers_simd(const std::int32_t* const* rows, const std::int16_t* weights, int taps, int n,
                            std::uint8_t* out) {
  taps == 4 ? integers_of<4>(rows, weights, n, out) : integers_of<8>(rows, weights, n, out);
}

void blend_in_floats_simd(const std::int32_t* const* rows, const std::int16_t* weights, int n, std::uint8_t* out) {
  const int lanes = static_cast<int>(hn::Lanes(di));
  const auto weight = [&](int k) HWY_ATTR { return hn::Set(df, static_cast<float>(weights[k]) / (1 << 22)); };
  const auto w0 = weight(0), w1 = weight(1), w2 = weight(2), w3 = weight(3);
  int i = 0;
  const auto values = [&](int k) HWY_ATTR { return hn::ConvertTo(df, hn::LoadU(di, rows[k] + i)); };
  for (; i + lanes <= n; i += lanes) {
    auto sum = hn::Mul(values(3), w3);
    sum = hn::Add(hn::Mul(values(2), w2), sum);
    sum = hn::Add(hn::Mul(values(1), w1), sum);
    sum = hn::Add(hn::Mul(values(0), w0), sum);
    hn::StoreU(hn::DemoteTo(du, hn::NearestInt(sum)), du, out + i);
  }
  const std::int32_t* rest[4] = {rows[0] + i, rows[1] + i, rows[2] + i, rows[3] + i};
  blend_in_floats_plain(rest, weights, n - i, out + i);
}

}  // namespace HWY_NAMESPACE
}  // namespace pixfeed::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pixfeed::kernels {

HWY_EXPORT(wide_row_simd);
HWY_EXPORT(blend_in_integers_simd);
HWY_EXPORT(blend_in_floats_simd);

void wide_row(const std::uint8_t* row, int pixels, const std::int32_t* first, const std::int16_t* weights, int taps,
              int n, std::int32_t* dst) {
  HWY_DYNAMIC_DISPATCH(wide_row_simd)(row, pixels, first, weights, taps, n, dst);
}

void blend_in_integers(const std::int32_t* const* rows, const std::int16_t* weights, int taps, int n,
                       std::uint8_t* out) {
  HWY_DYNAMIC_DISPATCH(blend_in_integers_simd)(rows, weights, taps, n, out);
}

void blend_in_floats(const std::int32_t* const* rows, const std::int16_t* weights, int n, std::uint8_t* out) {
  HWY_DYNAMIC_DISPATCH(blend_in_floats_simd)(rows, weights, n, out);
}

void wide_row_plain(const std::uint8_t* row, int pixels, const std::int32_t* first, const std::int16_t* weights,
                    int taps, int n, std::int32_t* dst) {
  for (int i = 0; i < n; ++i, weights += taps) {
    for (int c = 0; c < 3; ++c) {
      std::int32_t sum = 0;
      for (int k = 0; k < taps; ++k) sum += row[3 * std::clamp(first[i] + k, 0, pixels - 1) + c] * weights[k];
      dst[3 * i + c] = sum;
    }
  }
}

void blend_in_integers_plain(const std::int32_t* const* rows, const std::int16_t* weights, int taps, int n,
                             std::uint8_t* out) {
  for (int i = 0; i < n; ++i) {
    std::uint32_t sum = 1 << 21;
    for (int k = 0; k < taps; ++k) {
      sum += static_cast<std::uint32_t>(rows[k][i]) * static_cast<std::uint32_t>(std::int32_t{weights[k]});
    }
    out[i] = static_cast<std::uint8_t>(std::clamp(static_cast<std::int32_t>(sum) >> 22, 0, 255));
  }
}

void blend_in_floats_plain(const std::int32_t* const* rows, const std::int16_t* weights, int n, std::uint8_t* out) {
  for (int i = 0; i < n; ++i) {
    float sum = 0;
    for (int k = 3; k >= 0; --k) sum += static_cast<float>(rows[k][i]) * (static_cast<float>(weights[k]) / (1 << 22));
    out[i] = static_cast<std::uint8_t>(std::clamp(std::lrintf(sum), 0L, 255L));
  }
}

}  // namespace pixfeed::kernels
#endif
