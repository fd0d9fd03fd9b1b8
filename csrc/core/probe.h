// Magic bytes and header fields to a Header: no pixel is decoded and no codec is called.
#pragma once

#include <cstdint>

#include "core/header.h"
#include "core/source.h"

namespace pixfeed {

struct ProbeOptions {
  std::int64_t max_pixels = std::int64_t{1} << 30;  // more are too_large; OpenCV's default (CV_IO_MAX_IMAGE_PIXELS)
  bool ignore_orientation = false;                  // every picture is taken as it is stored
};

// Format by magic bytes, never by name. `status` says whether it is worth calling a decoder.
Header probe(Bytes bytes, const ProbeOptions& options);

}  // namespace pixfeed
