// Values in plain C++: 16-bit floats bit by bit, and whole batches of pictures that are in memory.
// Buffers have exactly the size that is allowed, so an address sanitizer sees a byte too far.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "core/half.h"
#include "core/pictures.h"
#include "core/write_kernels.h"
#include "tests/check.h"
#include "tests/random.h"

namespace {

using namespace pixfeed::kernels;
using namespace pixfeed::testing;

// What the bits of a 16-bit float mean; infinity as if its exponent were an ordinary one, which rounding takes it for.
double value_of(std::uint16_t bits, int exponent_bits) {
  const int fraction_bits = 15 - exponent_bits, bias = (1 << (exponent_bits - 1)) - 1;
  const int exponent = bits >> fraction_bits & ((1 << exponent_bits) - 1), fraction = bits & ((1 << fraction_bits) - 1);
  const int whole = exponent == 0 ? fraction : fraction + (1 << fraction_bits);
  return (bits >> 15 ? -1.0 : 1.0) * std::ldexp(whole, std::max(exponent, 1) - bias - fraction_bits);
}

// No neighbour is nearer, and none that is even is as near.
void check_half(float value, std::uint16_t half, int exponent_bits) {
  EXPECT((half >> 15 != 0) == std::signbit(value), "%a", static_cast<double>(value));
  const auto distance = [&](int bits) {
    return std::abs(value_of(static_cast<std::uint16_t>(bits), exponent_bits) - static_cast<double>(value));
  };
  const int infinite = ((1 << exponent_bits) - 1) << (15 - exponent_bits), size = half & 0x7FFF;
  EXPECT(size <= infinite, "%a is no number", static_cast<double>(value));
  for (const int neighbour : {half - 1, half + 1}) {
    if ((size == 0 && neighbour < half) || (size == infinite && neighbour > half)) continue;
    const double here = distance(half), there = distance(neighbour);
    if (size == infinite && neighbour < half &&
        std::abs(value) > value_of(static_cast<std::uint16_t>(size), exponent_bits))
      continue;
    EXPECT(here < there || (here == there && half % 2 == 0), "%a to %x", static_cast<double>(value), half);
  }
}

TEST_CASE("rounding to 16-bit floats") {
  for (std::uint32_t i = 0; i < (kSanitized ? 400000 : 4000000); ++i) {
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
TEST_CASE("taking pictures of a set") {
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
          EXPECT(pixfeed::check_write(pictures, rows, slots, mean, std) == nullptr, "refused");
          pixfeed::write_pictures(pictures, rows, slots, mean, std, pixfeed::Workers{3});
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
              EXPECT(found == bits, "picture %zu, value %d", i, at);
            }
          }
        }
      }
    }
  }
}

}  // namespace
