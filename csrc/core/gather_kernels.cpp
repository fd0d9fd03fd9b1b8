// A copy whose stores go past the caches.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/gather_kernels.cpp"
#include <hwy/foreach_target.h>
// The order matters: highway.h after foreach_target.h.
#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include <algorithm>
#include <cstring>

#include "core/gather_kernels.h"

HWY_BEFORE_NAMESPACE();
namespace pixfeed::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// A CPU fetches ahead inside a page of memory and stops at its end: with several pages at a time more is on its way.
constexpr std::size_t kPage = 4096, kPages = 4;

void copy_streaming_simd(const std::uint8_t* in, std::size_t size, std::uint8_t* out) {
  const hn::ScalableTag<std::uint8_t> d;
  const std::size_t vector = hn::Lanes(d);
  // A CPU writes whole cache lines only where all of a line's stores come one after the other.
  const std::size_t line = std::max<std::size_t>(64, vector);
  const std::size_t head = std::min(size, (line - reinterpret_cast<std::uintptr_t>(out) % line) % line);
  std::memcpy(out, in, head);
  const auto copy_line = [&](std::size_t i) HWY_ATTR {
    for (std::size_t j = i; j < i + line; j += vector) hn::Stream(hn::LoadU(d, in + j), d, out + j);
  };
  std::size_t i = head;
  for (; i + kPages * kPage <= size; i += kPages * kPage) {
    for (std::size_t j = i; j < i + kPage; j += line) {
      for (std::size_t page = 0; page < kPages; ++page) copy_line(j + page * kPage);
    }
  }
  for (; i + line <= size; i += line) copy_line(i);
  std::memcpy(out + i, in + i, size - i);
  hwy::FlushStream();  // before others are told that the copy is complete
}

}  // namespace HWY_NAMESPACE
}  // namespace pixfeed::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pixfeed::kernels {

HWY_EXPORT(copy_streaming_simd);

void copy_streaming(const std::uint8_t* in, std::size_t size, std::uint8_t* out) {
  HWY_DYNAMIC_DISPATCH(copy_streaming_simd)(in, size, out);
}

}  // namespace pixfeed::kernels
#endif
