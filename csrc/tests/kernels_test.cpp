// Every SIMD kernel on every target that this CPU has, against its plain twin, at every length up to a few vectors.
// Buffers have exactly the size that is allowed, so an address sanitizer sees a byte too far.
#define HWY_WANT_AVX3_DL  // resample_filter_vnni_kernels asks for it at run time
#include <hwy/targets.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <vector>

#include "check.h"
#include "core/resample_filter_kernels.h"
#include "core/resample_linear_kernels.h"
#include "core/write_kernels.h"

namespace {

using namespace pixfeed::kernels;
constexpr int kLongest = 200;  // columns; more than two of the longest vectors

std::mt19937 random_bits(1);

std::vector<std::uint8_t> bytes(int n) {
  std::vector<std::uint8_t> result(static_cast<std::size_t>(n));
  for (auto& value : result) value = static_cast<std::uint8_t>(random_bits());
  return result;
}

void test_resample_row(const char* target) {
  for (int n = 1; n <= kLongest; ++n) {
    const int pixels = 1 + static_cast<int>(random_bits() % 300);
    const auto src = bytes(3 * pixels);
    std::vector<std::int32_t> offset(static_cast<std::size_t>(n));
    std::vector<std::int16_t> weight(2 * static_cast<std::size_t>(n));
    for (int i = 0; i < n; ++i) {
      const int x = n == 1 ? pixels - 1 : static_cast<int>(static_cast<long>(i) * (pixels - 1) / (n - 1));
      const int right = x == pixels - 1 ? 0 : static_cast<int>(random_bits() % 2049);
      offset[i] = 3 * x;
      weight[2 * i] = static_cast<std::int16_t>(2048 - right);
      weight[2 * i + 1] = static_cast<std::int16_t>(right);
    }
    std::vector<std::int16_t> fast(4 * static_cast<std::size_t>(n)), plain(fast);
    resample_row(src.data(), 3 * pixels, offset.data(), weight.data(), n, fast.data());
    resample_row_plain(src.data(), 3 * pixels, offset.data(), weight.data(), n, plain.data());
    for (int i = 0; i < 4 * n; ++i) {
      CHECK(i % 4 == 3 || fast[i] == plain[i], "%s: %d columns, value %d", target, n, i);
    }
  }
}

void test_blend_rows(const char* target) {
  for (int n = 1; n <= kLongest; ++n) {
    std::vector<std::int16_t> upper(4 * static_cast<std::size_t>(n)), lower(upper);
    for (auto* row : {&upper, &lower}) {
      for (auto& value : *row) value = static_cast<std::int16_t>(random_bits() % 32641);  // 255 * 2048 >> 4
    }
    const int weight = static_cast<int>(random_bits() % 2049);
    std::vector<std::uint8_t> fast(3 * static_cast<std::size_t>(n) + kRowSlack), plain(fast.size());
    blend_rows(upper.data(), lower.data(), 2048 - weight, weight, n, fast.data());
    blend_rows_plain(upper.data(), lower.data(), 2048 - weight, weight, n, plain.data());
    CHECK(std::memcmp(fast.data(), plain.data(), 3 * static_cast<std::size_t>(n)) == 0, "%s: %d columns", target, n);
  }
}

// Of which no sum leaves 32 bits; zeros from `count` on.
std::vector<std::int32_t> random_weights(int count, int room) {
  std::vector<std::int32_t> result(static_cast<std::size_t>(room));
  const int most = static_cast<int>(1.9 * (1 << 22)) / count;
  for (int k = 0; k < count; ++k) result[k] = static_cast<std::int32_t>(random_bits() % (2u * most)) - most;
  return result;
}

// `shrink`: source pixels an output pixel; it decides, with the number of taps, how the kernel goes about it.
void test_filter_row(const char* target, int n, double shrink, int taps) {
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
  std::unique_ptr<std::uint8_t, decltype(&std::free)> memory(
      static_cast<std::uint8_t*>(std::aligned_alloc(64, packed + planes)), std::free);
  RowFilter filter{width, n, taps, spans.data(), weights.data(), {}, 0, memory.get(), memory.get() + packed};
  lay_out(filter);
  for (int repeat = 0; repeat < 2; ++repeat) {
    const auto row = bytes(3 * width);
    auto fast = bytes(3 * n), plain = bytes(3 * n);
    filter_row(filter, row.data(), fast.data());
    filter_row_plain(filter, row.data(), plain.data());
    CHECK(fast == plain, "%s: %d pixels to %d, %d taps", target, width, n, taps);
  }
}

void test_filter_row(const char* target) {
  for (int n = 1; n <= kLongest; ++n) {
    for (const double shrink : {0.3, 1.0, 1.95, 5.5, 15.75}) {
      test_filter_row(target, n, shrink, 1 + static_cast<int>(random_bits() % 40));
    }
    test_filter_row(target, n, 3, 1 + n % 8);
  }
}

void test_filter_rows(const char* target) {
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
    CHECK(fast == plain, "%s: %d rows of %d values", target, count, n);
  }
}

void test_writing(const char* target) {
  const float kMeans[2][3] = {{0, 0, 0}, {0.485f, 0.456f, 0.406f}}, kStds[2][3] = {{1, 1, 1}, {0.229f, 0.224f, 0.225f}};
  for (int n = 1; n <= kLongest; ++n) {
    const auto rgb = bytes(3 * n);
    const std::size_t size = static_cast<std::size_t>(n);
    std::vector<std::uint8_t> planes[3] = {bytes(n), bytes(n), bytes(n)};
    rgb_to_byte_planes(rgb.data(), n, planes[0].data(), planes[1].data(), planes[2].data());
    std::vector<float> packed(3 * size);
    bytes_to_floats(rgb.data(), 3 * n, packed.data());
    for (int i = 0; i < 3 * n; ++i) {
      CHECK(planes[i % 3][i / 3] == rgb[i], "%s: %d pixels, value %d", target, n, i);
      CHECK(packed[i] == to_float(rgb[i], 0, 1), "%s: %d pixels, value %d", target, n, i);
    }
    for (int k = 0; k < 2; ++k) {
      std::vector<float> floats[3] = {std::vector<float>(size), std::vector<float>(size), std::vector<float>(size)};
      rgb_to_float_planes(rgb.data(), n, kMeans[k], kStds[k], floats[0].data(), floats[1].data(), floats[2].data());
      for (int i = 0; i < 3 * n; ++i) {
        CHECK(floats[i % 3][i / 3] == to_float(rgb[i], kMeans[k][i % 3], kStds[k][i % 3]), "%s: %d pixels, value %d",
              target, n, i);
      }
    }
  }
}

}  // namespace

int main() {
  for (const auto target : hwy::SupportedAndGeneratedTargets()) {
    hwy::SetSupportedTargetsForTest(target);
    const char* name = hwy::TargetName(target);
    test_resample_row(name);
    test_blend_rows(name);
    test_filter_row(name);
    test_filter_rows(name);
    test_writing(name);
    std::printf("%s: same as the plain twins\n", name);
  }
  hwy::SetSupportedTargetsForTest(0);
}
