// Sums of pixels along a row and of rows, in floats or integers: SIMD loops and plain twins.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/resample/area_kernels.cpp"
#include <hwy/foreach_target.h>
// The order matters: highway.h after foreach_target.h.
#include <hwy/highway.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>

#include "core/resample/area_kernels.h"

HWY_BEFORE_NAMESPACE();
namespace pixfeed::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128

void area_row_simd(const std::uint8_t* row, int limit, const std::int32_t* spans, const float* weights, int n,
                   float* dst) {
  area_row_plain(row, limit, spans, weights, n, dst);
}
void sum_row_simd(const std::uint8_t* row, int factor, int n, std::uint32_t* dst) {
  sum_row_plain(row, factor, n, dst);
}

#else

// One pixel and a fourth value that does not count, in 128 bits on every target.
const hn::FixedTag<std::uint8_t, 4> du8_pixel;
const hn::FixedTag<std::int32_t, 4> di32_pixel;
const hn::FixedTag<float, 4> df_pixel;
using Sum = hn::VFromD<decltype(df_pixel)>;
using Count = hn::VFromD<decltype(di32_pixel)>;

HWY_INLINE Count pixel(const std::uint8_t* rgb) { return hn::PromoteTo(di32_pixel, hn::LoadU(du8_pixel, rgb)); }

// The last pixel of a row: there is no fourth byte.
HWY_INLINE Count last_pixel(const std::uint8_t* rgb) {
  std::uint8_t bytes[4] = {};
  std::memcpy(bytes, rgb, 3);
  return pixel(bytes);
}

HWY_INLINE Sum add_product(Sum sum, Count rgb, float weight) {
  return hn::Add(sum, hn::Mul(hn::ConvertTo(df_pixel, rgb), hn::Set(df_pixel, weight)));
}

void area_row_simd(const std::uint8_t* row, int limit, const std::int32_t* spans, const float* weights, int n,
                   float* dst) {
  for (int i = 0; i < n; ++i) {
    const std::uint8_t* rgb = row + 3 * spans[2 * i];
    const int count = spans[2 * i + 1];
    const bool ends = 3 * (spans[2 * i] + count) + 1 > limit;
    const float* end = weights + count - (ends ? 1 : 0);
    Sum sum = hn::Zero(df_pixel);
    for (; weights != end; ++weights, rgb += 3) sum = add_product(sum, pixel(rgb), *weights);
    if (ends) sum = add_product(sum, last_pixel(rgb), *weights++);
    hn::StoreU(sum, df_pixel, dst + 3 * i);
  }
}

void sum_row_simd(const std::uint8_t* row, int factor, int n, std::uint32_t* dst) {
  const hn::RebindToUnsigned<decltype(di32_pixel)> du32_pixel;
  for (int i = 0; i < n; ++i) {
    Count sum = hn::Zero(di32_pixel);
    for (int k = 1; k < factor; ++k, row += 3) sum = hn::Add(sum, pixel(row));
    sum = hn::Add(sum, i + 1 < n ? pixel(row) : last_pixel(row));
    row += 3;
    hn::StoreU(hn::BitCast(du32_pixel, sum), du32_pixel, dst + 3 * i);
  }
}

#endif

const hn::ScalableTag<float> df;
const hn::RebindToUnsigned<decltype(df)> du32;
const hn::RebindToSigned<decltype(df)> di32;
const hn::Rebind<std::uint8_t, decltype(df)> du8;

void add_weighted_simd(const float* row, float weight, int n, float* sum) {
  const int lanes = static_cast<int>(hn::Lanes(df));
  const auto w = hn::Set(df, weight);
  int i = 0;
  for (; i + lanes <= n; i += lanes) {
    hn::StoreU(hn::Add(hn::LoadU(df, sum + i), hn::Mul(hn::LoadU(df, row + i), w)), df, sum + i);
  }
  add_weighted_plain(row + i, weight, n - i, sum + i);
}

void add_row_simd(const std::uint32_t* row, int n, std::uint32_t* sum) {
  const int lanes = static_cast<int>(hn::Lanes(du32));
  int i = 0;
  for (; i + lanes <= n; i += lanes) {
    hn::StoreU(hn::Add(hn::LoadU(du32, sum + i), hn::LoadU(du32, row + i)), du32, sum + i);
  }
  add_row_plain(row + i, n - i, sum + i);
}

void round_sums_simd(const float* sum, int n, std::uint8_t* out) {
  const int lanes = static_cast<int>(hn::Lanes(df));
  int i = 0;
  for (; i + lanes <= n; i += lanes)
    hn::StoreU(hn::DemoteTo(du8, hn::NearestInt(hn::LoadU(df, sum + i))), du8, out + i);
  round_sums_plain(sum + i, n - i, out + i);
}

void scale_sums_simd(const std::uint32_t* sum, float scale, int n, std::uint8_t* out) {
  const int lanes = static_cast<int>(hn::Lanes(df));
  const auto s = hn::Set(df, scale);
  int i = 0;
  for (; i + lanes <= n; i += lanes) {
    const auto scaled = hn::Mul(hn::ConvertTo(df, hn::BitCast(di32, hn::LoadU(du32, sum + i))), s);
    hn::StoreU(hn::DemoteTo(du8, hn::NearestInt(scaled)), du8, out + i);
  }
  scale_sums_plain(sum + i, scale, n - i, out + i);
}

}  // namespace HWY_NAMESPACE
}  // namespace pixfeed::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pixfeed::kernels {

HWY_EXPORT(area_row_simd);
HWY_EXPORT(sum_row_simd);
HWY_EXPORT(add_weighted_simd);
HWY_EXPORT(add_row_simd);
HWY_EXPORT(round_sums_simd);
HWY_EXPORT(scale_sums_simd);

void area_row(const std::uint8_t* row, int limit, const std::int32_t* spans, const float* weights, int n, float* dst) {
  HWY_DYNAMIC_DISPATCH(area_row_simd)(row, limit, spans, weights, n, dst);
}
void sum_row(const std::uint8_t* row, int factor, int n, std::uint32_t* dst) {
  HWY_DYNAMIC_DISPATCH(sum_row_simd)(row, factor, n, dst);
}
void add_weighted(const float* row, float weight, int n, float* sum) {
  HWY_DYNAMIC_DISPATCH(add_weighted_simd)(row, weight, n, sum);
}
void add_row(const std::uint32_t* row, int n, std::uint32_t* sum) { HWY_DYNAMIC_DISPATCH(add_row_simd)(row, n, sum); }
void round_sums(const float* sum, int n, std::uint8_t* out) { HWY_DYNAMIC_DISPATCH(round_sums_simd)(sum, n, out); }
void scale_sums(const std::uint32_t* sum, float scale, int n, std::uint8_t* out) {
  HWY_DYNAMIC_DISPATCH(scale_sums_simd)(sum, scale, n, out);
}

void area_row_plain(const std::uint8_t* row, int /*limit*/, const std::int32_t* spans, const float* weights, int n,
                    float* dst) {
  for (int i = 0; i < n; ++i) {
    const int first = spans[2 * i], count = spans[2 * i + 1];
    for (int c = 0; c < 3; ++c) {
      float sum = 0;
      for (int k = 0; k < count; ++k) sum += static_cast<float>(row[3 * (first + k) + c]) * weights[k];
      dst[3 * i + c] = sum;
    }
    weights += count;
  }
}

void sum_row_plain(const std::uint8_t* row, int factor, int n, std::uint32_t* dst) {
  for (int i = 0; i < 3 * n; ++i) {
    dst[i] = 0;
    const std::uint8_t* first = row + std::ptrdiff_t{3} * factor * (i / 3) + i % 3;
    for (int k = 0; k < factor; ++k) dst[i] += first[3 * k];
  }
}

void add_weighted_plain(const float* row, float weight, int n, float* sum) {
  for (int i = 0; i < n; ++i) sum[i] += row[i] * weight;
}

void add_row_plain(const std::uint32_t* row, int n, std::uint32_t* sum) {
  for (int i = 0; i < n; ++i) sum[i] += row[i];
}

void round_sums_plain(const float* sum, int n, std::uint8_t* out) {
  for (int i = 0; i < n; ++i) out[i] = static_cast<std::uint8_t>(std::clamp(std::lrintf(sum[i]), 0L, 255L));
}

void scale_sums_plain(const std::uint32_t* sum, float scale, int n, std::uint8_t* out) {
  for (int i = 0; i < n; ++i) {
    const float scaled = static_cast<float>(static_cast<std::int32_t>(sum[i])) * scale;
    out[i] = static_cast<std::uint8_t>(std::clamp(std::lrintf(scaled), 0L, 255L));
  }
}

}  // namespace pixfeed::kernels
#endif
