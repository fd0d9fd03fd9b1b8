// Pillow's filters along x: filter_row, in the ways that RowFilter::Method names.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/resample/pillow_across_kernels.cpp"
#include <hwy/foreach_target.h>
// The order matters: highway.h after foreach_target.h.
#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "core/resample/pillow-inl.h"
#include "core/resample/pillow_kernels.h"
#include "core/resample/pillow_vnni_kernels.h"

#ifndef PIXFEED_RESAMPLE_FILTER_LAYOUTS_
#define PIXFEED_RESAMPLE_FILTER_LAYOUTS_
namespace pixfeed::kernels {

constexpr int kTaps = 16;     // of the method `planes`, at a time
constexpr int kFewTaps = 24;  // up to which the method `pairs` is the faster one

constexpr int up_to(int n, int multiple) { return (n + multiple - 1) / multiple * multiple; }

// Behind a plane, taps of weight 0 are read.
inline std::ptrdiff_t plane_stride(int width) { return up_to(width + kTaps, 64); }

inline void pixel_plain(const RowFilter& filter, int i, const std::uint8_t* row, std::uint8_t* rgb) {
  const auto [first, count] = filter.spans[i];
  const std::int32_t* weights = filter.weights + std::ptrdiff_t{filter.taps} * i;
  for (int c = 0; c < 3; ++c) {
    std::int32_t sum = 1 << (kWeightBits - 1);
    for (int k = 0; k < count; ++k) sum += row[3 * (first + k) + c] * weights[k];
    rgb[c] = static_cast<std::uint8_t>(std::clamp(sum >> kWeightBits, 0, 255));
  }
}

}  // namespace pixfeed::kernels
#endif

HWY_BEFORE_NAMESPACE();
namespace pixfeed::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128

int pairs_step_simd() { return 0; }
void filter_pairs_simd(const RowFilter& filter, const std::uint8_t* row, std::uint8_t* rgb) {
  filter_row_plain(filter, row, rgb);
}
void filter_planes_simd(const RowFilter& filter, const std::uint8_t* row, std::uint8_t* rgb) {
  filter_row_plain(filter, row, rgb);
}
#else

// 128 bits from as many, or from twice as many: blocks are added.
HWY_INLINE I32 add_blocks(I32 v) { return v; }
template <class V, hwy::EnableIf<(hn::MaxLanes(hn::DFromV<V>()) > 4)>* = nullptr>
HWY_INLINE I32 add_blocks(V v) {
  return hn::Add(hn::LowerHalf(di32, v), hn::UpperHalf(di32, v));
}

// The sum of all lanes of r, of g and of b, and nothing of use.
template <class V>
HWY_INLINE I32 sums_of(V r, V g, V b) {
  const hn::DFromV<V> d;
  const hn::RepartitionToWide<decltype(d)> wide;
  const auto rg = hn::BitCast(wide, hn::Add(hn::InterleaveLower(d, r, g), hn::InterleaveUpper(d, r, g)));
  const auto bb = hn::BitCast(wide, hn::Add(hn::InterleaveLower(d, b, b), hn::InterleaveUpper(d, b, b)));
  return add_blocks(
      hn::Add(hn::BitCast(d, hn::InterleaveLower(wide, rg, bb)), hn::BitCast(d, hn::InterleaveUpper(wide, rg, bb))));
}

// A column as kTaps taps side by side in a vector or two (`planes`), or two in every 128 bits, as R R G G B B and two
// lanes that are not used (`pairs`).
const hn::CappedTag<std::int16_t, kTaps> dtaps;
const hn::Repartition<std::uint8_t, decltype(dtaps)> dbytes;
const hn::RepartitionToWide<decltype(dtaps)> dsums;
constexpr int kStep = hn::MaxLanes(dtaps) / 4;  // taps in a vector: 2 or 4

int pairs_step_simd() { return kStep; }

HWY_INLINE I32 sums_of_pairs(const std::uint8_t* row, const std::uint8_t* packed, int count) {
  const auto shuffle = hn::Load(dbytes, kPairs);
  auto high = hn::Zero(dsums), low = high;
  for (int k = 0; k < count; k += kStep, row += 3 * kStep, packed += 16 * kStep) {
    const auto taps = hn::BitCast(dtaps, hn::TableLookupBytesOr0(hn::LoadDup128(dbytes, row), shuffle));
    high = add_pairs(taps, hn::BitCast(dtaps, hn::Load(dbytes, packed)), high);
    low = add_pairs(taps, hn::BitCast(dtaps, hn::Load(dbytes, packed + 8 * kStep)), low);
  }
  return add_blocks(together(high, low));
}

// R G B ? of four pixels to 12 bytes of packed RGB.
alignas(16) constexpr std::uint8_t kPack[16] = {0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 0x80, 0x80, 0x80, 0x80};

// Fetches a row's lines of the cache, each once.
class Fetcher {
 public:
  explicit Fetcher(const std::uint8_t* row) : next_(row + kAhead) {}
  // The work has come to `at`.
  HWY_INLINE void come_to(const std::uint8_t* at) {
    for (; next_ < at + kAhead; next_ += kCacheLine) hwy::Prefetch(next_);
  }

 private:
  const std::uint8_t* next_;
};

// Column after column, four at a time: `four` gives R G B ? of four columns as bytes. Reads `reach` bytes from the
// first tap on.
template <class Four>
HWY_INLINE void filter_columns(const RowFilter& filter, const std::uint8_t* row, std::uint8_t* rgb, int reach,
                               const Four& four) {
  const int n = filter.n;
  Fetcher fetcher(row);
  int i = 0;
  for (; i + 4 <= n; i += 4, rgb += 12) {
    const int last = filter.spans[i + 3].first;
    if (3 * last + reach > 3 * filter.width || n - i < 6) break;
    fetcher.come_to(row + std::ptrdiff_t{3} * last);
    hn::StoreU(hn::TableLookupBytesOr0(four(i), hn::Load(du8, kPack)), du8, rgb);
  }
  for (; i < n; ++i, rgb += 3) pixel_plain(filter, i, row, rgb);
}

// Few taps.
void filter_pairs_simd(const RowFilter& filter, const std::uint8_t* row, std::uint8_t* rgb) {
  const hn::Half<decltype(di16)> half16;
  const hn::Half<decltype(du8)> half8;
  const int taps = up_to(filter.taps, kStep);  // the same for all columns: a branch that can be foreseen
  const std::ptrdiff_t column = std::ptrdiff_t{16} * taps;
  const auto words = [&](int i) HWY_ATTR {
    return hn::DemoteTo(half16, rounded(sums_of_pairs(row + std::ptrdiff_t{3} * filter.spans[i].first,
                                                      filter.packed + column * i, taps)));
  };
  filter_columns(filter, row, rgb, 3 * (taps - kStep) + 16, [&](int i) HWY_ATTR {
    const auto first = hn::DemoteTo(half8, hn::Combine(di16, words(i + 1), words(i)));
    const auto second = hn::DemoteTo(half8, hn::Combine(di16, words(i + 3), words(i + 2)));
    return hn::Combine(du8, second, first);
  });
}

// n pixels to three planes, each `stride` bytes after the last.
void split_simd(const std::uint8_t* rgb, int n, std::uint8_t* planes, std::ptrdiff_t stride) {
  const hn::ScalableTag<std::uint8_t> d;
  const int step = static_cast<int>(hn::Lanes(d));
  Fetcher fetcher(rgb);
  // The last vector begins where it still fits.
  for (int next = 0; next < n && n >= step; next += step) {
    const int i = std::min(next, n - step);
    fetcher.come_to(rgb + std::ptrdiff_t{3} * i);
    auto r = hn::Zero(d), g = r, b = r;
    hn::LoadInterleaved3(d, rgb + std::ptrdiff_t{3} * i, r, g, b);
    hn::StoreU(r, d, planes + i);
    hn::StoreU(g, d, planes + stride + i);
    hn::StoreU(b, d, planes + 2 * stride + i);
  }
  for (int i = n < step ? 0 : n; i < n; ++i) {
    for (int c = 0; c < 3; ++c) planes[c * stride + i] = rgb[3 * i + c];
  }
}

using Taps = hn::VFromD<decltype(dtaps)>;

HWY_INLINE Taps load_taps(const std::uint8_t* from) {
  const hn::Rebind<std::uint8_t, decltype(dtaps)> bytes;
  return hn::PromoteTo(dtaps, hn::LoadU(bytes, from));
}

HWY_INLINE Taps load_weights(const std::uint8_t* from) { return hn::BitCast(dtaps, hn::Load(dbytes, from)); }

HWY_INLINE I32 sums_of_column(const std::uint8_t* planes, std::ptrdiff_t stride, const std::uint8_t* packed,
                              int count) {
  const int step = static_cast<int>(hn::Lanes(dtaps));
  auto r_high = hn::Zero(dsums), g_high = r_high, b_high = r_high, r_low = r_high, g_low = r_high, b_low = r_high;
  for (int k = 0; k < count; k += kTaps, packed += 4 * kTaps) {
    for (int j = 0; j < kTaps; j += step) {
      const Taps high = load_weights(packed + 2 * j), low = load_weights(packed + 2 * kTaps + 2 * j);
      const Taps r = load_taps(planes + k + j), g = load_taps(planes + stride + k + j),
                 b = load_taps(planes + 2 * stride + k + j);
      r_high = add_pairs(r, high, r_high);
      g_high = add_pairs(g, high, g_high);
      b_high = add_pairs(b, high, b_high);
      r_low = add_pairs(r, low, r_low);
      g_low = add_pairs(g, low, g_low);
      b_low = add_pairs(b, low, b_low);
    }
  }
  return sums_of(together(r_high, r_low), together(g_high, g_low), together(b_high, b_low));
}

// Many taps: the row is split into planes first, so that taps and their weights lie side by side.
void filter_planes_simd(const RowFilter& filter, const std::uint8_t* row, std::uint8_t* rgb) {
  const hn::Half<decltype(di16)> half16;
  const hn::Half<decltype(du8)> half8;
  const std::ptrdiff_t stride = plane_stride(filter.width);
  split_simd(row, filter.width, filter.planes, stride);
  const int n = filter.n;
  const std::ptrdiff_t column = std::ptrdiff_t{4} * up_to(filter.taps, kTaps);
  for (int i = 0; i < n; i += 4, rgb += 12) {
    const int columns = std::min(n - i, 4);
    alignas(16) std::int32_t sums[16] = {};
    for (int c = 0; c < columns; ++c) {
      const Span span = filter.spans[i + c];
      hn::Store(sums_of_column(filter.planes + span.first, stride, filter.packed + column * (i + c), span.count), di32,
                sums + 4 * c);
    }
    decltype(hn::Zero(half8)) eight[2];
    for (int h = 0; h < 2; ++h) {
      const auto low = hn::DemoteTo(half16, rounded(hn::Load(di32, sums + 8 * h)));
      const auto high = hn::DemoteTo(half16, rounded(hn::Load(di32, sums + 8 * h + 4)));
      eight[h] = hn::DemoteTo(half8, hn::Combine(di16, high, low));
    }
    const auto pixels = hn::TableLookupBytesOr0(hn::Combine(du8, eight[1], eight[0]), hn::Load(du8, kPack));
    if (3 * (n - i) >= 16) {
      hn::StoreU(pixels, du8, rgb);
    } else {
      alignas(16) std::uint8_t bytes[16];
      hn::Store(pixels, du8, bytes);
      std::memcpy(rgb, bytes, static_cast<std::size_t>(3 * columns));
    }
  }
}

#endif

}  // namespace HWY_NAMESPACE
}  // namespace pixfeed::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pixfeed::kernels {

HWY_EXPORT(pairs_step_simd);
HWY_EXPORT(filter_pairs_simd);
HWY_EXPORT(filter_planes_simd);

namespace {

// For every `step` taps: their high halves, then their low halves; each pair of taps once for R, G, B and nothing.
void pack_pairs(const RowFilter& filter) {
  const int step = filter.step, room = up_to(filter.taps, step);
  for (int i = 0; i < filter.n; ++i) {
    for (int k = 0; k < room; ++k) {
      const std::int32_t weight = k < filter.taps ? filter.weights[std::ptrdiff_t{filter.taps} * i + k] : 0;
      const std::int16_t halves[2] = {static_cast<std::int16_t>(weight >> 11),
                                      static_cast<std::int16_t>(weight & (kSplit - 1))};
      std::uint8_t* to = filter.packed + std::ptrdiff_t{16} * (room * i + k / step * step + k % step / 2) + 2 * (k % 2);
      for (int c = 0; c < 4; ++c, to += 4) {
        std::memcpy(to, &halves[0], 2);
        std::memcpy(to + 8 * step, &halves[1], 2);
      }
    }
  }
}

// The high halves of kTaps weights, then their low halves, and so on.
void pack_taps(const RowFilter& filter) {
  const int room = up_to(filter.taps, kTaps);
  std::memset(filter.packed, 0, std::size_t{4} * static_cast<std::size_t>(room) * static_cast<std::size_t>(filter.n));
  for (int i = 0; i < filter.n; ++i) {
    for (int k = 0; k < filter.taps; ++k) {
      const std::int32_t weight = filter.weights[std::ptrdiff_t{filter.taps} * i + k];
      const std::int16_t halves[2] = {static_cast<std::int16_t>(weight >> 11),
                                      static_cast<std::int16_t>(weight & (kSplit - 1))};
      std::uint8_t* to = filter.packed + std::ptrdiff_t{4} * (room * i + k / kTaps * kTaps) + 2 * (k % kTaps);
      std::memcpy(to, &halves[0], 2);
      std::memcpy(to + 2 * kTaps, &halves[1], 2);
    }
  }
}

}  // namespace

std::size_t packed_bytes(int n, int taps) {
  // Of either method: the spans found may be shorter than `taps`.
  const int most = std::max(16 * up_to(std::min(taps, kFewTaps), 4), 4 * up_to(taps, kTaps));
  return std::max(static_cast<std::size_t>(most) * static_cast<std::size_t>(n), vnni_packed_bytes(n, taps));
}

std::size_t planes_bytes(int width) { return 3 * static_cast<std::size_t>(plane_stride(width)); }

void choose_method(RowFilter& filter) {
  if (has_vnni()) {
    filter.method = RowFilter::Method::vnni;
    return vnni_prepare(filter);
  }
  filter.step = HWY_DYNAMIC_DISPATCH(pairs_step_simd)();
  if (filter.step == 0) {
    filter.method = RowFilter::Method::plain;
  } else if (filter.taps <= kFewTaps) {
    filter.method = RowFilter::Method::pairs;
    pack_pairs(filter);
  } else {
    filter.method = RowFilter::Method::planes;
    pack_taps(filter);
    std::memset(filter.planes, 0, planes_bytes(filter.width));
  }
}

void filter_row(const RowFilter& filter, const std::uint8_t* row, std::uint8_t* rgb) {
  switch (filter.method) {
    case RowFilter::Method::plain:
      return filter_row_plain(filter, row, rgb);
    case RowFilter::Method::pairs:
      return HWY_DYNAMIC_DISPATCH(filter_pairs_simd)(filter, row, rgb);
    case RowFilter::Method::planes:
      return HWY_DYNAMIC_DISPATCH(filter_planes_simd)(filter, row, rgb);
    case RowFilter::Method::vnni:
      return vnni_filter_row(filter, row, rgb);
  }
}

void filter_row_plain(const RowFilter& filter, const std::uint8_t* row, std::uint8_t* rgb) {
  for (int i = 0; i < filter.n; ++i) pixel_plain(filter, i, row, rgb + std::ptrdiff_t{3} * i);
}

}  // namespace pixfeed::kernels
#endif
