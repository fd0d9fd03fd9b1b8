// OpenCV's ways of resampling: every SIMD kernel on every CPU target against its plain twin.
// Buffers have exactly the size that is allowed, so an address sanitizer sees a byte too far.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

#include "core/resample/area_kernels.h"
#include "core/resample/cubic_lanczos4_kernels.h"
#include "core/resample/linear_exact_kernels.h"
#include "core/resample/linear_kernels.h"
#include "tests/check.h"
#include "tests/random.h"

namespace {

using namespace pixfeed::kernels;
using namespace pixfeed::testing;

TEST_CASE("linear: a row") {
  for_each_target([](const char* target) {
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
        EXPECT(i % 4 == 3 || fast[i] == plain[i], "%s: %d columns, value %d", target, n, i);
      }
    }
  });
}

TEST_CASE("linear: two rows") {
  for_each_target([](const char* target) {
    for (int n = 1; n <= kLongest; ++n) {
      std::vector<std::int16_t> upper(4 * static_cast<std::size_t>(n)), lower(upper);
      for (auto* row : {&upper, &lower}) {
        for (auto& value : *row) value = static_cast<std::int16_t>(random_bits() % 32641);  // 255 * 2048 >> 4
      }
      const int weight = static_cast<int>(random_bits() % 2049);
      std::vector<std::uint8_t> fast(3 * static_cast<std::size_t>(n) + kRowSlack), plain(fast.size());
      blend_rows(upper.data(), lower.data(), 2048 - weight, weight, n, fast.data());
      blend_rows_plain(upper.data(), lower.data(), 2048 - weight, weight, n, plain.data());
      EXPECT(std::memcmp(fast.data(), plain.data(), 3 * static_cast<std::size_t>(n)) == 0, "%s: %d columns", target, n);
    }
  });
}

TEST_CASE("linear: 2 x 2 means") {
  for_each_target([](const char* target) {
    for (int n = 1; n <= kLongest; ++n) {
      const auto upper = bytes(6 * n), lower = bytes(6 * n);
      auto fast = bytes(3 * n + kRowSlack), plain = bytes(3 * n + kRowSlack);
      halve_rows(upper.data(), lower.data(), n, fast.data());
      halve_rows_plain(upper.data(), lower.data(), n, plain.data());
      EXPECT(std::memcmp(fast.data(), plain.data(), 3 * static_cast<std::size_t>(n)) == 0, "%s: %d pixels", target, n);
    }
  });
}

TEST_CASE("area") {
  for_each_target([](const char* target) {
    for (int n = 1; n <= kLongest; ++n) {
      const std::size_t values = 3 * static_cast<std::size_t>(n);
      std::vector<std::int32_t> spans;
      std::vector<float> weights;
      int pixels = 0;
      for (int i = 0; i < n; ++i) {
        const int first = std::max(pixels - static_cast<int>(random_bits() % 2), 0);
        const int count = 1 + static_cast<int>(random_bits() % 9);
        spans.insert(spans.end(), {first, count});
        for (int k = 0; k < count; ++k) weights.push_back(static_cast<float>(random_bits() % 1000) / 1003.f);
        pixels = first + count;
      }
      const auto src = bytes(3 * pixels);
      std::vector<float> fast(values + kAreaSlack), plain(fast);
      area_row(src.data(), 3 * pixels, spans.data(), weights.data(), n, fast.data());
      area_row_plain(src.data(), 3 * pixels, spans.data(), weights.data(), n, plain.data());
      std::vector<float> fast_sum(values, 0.5f), plain_sum(fast_sum);
      add_weighted(fast.data(), 0.37f, static_cast<int>(values), fast_sum.data());
      add_weighted_plain(plain.data(), 0.37f, static_cast<int>(values), plain_sum.data());
      std::vector<std::uint8_t> fast_out(values), plain_out(values);
      round_sums(fast_sum.data(), static_cast<int>(values), fast_out.data());
      round_sums_plain(plain_sum.data(), static_cast<int>(values), plain_out.data());
      for (std::size_t i = 0; i < values; ++i) {
        EXPECT(fast[i] == plain[i], "%s: %d pixels, value %zu", target, n, i);
        EXPECT(fast_sum[i] == plain_sum[i], "%s: %d pixels, sum %zu", target, n, i);
      }
      EXPECT(fast_out == plain_out, "%s: %d pixels, rounded", target, n);

      const int factor = 1 + static_cast<int>(random_bits() % 20);
      const auto whole = bytes(3 * factor * n);
      std::vector<std::uint32_t> fast_row(values + kAreaSlack), plain_row(fast_row), fast_all(values),
          plain_all(values);
      for (std::size_t i = 0; i < values; ++i) {
        fast_all[i] = plain_all[i] = static_cast<std::uint32_t>(random_bits() % 300000) - 100000;
      }
      sum_row(whole.data(), factor, n, fast_row.data());
      sum_row_plain(whole.data(), factor, n, plain_row.data());
      add_row(fast_row.data(), static_cast<int>(values), fast_all.data());
      add_row_plain(plain_row.data(), static_cast<int>(values), plain_all.data());
      for (std::size_t i = 0; i < values; ++i) {
        EXPECT(fast_row[i] == plain_row[i], "%s: %d pixels of %d, value %zu", target, n, factor, i);
      }
      EXPECT(fast_all == plain_all, "%s: %d pixels of %d, sums", target, n, factor);
      scale_sums(fast_all.data(), 1.f / 300, static_cast<int>(values), fast_out.data());
      scale_sums_plain(plain_all.data(), 1.f / 300, static_cast<int>(values), plain_out.data());
      EXPECT(fast_out == plain_out, "%s: %d pixels of %d, scaled", target, n, factor);
    }
  });
}

TEST_CASE("linear_exact") {
  for_each_target([](const char* target) {
    for (int n = 1; n <= kLongest; ++n) {
      const int pixels = 1 + static_cast<int>(random_bits() % 300);
      const auto src = bytes(3 * pixels);
      std::vector<std::int32_t> offset;
      std::vector<std::int16_t> weight;
      for (int i = 0; i < n; ++i) {
        const int x = n == 1 ? pixels - 1 : static_cast<int>(static_cast<long>(i) * (pixels - 1) / (n - 1));
        const int right = x == pixels - 1 ? 0 : static_cast<int>(random_bits() % 257);
        offset.push_back(3 * x);
        weight.insert(weight.end(), {static_cast<std::int16_t>(256 - right), static_cast<std::int16_t>(right)});
      }
      const std::size_t values = 3 * static_cast<std::size_t>(n);
      std::vector<std::uint16_t> fast(values + kExactSlack), plain(fast), lower(values);
      exact_row(src.data(), 3 * pixels, offset.data(), weight.data(), n, fast.data());
      exact_row_plain(src.data(), 3 * pixels, offset.data(), weight.data(), n, plain.data());
      for (std::size_t i = 0; i < values; ++i) EXPECT(fast[i] == plain[i], "%s: %d columns, value %zu", target, n, i);
      for (auto& value : lower) value = static_cast<std::uint16_t>(random_bits() % 65281);  // 255 * 256
      fast.resize(values);
      const int below = static_cast<int>(random_bits() % 257);
      auto fast_out = bytes(3 * n), plain_out = bytes(3 * n);
      exact_blend(fast.data(), lower.data(), below, 3 * n, fast_out.data());
      exact_blend_plain(fast.data(), lower.data(), below, 3 * n, plain_out.data());
      EXPECT(fast_out == plain_out, "%s: %d columns, blended", target, n);
    }
  });
}

TEST_CASE("cubic and lanczos4") {
  for_each_target([](const char* target) {
    for (int n = 1; n <= kLongest; ++n) {
      const int taps = n % 2 == 0 ? 4 : 8, pixels = 1 + static_cast<int>(random_bits() % (n % 5 == 0 ? 6 : 300));
      const auto src = bytes(3 * pixels);
      std::vector<std::int32_t> first;
      std::vector<std::int16_t> weights;
      for (int i = 0; i < n; ++i) {
        first.push_back(static_cast<int>(static_cast<long>(i) * (pixels + 1) / n) - taps / 2);
        for (int k = 0; k < taps; ++k) weights.push_back(static_cast<std::int16_t>(random_bits() % 4097) - 2048);
      }
      const std::size_t values = 3 * static_cast<std::size_t>(n);
      std::vector<std::int32_t> fast(values + kWideSlack), plain(fast);
      wide_row(src.data(), pixels, first.data(), weights.data(), taps, n, fast.data());
      wide_row_plain(src.data(), pixels, first.data(), weights.data(), taps, n, plain.data());
      for (std::size_t i = 0; i < values; ++i) {
        EXPECT(fast[i] == plain[i], "%s: %d pixels of %d taps, value %zu", target, n, taps, i);
      }

      std::vector<std::vector<std::int32_t>> rows;
      std::vector<const std::int32_t*> pointers;
      for (int k = 0; k < taps; ++k) {
        rows.emplace_back(static_cast<std::size_t>(n));
        for (auto& value : rows.back()) value = static_cast<std::int32_t>(random_bits() % 1500000) - 500000;
      }
      for (const auto& row : rows) pointers.push_back(row.data());
      auto fast_out = bytes(n), plain_out = bytes(n);
      blend_in_integers(pointers.data(), weights.data(), taps, n, fast_out.data());
      blend_in_integers_plain(pointers.data(), weights.data(), taps, n, plain_out.data());
      EXPECT(fast_out == plain_out, "%s: %d values of %d rows", target, n, taps);
      blend_in_floats(pointers.data(), weights.data(), n, fast_out.data());
      blend_in_floats_plain(pointers.data(), weights.data(), n, plain_out.data());
      EXPECT(fast_out == plain_out, "%s: %d values in floats", target, n);
    }
  });
}

}  // namespace
