// What is known about a picture before any pixel is decoded. One row of the HEADER table of python/pixfeed/plan.py.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "core/status.h"

namespace pixfeed {

enum class Format : std::int32_t { unknown = 0, jpeg = 1, png = 2, webp = 3 };

// What the samples of a stored pixel are.
enum class Samples : std::int32_t {
  unknown = 0,
  gray = 1,
  gray_alpha = 2,
  rgb = 3,  // of a JPEG or a lossy WebP: what becomes R G B
  rgb_alpha = 4,
  palette = 5,
  cmyk = 6,
};

// What a cache has of a source. Only `pixels` changes the plan.
enum class InCache : std::int32_t {
  nothing = 0,
  pixels = 1,  // the picture, as it is after the rows of its plan up to the one with `keep`
  bytes = 2,   // of the file, from which it was read
  lost = 3,    // it had the bytes, and they were not what had been written: it was read from its file
};

struct Header {
  std::int32_t width;        // pixels, as displayed: after the EXIF orientation
  std::int32_t height;       // pixels, as displayed
  std::int32_t orientation;  // EXIF tag 0x0112, 1 to 8; 1 is upright
  Format format;
  Status status;  // anything but ok: no pixel of this source can be had
  InCache kept;
  std::int64_t bytes;  // size of the file
  Samples samples;
  std::int32_t depth;  // bits of a sample as it is stored; 0: not known
};

static_assert(std::is_trivially_copyable_v<Header> && sizeof(Header) == 40);
static_assert(offsetof(Header, orientation) == 8 && offsetof(Header, status) == 16 && offsetof(Header, bytes) == 24);
static_assert(offsetof(Header, samples) == 32);

// A side of a picture, in pixels, when it is decoded at 1/reduced of its size: as OpenCV's IMREAD_REDUCED_* has it.
inline int reduced_side(int side, Format format, int reduced) {
  if (format == Format::jpeg) return (side + reduced - 1) / reduced;
  return side < reduced ? 1 : side / reduced;
}

}  // namespace pixfeed
