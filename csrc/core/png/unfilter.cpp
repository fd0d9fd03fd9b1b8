// Undoing filters. With Average and Paeth each pixel waits for the one before it, so that a vector holds one pixel, or
// one of each of two rows.
#include "core/png/unfilter.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/png/unfilter.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace pixfeed::png {
namespace HWY_NAMESPACE {
#if HWY_TARGET != HWY_SCALAR
namespace hn = hwy::HWY_NAMESPACE;

// A pixel of N bytes, or of fewer, each byte in 16 bits.
template <std::size_t N>
using Narrow = hn::FixedTag<std::uint8_t, N>;
template <std::size_t N>
using Wide = hn::FixedTag<std::int16_t, N>;

template <std::size_t N>
HWY_INLINE hn::Vec<Wide<N>> load(const std::uint8_t* p) {
  return hn::PromoteTo(Wide<N>(), hn::LoadU(Narrow<N>(), p));
}

template <std::size_t N>
HWY_INLINE void store(hn::Vec<Wide<N>> v, std::uint8_t* p) {
  hn::StoreU(hn::DemoteTo(Narrow<N>(), v), Narrow<N>(), p);
}

// The sum of bytes that lie in 16 bits each: what a byte has too much is lost.
template <std::size_t N>
HWY_INLINE hn::Vec<Wide<N>> add_bytes(hn::Vec<Wide<N>> a, hn::Vec<Wide<N>> b) {
  const hn::FixedTag<std::uint8_t, 2 * N> bytes;
  return hn::BitCast(Wide<N>(), hn::Add(hn::BitCast(bytes, a), hn::BitCast(bytes, b)));
}

// Of a (left), b (above) and c (above a) the one that is nearest to a + b - c; a first, then b. Compared without
// distances: c is it if it lies between the other two by more than a third. Only a is waited for.
template <std::size_t N>
HWY_INLINE hn::Vec<Wide<N>> paeth(hn::Vec<Wide<N>> a, hn::Vec<Wide<N>> b, hn::Vec<Wide<N>> c) {
  const auto limit = hn::Sub(hn::Sub(hn::Add(hn::Add(c, c), c), b), a);
  const auto low = hn::Min(a, b), high = hn::Max(a, b);
  // Signs, not masks: AVX-512 takes three cycles to make one.
  const auto above_low = hn::BroadcastSignBit(hn::Sub(low, limit));
  const auto below_high = hn::BroadcastSignBit(hn::Sub(limit, high));
  return hn::IfVecThenElse(above_low, hn::IfVecThenElse(below_high, c, low), high);
}

// Sums within a vector: of two pixels next to each other, of four, and so on; then the last pixel before is added.
template <int kStep>
void sub_row(const std::uint8_t* in, std::size_t size, std::uint8_t* row) {
  const Narrow<16> d;
  constexpr int kSize = kStep == 3 || kStep == 6 ? 12 : 16;  // bytes at a time
  alignas(16) std::uint8_t last[16];
  for (int i = 0; i < 16; ++i) last[i] = static_cast<std::uint8_t>(kSize - kStep + i % kStep);
  const auto last_pixel = hn::Load(d, last);
  auto sum = hn::Zero(d);
  for (std::size_t x = 0; x < size; x += kSize) {
    auto v = hn::LoadU(d, in + x);
    v = hn::Add(v, hn::ShiftLeftBytes<kStep>(v));
    if constexpr (2 * kStep < kSize) v = hn::Add(v, hn::ShiftLeftBytes<2 * kStep>(v));
    if constexpr (4 * kStep < kSize) v = hn::Add(v, hn::ShiftLeftBytes<4 * kStep>(v));
    if constexpr (8 * kStep < kSize) v = hn::Add(v, hn::ShiftLeftBytes<8 * kStep>(v));
    sum = hn::Add(v, hn::TableLookupBytes(sum, last_pixel));
    hn::StoreU(sum, d, row + x);
  }
}

void sub(const std::uint8_t* in, int step, std::size_t size, std::uint8_t* row) {
  switch (step) {
    case 1:
      return sub_row<1>(in, size, row);
    case 2:
      return sub_row<2>(in, size, row);
    case 3:
      return sub_row<3>(in, size, row);
    case 4:
      return sub_row<4>(in, size, row);
    case 6:
      return sub_row<6>(in, size, row);
    default:
      return sub_row<8>(in, size, row);
  }
}

template <std::size_t N>
HWY_INLINE void average_row(const std::uint8_t* in, const std::uint8_t* above, std::size_t step, std::size_t size,
                            std::uint8_t* row) {
  auto a = hn::Zero(Wide<N>());
  for (std::size_t x = 0; x < size; x += step) {
    a = add_bytes<N>(load<N>(in + x), hn::ShiftRight<1>(hn::Add(a, load<N>(above + x))));
    store<N>(a, row + x);
  }
}

template <std::size_t N>
HWY_INLINE void paeth_row(const std::uint8_t* in, const std::uint8_t* above, std::size_t step, std::size_t size,
                          std::uint8_t* row) {
  auto a = hn::Zero(Wide<N>()), c = a;
  for (std::size_t x = 0; x < size; x += step) {
    const auto b = load<N>(above + x);
    a = add_bytes<N>(load<N>(in + x), paeth<N>(a, b, c));
    c = b;
    store<N>(a, row + x);
  }
}

void up_row(const std::uint8_t* in, const std::uint8_t* above, std::size_t size, std::uint8_t* row) {
  const hn::CappedTag<std::uint8_t, kUnfilterSlack> d;
  for (std::size_t x = 0; x < size; x += hn::Lanes(d)) {
    hn::StoreU(hn::Add(hn::LoadU(d, in + x), hn::LoadU(d, above + x)), d, row + x);
  }
}

template <std::size_t N>
HWY_INLINE void unfilter_of(Filter filter, const std::uint8_t* in, const std::uint8_t* above, std::size_t step,
                            std::size_t size, std::uint8_t* row) {
  switch (filter) {
    case Filter::none:
      std::memcpy(row, in, size);
      return;
    case Filter::sub:
      return sub(in, static_cast<int>(step), size, row);
    case Filter::up:
      return up_row(in, above, size, row);
    case Filter::average:
      return average_row<N>(in, above, step, size, row);
    case Filter::paeth:
      return paeth_row<N>(in, above, step, size, row);
  }
}

void unfilter_simd(Filter filter, const std::uint8_t* in, const std::uint8_t* above, int step, std::size_t size,
                   std::uint8_t* row) {
  const auto stride = static_cast<std::size_t>(step);
  if (step <= 4) return unfilter_of<4>(filter, in, above, stride, size, row);
  unfilter_of<8>(filter, in, above, stride, size, row);
}

// Two rows, one below the other. The lower half of a vector is a pixel of the first, the other half the one before that of
// the second: what is above that one has just been made.
struct Pair {
  const std::uint8_t *in, *in_below;
  std::uint8_t *row, *row_below;
  std::size_t stride;
  hn::Vec<Wide<8>> a = hn::Zero(Wide<8>()), c = a;
  hn::Vec<Wide<4>> raw_below = hn::Zero(Wide<4>());

  // The pixel at x of the first row, with what is above it, and the one before that of the second.
  HWY_INLINE void step(std::size_t x, hn::Vec<Wide<4>> above) {
    const Wide<8> d;
    const auto b = hn::Combine(d, hn::LowerHalf(a), above);
    a = add_bytes<8>(hn::Combine(d, raw_below, load<4>(in + x)), paeth<8>(a, b, c));
    c = b;
    raw_below = load<4>(in_below + x);
    const std::uint64_t both = hn::GetLane(hn::BitCast(hn::FixedTag<std::uint64_t, 1>(), hn::DemoteTo(Narrow<8>(), a)));
    const auto lower = static_cast<std::uint32_t>(both), upper = static_cast<std::uint32_t>(both >> 32);
    std::memcpy(row + x, &lower, sizeof(lower));
    if (x > 0) std::memcpy(row_below + x - stride, &upper, sizeof(upper));
  }

  // The last one of the second row.
  HWY_INLINE hn::Vec<Wide<4>> last() const { return hn::UpperHalf(Wide<4>(), a); }
};

void paeth_rows_simd(const PaethRows& rows, int count, const std::uint8_t* above, int step, std::size_t size) {
  const auto stride = static_cast<std::size_t>(step);
  Pair first{rows.filtered[0], rows.filtered[1], rows.row[0], rows.row[1], stride};
  if (count == 2) {
    for (std::size_t x = 0; x < size + stride; x += stride) first.step(x, load<4>(above + x));
    return;
  }
  // Neither pair waits for the other: the second one is two pixels behind.
  Pair second{rows.filtered[2], rows.filtered[3], rows.row[2], rows.row[3], stride};
  first.step(0, load<4>(above));
  first.step(stride, load<4>(above + stride));
  for (std::size_t x = 2 * stride; x < size + stride; x += stride) {
    const auto above_second = first.last();
    first.step(x, load<4>(above + x));
    second.step(x - 2 * stride, above_second);
  }
  second.step(size - stride, first.last());
  second.step(size, first.last());
}
#else

void unfilter_simd(Filter filter, const std::uint8_t* in, const std::uint8_t* above, int step, std::size_t size,
                   std::uint8_t* row) {
  unfilter_plain(filter, in, above, step, size, row);
}

void paeth_rows_simd(const PaethRows& rows, int count, const std::uint8_t* above, int step, std::size_t size) {
  for (int i = 0; i < count; ++i) {
    unfilter_plain(Filter::paeth, rows.filtered[i], i == 0 ? above : rows.row[i - 1], step, size, rows.row[i]);
  }
}

#endif
}  // namespace HWY_NAMESPACE
}  // namespace pixfeed::png
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pixfeed::png {

HWY_EXPORT(unfilter_simd);
HWY_EXPORT(paeth_rows_simd);

void unfilter(Filter filter, const std::uint8_t* filtered, const std::uint8_t* above, int step, std::size_t size,
              std::uint8_t* row) {
  HWY_DYNAMIC_DISPATCH(unfilter_simd)(filter, filtered, above, step, size, row);
}

void unfilter_paeth(const PaethRows& rows, int count, const std::uint8_t* above, int step, std::size_t size) {
  HWY_DYNAMIC_DISPATCH(paeth_rows_simd)(rows, count, above, step, size);
}

namespace {

// As the specification has it.
int nearest(int a, int b, int c) {
  const int p = a + b - c, pa = std::abs(p - a), pb = std::abs(p - b), pc = std::abs(p - c);
  return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
}

}  // namespace

void unfilter_plain(Filter filter, const std::uint8_t* filtered, const std::uint8_t* above, int step, std::size_t size,
                    std::uint8_t* row) {
  const auto back = static_cast<std::size_t>(step);
  for (std::size_t x = 0; x < size; ++x) {
    const int a = x < back ? 0 : row[x - back], b = above[x], c = x < back ? 0 : above[x - back];
    int predicted = 0;
    if (filter == Filter::sub) predicted = a;
    if (filter == Filter::up) predicted = b;
    if (filter == Filter::average) predicted = (a + b) / 2;
    if (filter == Filter::paeth) predicted = nearest(a, b, c);
    row[x] = static_cast<std::uint8_t>(filtered[x] + predicted);
  }
}

}  // namespace pixfeed::png
#endif  // HWY_ONCE
