// Magic bytes and header fields to a Header: no pixel is decoded and no codec is called.
#pragma once

#include <cstdint>

#include "header.h"
#include "source.h"

namespace pixfeed {

// OpenCV's default limit (CV_IO_MAX_IMAGE_PIXELS).
inline constexpr std::int64_t kMaxPixels = std::int64_t{1} << 30;

// Format by magic bytes, never by name. `status` says whether it is worth calling a decoder.
Header probe(Bytes bytes);

}  // namespace pixfeed
