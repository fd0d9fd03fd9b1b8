// Pillow's filters: every SIMD kernel on every CPU target against its plain twin.
// Buffers have exactly the size that is allowed, so an address sanitizer sees a byte too far.
#define HWY_WANT_AVX3_DL  // pillow_vnni_kernels asks for it at run time
#include <hwy/targets.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <vector>

#include "core/resample/pillow_kernels.h"
#include "tests/check.h"
#include "tests/random.h"

namespace {

using namespace pixfeed::kernels;
using namespace pixfeed::testing;

// Of which no sum leaves 32 bits; zeros from `count` on.
std::vector<std::int32_t> random_weights(int count, int room) {
  std::vector<std::int32_t> result(static_cast<std::size_t>(room));
  const int most = static_cast<int>(1.9 * (1 << 22)) / count;
  for (int k = 0; k < count; ++k) result[k] = static_cast<std::int32_t>(random_bits() % (2u * most)) - most;
  return result;
}

// `shrink`: source pixels an output pixel; it decides, with the number of taps, how the kernel goes about it.
void check_filter_row(const char* target, int n, double shrink, int taps) {
  const int width = std::max(1, static_cast<int>(n * shrink));
  taps = std::min(taps, width);
  std::vector<Span> spans;
  std::vector<std::int32_t> weights;
  for (int i = 0; i < n; ++i) {
    const int first = std::min(static_cast<int>(i * shrink), width - 1);
    const int least = std::max(1, taps - 1), most = std::min(taps, width - first);
    spans.push_back({first, std::min(least + static_cast<int>(random_bits() % 2), most)});
    const auto own = random_weights(spans[i].count, taps);
    weights.insert(weights.end(), own.begin(), own.end());
  }
  const auto aligned = [](std::size_t size) { return (size + 63) / 64 * 64; };
  const std::size_t packed = aligned(packed_bytes(n, taps)), planes = aligned(planes_bytes(width));
  constexpr auto kLine = std::align_val_t{64};
  const auto give_back = [](void* bytes) { ::operator delete(bytes, kLine); };
  std::unique_ptr<std::uint8_t, decltype(give_back)> memory(
      static_cast<std::uint8_t*>(::operator new(packed + planes, kLine)), give_back);
  RowFilter filter{width, n, taps, spans.data(), weights.data(), {}, 0, memory.get(), memory.get() + packed};
  choose_method(filter);
  for (int repeat = 0; repeat < 2; ++repeat) {
    const auto row = bytes(3 * width);
    auto fast = bytes(3 * n), plain = bytes(3 * n);
    filter_row(filter, row.data(), fast.data());
    filter_row_plain(filter, row.data(), plain.data());
    EXPECT(fast == plain, "%s: %d pixels to %d, %d taps", target, width, n, taps);
  }
}

TEST_CASE("pillow: a row") {
  for_each_target([](const char* target) {
    for (int n = 1; n <= kLongest; ++n) {
      for (const double shrink : {0.3, 1.0, 1.95, 5.5, 15.75}) {
        check_filter_row(target, n, shrink, 1 + static_cast<int>(random_bits() % 40));
      }
      check_filter_row(target, n, 3, 1 + n % 8);
    }
  });
}

TEST_CASE("pillow: rows") {
  for_each_target([](const char* target) {
    for (int n = 1; n <= kLongest; ++n) {
      const int count = 1 + static_cast<int>(random_bits() % 40), pairs = (count + 1) / 2;
      const auto weights = random_weights(count, 2 * pairs);
      std::vector<std::int16_t> paired(4 * static_cast<std::size_t>(pairs));
      for (int k = 0; k < 2 * pairs; ++k) {
        paired[4 * (k / 2) + k % 2] = static_cast<std::int16_t>(weights[k] >> 11);
        paired[4 * (k / 2) + k % 2 + 2] = static_cast<std::int16_t>(weights[k] & (kSplit - 1));
      }
      std::vector<std::vector<std::uint8_t>> rows;
      std::vector<const std::uint8_t*> pointers;
      for (int k = 0; k < count; ++k) rows.push_back(bytes(n));
      for (const auto& row : rows) pointers.push_back(row.data());
      auto fast = bytes(n), plain = bytes(n);
      filter_rows(pointers.data(), paired.data(), count, n, fast.data());
      filter_rows_plain(pointers.data(), paired.data(), count, n, plain.data());
      EXPECT(fast == plain, "%s: %d rows of %d values", target, count, n);
    }
  });
}

}  // namespace
