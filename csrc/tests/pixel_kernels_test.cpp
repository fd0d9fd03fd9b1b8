// Writing, adjusting, turning and copying pixels: every SIMD kernel on every CPU target against its plain twin.
// Buffers have exactly the size that is allowed, so an address sanitizer sees a byte too far.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "core/adjust_kernels.h"
#include "core/gather.h"
#include "core/gather_kernels.h"
#include "core/half.h"
#include "core/orient_kernels.h"
#include "core/write_kernels.h"
#include "tests/check.h"
#include "tests/random.h"

namespace {

using namespace pixfeed::kernels;
using namespace pixfeed::testing;

TEST_CASE("writing: bytes and floats") {
  for_each_target([](const char* target) {
    const float kMeans[2][3] = {{0, 0, 0}, {0.485f, 0.456f, 0.406f}},
                kStds[2][3] = {{1, 1, 1}, {0.229f, 0.224f, 0.225f}};
    for (int n = 1; n <= kLongest; ++n) {
      const auto rgb = bytes(3 * n);
      const std::size_t size = static_cast<std::size_t>(n);
      std::vector<std::uint8_t> planes[3] = {bytes(n), bytes(n), bytes(n)};
      rgb_to_byte_planes(rgb.data(), n, planes[0].data(), planes[1].data(), planes[2].data());
      std::vector<float> packed(3 * size);
      bytes_to_floats(rgb.data(), 3 * n, packed.data());
      for (int i = 0; i < 3 * n; ++i) {
        EXPECT(planes[i % 3][i / 3] == rgb[i], "%s: %d pixels, value %d", target, n, i);
        EXPECT(packed[i] == to_float(rgb[i], 0, 1), "%s: %d pixels, value %d", target, n, i);
      }
      for (int k = 0; k < 2; ++k) {
        std::vector<float> floats[3] = {std::vector<float>(size), std::vector<float>(size), std::vector<float>(size)};
        rgb_to_float_planes(rgb.data(), n, kMeans[k], kStds[k], floats[0].data(), floats[1].data(), floats[2].data());
        for (int i = 0; i < 3 * n; ++i) {
          EXPECT(floats[i % 3][i / 3] == to_float(rgb[i], kMeans[k][i % 3], kStds[k][i % 3]), "%s: %d pixels, value %d",
                 target, n, i);
        }
      }
    }
  });
}

// On and beside all ties, and at the borders of what is normal and finite.
TEST_CASE("writing: 16-bit floats") {
  for_each_target([](const char* target) {
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
          EXPECT(half[i] == pixfeed::to_float16(in[i]), "%s: %a of %d", target, static_cast<double>(in[i]), n);
          EXPECT(brain[i] == pixfeed::to_bfloat16(in[i]), "%s: %a of %d", target, static_cast<double>(in[i]), n);
        }
      }
    }
  });
}

TEST_CASE("adjusting") {
  for_each_target([](const char* target) {
    for (int n = 1; n <= kLongest; ++n) {
      const auto rgb = bytes(3 * n);
      EXPECT(sum_of_gray(rgb.data(), n) == sum_of_gray_plain(rgb.data(), n), "%s: %d pixels", target, n);
      const std::uint8_t other = static_cast<std::uint8_t>(random_bits());
      for (const float factor : {0.f, 0.4f, 1.f, 1.7f, 0.001f * static_cast<float>(random_bits() % 3000), 1e9f}) {
        auto fast = rgb, plain = rgb;
        blend_with(fast.data(), 3 * n, other, factor);
        blend_with_plain(plain.data(), 3 * n, other, factor);
        EXPECT(fast == plain, "%s: %d pixels blended with %d by %g", target, n, other, factor);
        fast = plain = rgb;
        blend_with_gray(fast.data(), n, factor);
        blend_with_gray_plain(plain.data(), n, factor);
        EXPECT(fast == plain, "%s: %d pixels blended with gray by %g", target, n, factor);
      }
    }
  });
}

TEST_CASE("turning") {
  for_each_target([](const char* target) {
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
      EXPECT(fast == plain, "%s: %d columns of %d pixels turned", target, columns, rows);
    }
  });
}

TEST_CASE("copying past the caches") {
  for_each_target([](const char* target) {
    for (int i = 0; i <= 3 * kLongest; ++i) {
      const int n = i <= 2 * kLongest ? i : 100 * i;  // the long ones are copied several pages at a time
      const int shift_in = static_cast<int>(random_bits() % 70), shift_out = static_cast<int>(random_bits() % 70);
      const auto in = bytes(shift_in + n);
      const auto before = bytes(shift_out + n);
      auto out = before;
      copy_streaming(in.data() + shift_in, static_cast<std::size_t>(n), out.data() + shift_out);
      EXPECT(std::equal(out.begin() + shift_out, out.end(), in.begin() + shift_in), "%s: %d bytes", target, n);
      EXPECT(std::equal(out.begin(), out.begin() + shift_out, before.begin()), "%s: before %d bytes", target, n);
    }
  });
}

// Pieces that are smaller and larger than what one task copies, few and many, through the caches and past them.
TEST_CASE("gathering") {
  for_each_target([](const char* target) {
    for (const int size : {1, 3, 1000, 262144, 300001}) {
      for (const int n : {0, 1, 5, 20}) {
        std::vector<std::vector<std::uint8_t>> pieces;
        std::vector<const std::uint8_t*> sources;
        for (int i = 0; i < n; ++i) pieces.push_back(bytes(size));
        for (const auto& piece : pieces) sources.push_back(piece.data());
        for (const int threads : {1, 3}) {
          std::vector<std::uint8_t> out(static_cast<std::size_t>(n) * static_cast<std::size_t>(size));
          pixfeed::gather(sources, static_cast<std::size_t>(size), out.data(), pixfeed::Workers{threads});
          for (int i = 0; i < n; ++i) {
            EXPECT(std::equal(pieces[i].begin(), pieces[i].end(), out.begin() + static_cast<std::ptrdiff_t>(i) * size),
                   "%s: piece %d of %d, %d bytes, %d threads", target, i, n, size, threads);
          }
        }
      }
    }
  });
}

}  // namespace
