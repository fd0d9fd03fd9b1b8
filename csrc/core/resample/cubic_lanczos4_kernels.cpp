// Sums of 4 or 8 weighted taps along a row and of rows: SIMD loops and plain twins.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/resample/cubic_lanczos4_kernels.cpp"
#include <hwy/foreach_target.h>
// The order matters: highway.h after foreach_target.h.
#include <hwy/highway.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>

#include "core/resample/cubic_lanczos4_kernels.h"
#include "core/resample/pairs-inl.h"

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

// kPairs for the third and the fourth pixel of 16 bytes.
alignas(16) constexpr std::uint8_t kNextPairs[16] = {6, 0x80, 9,  0x80, 7,    0x80, 10,   0x80,
                                                     8, 0x80, 11, 0x80, 0x80, 0x80, 0x80, 0x80};

// `count` pixels from pixel `from` on, the row's ends repeated.
HWY_INLINE void copy_repeating(const std::uint8_t* row, int pixels, int from, int count, std::uint8_t* to) {
  for (int i = 0; i < count; ++i) std::memcpy(to + 3 * i, row + 3 * std::clamp(from + i, 0, pixels - 1), 3);
}

template <int kTaps>
HWY_INLINE void row_of(const std::uint8_t* row, int pixels, const std::int32_t* first, const std::int16_t* weights,
                       int n, std::int32_t* dst) {
  const auto pairs = hn::Load(du8, kPairs), next_pairs = hn::Load(du8, kNextPairs);
  // Columns `begin` to before `end`, from pixels that begin at the row's pixel `origin`.
  const auto columns = [&](const std::uint8_t* from, int origin, int begin, int end) HWY_ATTR {
    for (int i = begin; i < end; ++i) {
      const std::uint8_t* rgb = from + std::ptrdiff_t{3} * (first[i] - origin);
      const std::int16_t* w = weights + std::ptrdiff_t{kTaps} * i;
      I32 sum = hn::Zero(di32);
      for (int k = 0; k < kTaps; k += 4) {  // four pixels are 12 bytes of the 16 that are read
        const auto bytes = hn::LoadU(du8, rgb + 3 * k);
        sum = add_pairs(hn::BitCast(di16, hn::TableLookupBytesOr0(bytes, pairs)), pair(w + k), sum);
        sum = add_pairs(hn::BitCast(di16, hn::TableLookupBytesOr0(bytes, next_pairs)), pair(w + k + 2), sum);
      }
      hn::StoreU(sum, di32, dst + 3 * i);
    }
  };
  // Firsts never decrease. The columns whose taps, or the four bytes after them, lie outside of the row are made from
  // copies of its ends.
  const int last = pixels - kTaps - 2;
  int begin = 0, end = n;
  while (begin < n && first[begin] < 0) ++begin;
  while (end > begin && first[end - 1] > last) --end;
  std::uint8_t copy[3 * (2 * kTaps + 2) + 4] = {};
  if (begin > 0) {
    copy_repeating(row, pixels, -kTaps, 2 * kTaps, copy);
    columns(copy, -kTaps, 0, begin);
  }
  columns(row, 0, begin, end);
  if (end < n) {
    copy_repeating(row, pixels, last, 2 * kTaps + 2, copy);
    columns(copy, last, end, n);
  }
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
