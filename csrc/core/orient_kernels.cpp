// Turns a band of rows into columns, 4 x 4 pixels at a time; with a plain twin.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/orient_kernels.cpp"
#include <hwy/foreach_target.h>
// The order matters: highway.h after foreach_target.h.
#include <hwy/highway.h>

#include <cstring>

#include "core/orient_kernels.h"

HWY_BEFORE_NAMESPACE();
namespace pixfeed::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET != HWY_SCALAR

// Pixels are moved four by four, as lanes of 32 bits.
constexpr hn::FixedTag<std::uint8_t, 16> d8;
constexpr hn::FixedTag<std::uint32_t, 4> d32;
constexpr hn::FixedTag<std::uint64_t, 2> d64;
using V32 = hn::Vec<decltype(d32)>;

alignas(16) constexpr std::uint8_t kSpread[16] = {0, 1, 2, 2, 3, 4, 5, 5, 6, 7, 8, 8, 9, 10, 11, 11};
alignas(16) constexpr std::uint8_t kPack[16] = {0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 14, 14, 14, 14};

// Four of a row.
HWY_INLINE V32 load(const std::uint8_t* rgb) {
  return hn::BitCast(d32, hn::TableLookupBytes(hn::LoadU(d8, rgb), hn::Load(d8, kSpread)));
}

// 12 bytes, and 4 more if they may be overwritten.
HWY_INLINE void store(hn::Vec<decltype(d64)> pixels, bool more, std::uint8_t* to) {
  const auto packed = hn::TableLookupBytes(hn::BitCast(d8, pixels), hn::Load(d8, kPack));
  if (HWY_LIKELY(more)) {
    hn::StoreU(packed, d8, to);
    return;
  }
  alignas(16) std::uint8_t bytes[16];
  hn::Store(packed, d8, bytes);
  std::memcpy(to, bytes, 12);
}

void turn_simd(const std::uint8_t* from, std::ptrdiff_t from_stride, int columns, int rows, std::uint8_t* to,
               std::ptrdiff_t to_stride) {
  const int whole = rows / 4 * 4;
  int x = 0;
  for (; x + 4 <= columns; x += 4, from += 12, to += 4 * to_stride) {
    const std::uint8_t* row = from;
    for (int y = 0; y < whole; y += 4, row += 4 * from_stride) {
      const V32 a = load(row), b = load(row + from_stride);
      const V32 c = load(row + 2 * from_stride), d = load(row + 3 * from_stride);
      const auto ab_left = hn::BitCast(d64, hn::InterleaveLower(d32, a, b));
      const auto cd_left = hn::BitCast(d64, hn::InterleaveLower(d32, c, d));
      const auto ab_right = hn::BitCast(d64, hn::InterleaveUpper(d32, a, b));
      const auto cd_right = hn::BitCast(d64, hn::InterleaveUpper(d32, c, d));
      std::uint8_t* const out = to + 3 * y;
      const bool more = y + 6 <= rows;
      store(hn::InterleaveLower(d64, ab_left, cd_left), more, out);
      store(hn::InterleaveUpper(d64, ab_left, cd_left), more, out + to_stride);
      store(hn::InterleaveLower(d64, ab_right, cd_right), more, out + 2 * to_stride);
      store(hn::InterleaveUpper(d64, ab_right, cd_right), more, out + 3 * to_stride);
    }
    if (whole < rows) turn_plain(row, from_stride, 4, rows - whole, to + 3 * whole, to_stride);
  }
  if (x < columns) turn_plain(from, from_stride, columns - x, rows, to, to_stride);
}

#else

void turn_simd(const std::uint8_t* from, std::ptrdiff_t from_stride, int columns, int rows, std::uint8_t* to,
               std::ptrdiff_t to_stride) {
  turn_plain(from, from_stride, columns, rows, to, to_stride);
}

#endif

}  // namespace HWY_NAMESPACE
}  // namespace pixfeed::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pixfeed::kernels {

HWY_EXPORT(turn_simd);

void turn(const std::uint8_t* from, std::ptrdiff_t from_stride, int columns, int rows, std::uint8_t* to,
          std::ptrdiff_t to_stride) {
  HWY_DYNAMIC_DISPATCH(turn_simd)(from, from_stride, columns, rows, to, to_stride);
}

void turn_plain(const std::uint8_t* from, std::ptrdiff_t from_stride, int columns, int rows, std::uint8_t* to,
                std::ptrdiff_t to_stride) {
  for (int x = 0; x < columns; ++x, from += 3, to += to_stride) {
    for (int y = 0; y < rows; ++y) std::memcpy(to + std::ptrdiff_t{3} * y, from + y * from_stride, 3);
  }
}

}  // namespace pixfeed::kernels
#endif  // HWY_ONCE
