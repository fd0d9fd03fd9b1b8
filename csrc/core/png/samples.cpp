// Loops over the samples of a row.
#include "core/png/samples.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/png/samples.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace pixfeed::png {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

const hn::CappedTag<std::uint8_t, kSamplesSlack> d8;
using V8 = hn::Vec<decltype(d8)>;

void first_of_two_simd(const std::uint8_t* in, int n, std::uint8_t* out) {
  const int step = static_cast<int>(hn::Lanes(d8));
  for (int x = 0; x < n; x += step) {
    V8 first, second;
    hn::LoadInterleaved2(d8, in + 2 * x, first, second);
    hn::StoreU(first, d8, out + x);
  }
}

void drop_alpha_simd(const std::uint8_t* in, int n, std::uint8_t* rgb) {
  const int step = static_cast<int>(hn::Lanes(d8));
  for (int x = 0; x < n; x += step) {
    V8 r, g, b, alpha;
    hn::LoadInterleaved4(d8, in + 4 * x, r, g, b, alpha);
    hn::StoreInterleaved3(r, g, b, d8, rgb + 3 * x);
  }
}

void spread_gray_simd(const std::uint8_t* gray, int n, std::uint8_t* rgb) {
  const int step = static_cast<int>(hn::Lanes(d8));
  for (int x = 0; x < n; x += step) {
    const V8 v = hn::LoadU(d8, gray + x);
    hn::StoreInterleaved3(v, v, v, d8, rgb + 3 * x);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace pixfeed::png
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pixfeed::png {

HWY_EXPORT(first_of_two_simd);
HWY_EXPORT(drop_alpha_simd);
HWY_EXPORT(spread_gray_simd);

void first_of_two(const std::uint8_t* in, int n, std::uint8_t* out) {
  HWY_DYNAMIC_DISPATCH(first_of_two_simd)(in, n, out);
}

void drop_alpha(const std::uint8_t* in, int n, std::uint8_t* rgb) { HWY_DYNAMIC_DISPATCH(drop_alpha_simd)(in, n, rgb); }

void spread_gray(const std::uint8_t* gray, int n, std::uint8_t* rgb) {
  HWY_DYNAMIC_DISPATCH(spread_gray_simd)(gray, n, rgb);
}

void unpack(const std::uint8_t* in, int depth, int first, int n, std::uint8_t* out) {
  const int in_byte = 8 / depth;  // samples, the first of them in the upper bits
  for (int x = first; x < first + n; ++x) {
    *out++ = static_cast<std::uint8_t>(in[x / in_byte] >> (in_byte - 1 - x % in_byte) * depth & ((1 << depth) - 1));
  }
}

// 0.299, 0.587 and the rest in 15 bits, rounded as libpng rounds them.
void gray_of(const std::uint8_t* rgb, int n, std::uint8_t* gray) {
  constexpr int kRed = 9797, kGreen = 19234, kBlue = 32768 - kRed - kGreen;
  for (int x = 0; x < n; ++x, rgb += 3) {
    gray[x] = static_cast<std::uint8_t>((kRed * rgb[0] + kGreen * rgb[1] + kBlue * rgb[2]) >> 15);
  }
}

void first_of_two_plain(const std::uint8_t* in, int n, std::uint8_t* out) {
  for (int x = 0; x < n; ++x) out[x] = in[2 * x];
}

void drop_alpha_plain(const std::uint8_t* in, int n, std::uint8_t* rgb) {
  for (int x = 0; x < n; ++x, in += 4) {
    for (int i = 0; i < 3; ++i) *rgb++ = in[i];
  }
}

void spread_gray_plain(const std::uint8_t* gray, int n, std::uint8_t* rgb) {
  for (int x = 0; x < n; ++x) {
    for (int i = 0; i < 3; ++i) *rgb++ = gray[x];
  }
}

}  // namespace pixfeed::png
#endif  // HWY_ONCE
