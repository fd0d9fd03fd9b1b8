#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/resample/pillow_kernels.cpp"
#include <hwy/foreach_target.h>
// The order matters: highway.h after foreach_target.h.
#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "core/resample/pairs-inl.h"
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

// Where `n` of 16 bytes of a row go, of which the first is R, G or B (`phase` 0, 1, 2): all R, then all G, then all B, eight
// places for each, as psadbw adds them up.
struct ByChannel {
  alignas(32) std::uint8_t order[17][3][32];  // [n][phase]
  constexpr ByChannel() : order() {
    for (int n = 0; n <= 16; ++n) {
      for (int phase = 0; phase < 3; ++phase) {
        int places[3] = {};
        std::uint8_t* const of = order[n][phase];
        for (int i = 0; i < 32; ++i) of[i] = 0x80;
        for (int i = 0; i < n; ++i) {
          const int channel = (phase + i) % 3;
          of[8 * channel + places[channel]++] = static_cast<std::uint8_t>(i);
        }
      }
    }
  }
};
inline constexpr ByChannel kByChannel;

// The layout `sums`, whose weights are the same for all taps of a column: of every span, `whole` times 16 bytes count, then
// `parts` times up to 16. What counts of those differs from column to column. One thing and the other is kept beside the
// weight.
constexpr int kMostParts = 3;
struct SameWeights {
  std::int32_t weight[4];  // four times
  std::uint32_t part[4];   // where kByChannel tells what counts, in bytes
};
struct Blocks {
  int whole, parts;
  int count() const { return whole + parts; }
};
inline Blocks blocks_of(const RowFilter& filter) { return {filter.step, (3 * filter.taps + 15) / 16 - filter.step}; }

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
bool has_sums_simd() { return false; }
void filter_pairs_simd(const RowFilter& filter, const std::uint8_t* row, std::uint8_t* rgb) {
  filter_row_plain(filter, row, rgb);
}
void filter_sums_simd(const RowFilter& filter, const std::uint8_t* row, std::uint8_t* rgb) {
  filter_row_plain(filter, row, rgb);
}
void filter_planes_simd(const RowFilter& filter, const std::uint8_t* row, std::uint8_t* rgb) {
  filter_row_plain(filter, row, rgb);
}
void filter_rows_simd(const std::uint8_t* const* rows, const std::int16_t* weights, int count, int n,
                      std::uint8_t* out) {
  filter_rows_plain(rows, weights, count, n, out);
}

#else

// The sums of the high and of the low halves, put together.
template <class V>
HWY_INLINE V together(V high, V low) {
  return hn::Add(hn::ShiftLeft<11>(high), low);
}

template <class V>
HWY_INLINE V rounded(V sum) {
  const hn::DFromV<V> d;
  return hn::ShiftRight<kWeightBits>(hn::Add(sum, hn::Set(d, 1 << (kWeightBits - 1))));
}

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

// Column after column, four at a time: `four` gives R G B ? of four columns as bytes. Reads `reach` bytes from the first
// tap on.
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

#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3
// Weights that are all the same (box): what is added up are the pixels, 16 bytes at a time, R and G in one half of a
// vector, B in the other; the sum is multiplied.
const hn::FixedTag<std::uint8_t, 32> dblock;
const hn::Repartition<std::int32_t, decltype(dblock)> dblock32;
const hn::Repartition<std::uint64_t, decltype(dblock)> dblock64;
using Block64 = hn::VFromD<decltype(dblock64)>;

bool has_sums_simd() { return true; }

HWY_INLINE Block64 sums_of_block(const std::uint8_t* bytes, const std::uint8_t* order) {
  return hn::SumsOf8(hn::TableLookupBytesOr0(hn::LoadDup128(dblock, bytes), hn::Load(dblock, order)));
}

HWY_INLINE Block64 sums_of_span(const std::uint8_t* row, Blocks blocks, const std::uint32_t* part) {
  const auto& whole = kByChannel.order[16];
  const std::uint8_t* const parts = kByChannel.order[0][0];
  auto sums = hn::Zero(dblock64);
  int b = 0;
  for (; b + 3 <= blocks.whole; b += 3, row += 48) {
    sums = hn::Add(sums, hn::Add(hn::Add(sums_of_block(row, whole[0]), sums_of_block(row + 16, whole[1])),
                                 sums_of_block(row + 32, whole[2])));
  }
  for (int phase = 0; b < blocks.whole; ++b, ++phase, row += 16) {
    sums = hn::Add(sums, sums_of_block(row, whole[phase]));
  }
  for (int p = 0; p < blocks.parts; ++p, row += 16) sums = hn::Add(sums, sums_of_block(row, parts + part[p]));
  return sums;
}

void filter_sums_simd(const RowFilter& filter, const std::uint8_t* row, std::uint8_t* rgb) {
  const hn::Repartition<std::int16_t, decltype(dblock)> d16;
  const auto* const weights = reinterpret_cast<const SameWeights*>(filter.packed);
  const Blocks blocks = blocks_of(filter);
  const auto sums = [&](int i) HWY_ATTR {
    return sums_of_span(row + std::ptrdiff_t{3} * filter.spans[i].first, blocks, weights[i].part);
  };
  // Of two columns: R B G ? of either in 128 bits.
  const auto pixels = [&](int left, int right) HWY_ATTR {
    const auto a = sums(left), b = sums(right);
    const auto rg = hn::ConcatLowerLower(dblock64, b, a), blue = hn::ConcatUpperUpper(dblock64, b, a);
    const auto sum = hn::BitCast(dblock32, hn::Or(rg, hn::ShiftLeft<32>(blue)));
    const auto weight =
        hn::Combine(dblock32, hn::Load(di32, weights[right].weight), hn::Load(di32, weights[left].weight));
    return rounded(hn::Mul(sum, weight));
  };
  alignas(16) static constexpr std::uint8_t kSwap[16] = {0, 2, 1, 3, 4, 6, 5, 7, 8, 10, 9, 11, 12, 14, 13, 15};
  const auto swap = hn::Load(du8, kSwap);
  filter_columns(filter, row, rgb, 16 * blocks.count(), [&](int i) HWY_ATTR {
    // Packing takes 128 bits of either in turn.
    const auto words = hn::ReorderDemote2To(d16, pixels(i, i + 2), pixels(i + 1, i + 3));
    return hn::TableLookupBytesOr0(hn::DemoteTo(du8, words), swap);
  });
}
#else
bool has_sums_simd() { return false; }
void filter_sums_simd(const RowFilter& filter, const std::uint8_t* row, std::uint8_t* rgb) {
  filter_row_plain(filter, row, rgb);
}
#endif

// n pixels to three planes, each `stride` bytes behind the last.
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
  for (i = n < step ? 0 : n; i < n; ++i) {
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

HWY_EXPORT(pairs_step_simd);
HWY_EXPORT(has_sums_simd);
HWY_EXPORT(filter_sums_simd);
HWY_EXPORT(filter_pairs_simd);
HWY_EXPORT(filter_planes_simd);
HWY_EXPORT(filter_rows_simd);

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

// A weight a column, and what counts of the blocks of its span. False if weights differ within a column, or spans too much
// in length.
bool pack_same(RowFilter& filter) {
  static_assert(sizeof(SameWeights) <= 16 * 4);  // see packed_bytes
  int least = filter.taps;
  for (int i = 0; i < filter.n; ++i) {
    const std::int32_t* const weights = filter.weights + std::ptrdiff_t{filter.taps} * i;
    const int count = filter.spans[i].count;
    if (std::count(weights, weights + count, weights[0]) != count) return false;
    least = std::min(least, count);
  }
  const int step = filter.step;
  filter.step = 3 * least / 16;
  const Blocks blocks = blocks_of(filter);
  if (blocks.parts > kMostParts) {
    filter.step = step;
    return false;
  }
  auto* const packed = reinterpret_cast<SameWeights*>(filter.packed);
  for (int i = 0; i < filter.n; ++i) {
    std::fill_n(packed[i].weight, 4, filter.weights[std::ptrdiff_t{filter.taps} * i]);
    for (int p = 0; p < blocks.parts; ++p) {
      const int b = blocks.whole + p;
      const int count = std::clamp(3 * static_cast<int>(filter.spans[i].count) - 16 * b, 0, 16);
      const auto& order = kByChannel.order[count][b % 3];
      packed[i].part[p] = static_cast<std::uint32_t>(order - kByChannel.order[0][0]);
    }
  }
  return true;
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
  if (HWY_DYNAMIC_DISPATCH(has_sums_simd)() && pack_same(filter)) {
    filter.method = RowFilter::Method::sums;
  } else if (filter.step == 0) {
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
    case RowFilter::Method::sums:
      return HWY_DYNAMIC_DISPATCH(filter_sums_simd)(filter, row, rgb);
    case RowFilter::Method::pairs:
      return HWY_DYNAMIC_DISPATCH(filter_pairs_simd)(filter, row, rgb);
    case RowFilter::Method::planes:
      return HWY_DYNAMIC_DISPATCH(filter_planes_simd)(filter, row, rgb);
    case RowFilter::Method::vnni:
      return vnni_filter_row(filter, row, rgb);
  }
}

void filter_rows(const std::uint8_t* const* rows, const std::int16_t* weights, int count, int n, std::uint8_t* out) {
  HWY_DYNAMIC_DISPATCH(filter_rows_simd)(rows, weights, count, n, out);
}

void filter_row_plain(const RowFilter& filter, const std::uint8_t* row, std::uint8_t* rgb) {
  for (int i = 0; i < filter.n; ++i) pixel_plain(filter, i, row, rgb + std::ptrdiff_t{3} * i);
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
