// Every SIMD kernel on every target that this CPU has, against its plain twin, at every length up to a few vectors.
// Buffers have exactly the size that is allowed, so an address sanitizer sees a byte too far.
#define HWY_WANT_AVX3_DL  // pillow_vnni_kernels asks for it at run time
#include <hwy/targets.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <vector>

#include "core/adjust_kernels.h"
#include "core/gather.h"
#include "core/gather_kernels.h"
#include "core/half.h"
#include "core/orient_kernels.h"
#include "core/pictures.h"
#include "core/resample/area_kernels.h"
#include "core/resample/cubic_lanczos4_kernels.h"
#include "core/resample/linear_exact_kernels.h"
#include "core/resample/linear_kernels.h"
#include "core/resample/pillow_kernels.h"
#include "core/write_kernels.h"
#include "tests/check.h"

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

void test_halving(const char* target) {
  for (int n = 1; n <= kLongest; ++n) {
    const auto upper = bytes(6 * n), lower = bytes(6 * n);
    auto fast = bytes(3 * n + kRowSlack), plain = bytes(3 * n + kRowSlack);
    halve_rows(upper.data(), lower.data(), n, fast.data());
    halve_rows_plain(upper.data(), lower.data(), n, plain.data());
    CHECK(std::memcmp(fast.data(), plain.data(), 3 * static_cast<std::size_t>(n)) == 0, "%s: %d pixels", target, n);
  }
}

void test_areas(const char* target) {
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
      CHECK(fast[i] == plain[i], "%s: %d pixels, value %zu", target, n, i);
      CHECK(fast_sum[i] == plain_sum[i], "%s: %d pixels, sum %zu", target, n, i);
    }
    CHECK(fast_out == plain_out, "%s: %d pixels, rounded", target, n);

    const int factor = 1 + static_cast<int>(random_bits() % 20);
    const auto whole = bytes(3 * factor * n);
    std::vector<std::uint32_t> fast_row(values + kAreaSlack), plain_row(fast_row), fast_all(values), plain_all(values);
    for (std::size_t i = 0; i < values; ++i) {
      fast_all[i] = plain_all[i] = static_cast<std::uint32_t>(random_bits() % 300000) - 100000;
    }
    sum_row(whole.data(), factor, n, fast_row.data());
    sum_row_plain(whole.data(), factor, n, plain_row.data());
    add_row(fast_row.data(), static_cast<int>(values), fast_all.data());
    add_row_plain(plain_row.data(), static_cast<int>(values), plain_all.data());
    for (std::size_t i = 0; i < values; ++i) {
      CHECK(fast_row[i] == plain_row[i], "%s: %d pixels of %d, value %zu", target, n, factor, i);
    }
    CHECK(fast_all == plain_all, "%s: %d pixels of %d, sums", target, n, factor);
    scale_sums(fast_all.data(), 1.f / 300, static_cast<int>(values), fast_out.data());
    scale_sums_plain(plain_all.data(), 1.f / 300, static_cast<int>(values), plain_out.data());
    CHECK(fast_out == plain_out, "%s: %d pixels of %d, scaled", target, n, factor);
  }
}

void test_exact(const char* target) {
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
    for (std::size_t i = 0; i < values; ++i) CHECK(fast[i] == plain[i], "%s: %d columns, value %zu", target, n, i);
    for (auto& value : lower) value = static_cast<std::uint16_t>(random_bits() % 65281);  // 255 * 256
    fast.resize(values);
    const int below = static_cast<int>(random_bits() % 257);
    auto fast_out = bytes(3 * n), plain_out = bytes(3 * n);
    exact_blend(fast.data(), lower.data(), below, 3 * n, fast_out.data());
    exact_blend_plain(fast.data(), lower.data(), below, 3 * n, plain_out.data());
    CHECK(fast_out == plain_out, "%s: %d columns, blended", target, n);
  }
}

void test_wide(const char* target) {
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
      CHECK(fast[i] == plain[i], "%s: %d pixels of %d taps, value %zu", target, n, taps, i);
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
    CHECK(fast_out == plain_out, "%s: %d values of %d rows", target, n, taps);
    blend_in_floats(pointers.data(), weights.data(), n, fast_out.data());
    blend_in_floats_plain(pointers.data(), weights.data(), n, plain_out.data());
    CHECK(fast_out == plain_out, "%s: %d values in floats", target, n);
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
// `same`: all weights of a pixel are the same.
void test_filter_row(const char* target, int n, double shrink, int taps, bool same = false) {
  const int width = std::max(1, static_cast<int>(n * shrink));
  taps = std::min(taps, width);
  std::vector<Span> spans;
  std::vector<std::int32_t> weights;
  for (int i = 0; i < n; ++i) {
    const int first = std::min(static_cast<int>(i * shrink), width - 1);
    const int least = std::max(1, taps - 1), most = std::min(taps, width - first);
    spans.push_back({first, std::min(least + static_cast<int>(random_bits() % 2), most)});
    auto own = random_weights(spans[i].count, taps);
    if (same) std::fill_n(own.begin(), spans[i].count, own[0]);
    weights.insert(weights.end(), own.begin(), own.end());
  }
  const auto aligned = [](std::size_t size) { return (size + 63) / 64 * 64; };
  const std::size_t packed = aligned(packed_bytes(n, taps)), planes = aligned(planes_bytes(width));
  std::unique_ptr<std::uint8_t, decltype(&std::free)> memory(
      static_cast<std::uint8_t*>(std::aligned_alloc(64, packed + planes)), std::free);
  RowFilter filter{width, n, taps, spans.data(), weights.data(), {}, 0, memory.get(), memory.get() + packed};
  choose_method(filter);
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
      test_filter_row(target, n, shrink, 1 + static_cast<int>(random_bits() % 40), true);
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

// What the bits of a 16-bit float mean; infinity as if its exponent were an ordinary one, which rounding takes it for.
double value_of(std::uint16_t bits, int exponent_bits) {
  const int fraction_bits = 15 - exponent_bits, bias = (1 << (exponent_bits - 1)) - 1;
  const int exponent = bits >> fraction_bits & ((1 << exponent_bits) - 1), fraction = bits & ((1 << fraction_bits) - 1);
  const int whole = exponent == 0 ? fraction : fraction + (1 << fraction_bits);
  return (bits >> 15 ? -1.0 : 1.0) * std::ldexp(whole, std::max(exponent, 1) - bias - fraction_bits);
}

// No neighbour is nearer, and none that is even is as near.
void check_half(float value, std::uint16_t half, int exponent_bits) {
  CHECK((half >> 15 != 0) == std::signbit(value), "%a", static_cast<double>(value));
  const auto distance = [&](int bits) {
    return std::abs(value_of(static_cast<std::uint16_t>(bits), exponent_bits) - static_cast<double>(value));
  };
  const int infinite = ((1 << exponent_bits) - 1) << (15 - exponent_bits), size = half & 0x7FFF;
  CHECK(size <= infinite, "%a is no number", static_cast<double>(value));
  for (const int neighbour : {half - 1, half + 1}) {
    if ((size == 0 && neighbour < half) || (size == infinite && neighbour > half)) continue;
    const double here = distance(half), there = distance(neighbour);
    if (size == infinite && neighbour < half &&
        std::abs(value) > value_of(static_cast<std::uint16_t>(size), exponent_bits))
      continue;
    CHECK(here < there || (here == there && half % 2 == 0), "%a to %x", static_cast<double>(value), half);
  }
}

void test_halves() {
  for (std::uint32_t i = 0; i < 4000000; ++i) {
    // Every exponent, and mantissas on and beside the ties.
    std::uint32_t bits = static_cast<std::uint32_t>(random_bits());
    if (i % 4 == 1) bits &= 0xFFFFF000u;
    if (i % 4 == 2) bits = (bits & 0xFFFF8000u) | (i % 3 == 0 ? 0 : 1);
    const float value = std::bit_cast<float>(bits);
    if (!std::isfinite(value)) continue;
    check_half(value, pixfeed::to_float16(value), 5);
    check_half(value, pixfeed::to_bfloat16(value), 8);
  }
}

// Every dtype, planar and packed, contiguous and not, few and many, with pieces that several threads take.
void test_taking() {
  using pixfeed::DType;
  const float mean[3] = {0.485f, 0.456f, 0.406f}, std[3] = {0.229f, 0.224f, 0.225f};
  const int height = 21, width = 13, room = 16;
  for (const int channels : {1, 3}) {
    for (const bool packed : {false, true}) {
      const int pixel = packed ? channels : 1, row = packed ? channels * room : width,
                plane = packed ? 1 : height * width;
      const int picture = packed ? height * row : channels * plane, n = 40;
      const auto in = bytes(n * picture);
      const pixfeed::Pictures pictures{in.data(), n, channels, height, width, picture, plane, row, pixel};
      for (const DType dtype : {DType::uint8, DType::float32, DType::float16, DType::bfloat16}) {
        for (const bool packed_out : {false, true}) {
          const int size = dtype == DType::uint8 ? 1 : dtype == DType::float32 ? 4 : 2;
          const std::ptrdiff_t x = packed_out ? size * channels : size, y = x * width,
                               c = packed_out ? size : y * height;
          std::vector<std::int64_t> rows;
          for (int i = 0; i < 300; ++i) rows.push_back(static_cast<std::int64_t>(random_bits() % n));
          const std::size_t each = static_cast<std::size_t>(channels * height * width * size);
          std::vector<std::uint8_t> out(each * rows.size());
          std::vector<pixfeed::Slot> slots;
          for (std::size_t i = 0; i < rows.size(); ++i) {
            slots.push_back({out.data() + i * each, dtype, channels, height, width, c, y, x});
          }
          CHECK(pixfeed::check_take(pictures, rows, slots, mean, std) == nullptr, "refused");
          pixfeed::take(pictures, rows, slots, mean, std, pixfeed::Workers{3});
          for (std::size_t i = 0; i < rows.size(); ++i) {
            for (int at = 0; at < channels * height * width; ++at) {
              const int ch = at % channels, px = at / channels % width, py = at / channels / width;
              const std::uint8_t value = in[rows[i] * picture + ch * plane + py * row + px * pixel];
              const std::uint8_t* got = slots[i].data + ch * c + py * y + px * x;
              const float wanted = to_float(value, mean[ch], std[ch]);
              std::uint32_t bits = value;
              if (dtype == DType::float32) bits = std::bit_cast<std::uint32_t>(wanted);
              if (dtype == DType::float16) bits = pixfeed::to_float16(wanted);
              if (dtype == DType::bfloat16) bits = pixfeed::to_bfloat16(wanted);
              std::uint32_t found = 0;
              std::memcpy(&found, got, static_cast<std::size_t>(size));
              CHECK(found == bits, "picture %zu, value %d", i, at);
            }
          }
        }
      }
    }
  }
}

// On and beside all ties, and at the borders of what is normal and finite.
void test_halving_floats(const char* target) {
  for (int n = 1; n <= kLongest; ++n) {
    for (int repeat = 0; repeat < 20; ++repeat) {
      std::vector<float> in;
      while (in.size() < static_cast<std::size_t>(n)) {
        std::uint32_t bits = static_cast<std::uint32_t>(random_bits());
        if (repeat % 4 == 1) bits &= 0xFFFFF000u;
        if (repeat % 4 == 2) bits = (bits & 0xFFFF8000u) | (random_bits() % 3);
        if (repeat % 4 == 3) {  // all of float16's exponents, and a few beyond
          bits = (bits & 0x807FFFFFu) | static_cast<std::uint32_t>(100 + random_bits() % 45) << 23;
        }
        const float value = std::bit_cast<float>(bits);
        if (!std::isnan(value)) in.push_back(value);
      }
      std::vector<std::uint16_t> half(in.size()), brain(in.size());
      floats_to_float16(in.data(), n, half.data());
      floats_to_bfloat16(in.data(), n, brain.data());
      for (std::size_t i = 0; i < in.size(); ++i) {
        CHECK(half[i] == pixfeed::to_float16(in[i]), "%s: %a of %d", target, static_cast<double>(in[i]), n);
        CHECK(brain[i] == pixfeed::to_bfloat16(in[i]), "%s: %a of %d", target, static_cast<double>(in[i]), n);
      }
    }
  }
}

void test_adjusting(const char* target) {
  for (int n = 1; n <= kLongest; ++n) {
    const auto rgb = bytes(3 * n);
    CHECK(sum_of_gray(rgb.data(), n) == sum_of_gray_plain(rgb.data(), n), "%s: %d pixels", target, n);
    const std::uint8_t other = static_cast<std::uint8_t>(random_bits());
    for (const float factor : {0.f, 0.4f, 1.f, 1.7f, 0.001f * static_cast<float>(random_bits() % 3000), 1e9f}) {
      auto fast = rgb, plain = rgb;
      blend_with(fast.data(), 3 * n, other, factor);
      blend_with_plain(plain.data(), 3 * n, other, factor);
      CHECK(fast == plain, "%s: %d pixels blended with %d by %g", target, n, other, factor);
      fast = plain = rgb;
      blend_with_gray(fast.data(), n, factor);
      blend_with_gray_plain(plain.data(), n, factor);
      CHECK(fast == plain, "%s: %d pixels blended with gray by %g", target, n, factor);
    }
  }
}

void test_turning(const char* target) {
  for (int i = 0; i < 2000; ++i) {
    const int columns = static_cast<int>(random_bits() % 40), rows = static_cast<int>(random_bits() % 40);
    const int stride = 3 * columns + kTurnSlack + static_cast<int>(random_bits() % 5);
    const int to_stride = 3 * rows + static_cast<int>(random_bits() % 5);
    const auto in = bytes(stride * rows + kTurnSlack);
    auto fast = bytes(to_stride * columns + 1);
    auto plain = fast;
    const bool back = random_bits() % 2 != 0 && columns > 0;
    const std::ptrdiff_t first = back ? std::ptrdiff_t{to_stride} * (columns - 1) : 0;
    turn(in.data(), stride, columns, rows, fast.data() + first, back ? -to_stride : to_stride);
    turn_plain(in.data(), stride, columns, rows, plain.data() + first, back ? -to_stride : to_stride);
    CHECK(fast == plain, "%s: %d columns of %d pixels turned", target, columns, rows);
  }
}

void test_copying(const char* target) {
  for (int i = 0; i <= 3 * kLongest; ++i) {
    const int n = i <= 2 * kLongest ? i : 100 * i;  // the long ones are copied several pages at a time
    const int shift_in = static_cast<int>(random_bits() % 70), shift_out = static_cast<int>(random_bits() % 70);
    const auto in = bytes(shift_in + n);
    const auto before = bytes(shift_out + n);
    auto out = before;
    copy_streaming(in.data() + shift_in, static_cast<std::size_t>(n), out.data() + shift_out);
    CHECK(std::equal(out.begin() + shift_out, out.end(), in.begin() + shift_in), "%s: %d bytes", target, n);
    CHECK(std::equal(out.begin(), out.begin() + shift_out, before.begin()), "%s: before %d bytes", target, n);
  }
}

// Pieces that are smaller and larger than what one task copies, few and many, through the caches and past them.
void test_gathering(const char* target) {
  for (const int size : {1, 3, 1000, 262144, 300001}) {
    for (const int n : {0, 1, 5, 20}) {
      std::vector<std::vector<std::uint8_t>> pieces;
      std::vector<const std::uint8_t*> sources;
      for (int i = 0; i < n; ++i) pieces.push_back(bytes(size));
      for (const auto& piece : pieces) sources.push_back(piece.data());
      for (const int threads : {1, 3}) {
        std::vector<std::uint8_t> out(static_cast<std::size_t>(n) * static_cast<std::size_t>(size));
        pixfeed::gather(sources, static_cast<std::size_t>(size), out.data(), threads);
        for (int i = 0; i < n; ++i) {
          CHECK(std::equal(pieces[i].begin(), pieces[i].end(), out.begin() + static_cast<std::ptrdiff_t>(i) * size),
                "%s: piece %d of %d, %d bytes, %d threads", target, i, n, size, threads);
        }
      }
    }
  }
}

}  // namespace

int main() {
  test_halves();
  test_taking();
  for (const auto target : hwy::SupportedAndGeneratedTargets()) {
    hwy::SetSupportedTargetsForTest(target);
    const char* name = hwy::TargetName(target);
    test_resample_row(name);
    test_blend_rows(name);
    test_halving(name);
    test_areas(name);
    test_exact(name);
    test_wide(name);
    test_filter_row(name);
    test_filter_rows(name);
    test_writing(name);
    test_turning(name);
    test_halving_floats(name);
    test_adjusting(name);
    test_copying(name);
    test_gathering(name);
    std::printf("%s: same as the plain twins\n", name);
  }
  hwy::SetSupportedTargetsForTest(0);
}
