// The only file that includes libwebp's headers.
#include "core/decode.h"

#include <webp/decode.h>

#include <algorithm>
#include <cstring>

namespace pixfeed {
namespace {

// OpenCV's cvtColor (RGB2GRAY) for 8 bits: 0.299, 0.587 and 0.114 in 15 bits.
std::uint8_t gray_of(const std::uint8_t* rgb) {
  return static_cast<std::uint8_t>((rgb[0] * 9798 + rgb[1] * 19235 + rgb[2] * 3735 + (1 << 14)) >> 15);
}

// A file that is as long as it says is not cut off, whatever libwebp misses in it.
Status status_of(VP8StatusCode code, Bytes bytes) {
  std::uint64_t size = 0;
  for (int i = 3; i >= 0; --i) size = size << 8 | bytes.data[4 + i];
  switch (code) {
    case VP8_STATUS_OK:
      return Status::ok;
    case VP8_STATUS_OUT_OF_MEMORY:
      return Status::out_of_memory;
    case VP8_STATUS_UNSUPPORTED_FEATURE:
      return Status::unsupported;
    default:
      return bytes.size < 8 + size ? Status::truncated : Status::corrupt;
  }
}

}  // namespace

// The whole area is decoded into memory: libwebp hands out no rows. Alpha is left out, as OpenCV does it.
Status decode_webp(Bytes bytes, const Request& request, const DecodeOptions&, RowSink& sink, Scratch& scratch,
                   std::string* note) {
  WebPDecoderConfig config;
  if (WebPInitDecoderConfig(&config) == 0) return Status::unsupported;
  Status status = status_of(WebPGetFeatures(bytes.data, bytes.size, &config.input), bytes);
  if (status != Status::ok) return status;
  if (config.input.has_animation != 0) return Status::unsupported;
  if (!sink.begin(config.input.width, config.input.height)) return Status::corrupt;
  const Area area = sink.area();
  if (area.width <= 0 || area.height <= 0) return Status::ok;

  // libwebp crops from even columns and rows on, and takes the edge of the crop for the picture's edge where it
  // interpolates chroma: a margin of one chroma sample keeps that outside the area.
  constexpr int kMargin = 2;
  const int left = std::max(area.x - kMargin, 0) & ~1, top = std::max(area.y - kMargin, 0) & ~1;
  const int width = std::min(area.right() + kMargin, config.input.width) - left;
  // libwebp stops below the crop, but reads its rows to their ends.
  const int bottom = request.whole ? config.input.height : std::min(area.bottom() + kMargin, config.input.height);
  const int height = bottom - top;
  const std::size_t stride = std::size_t{3} * static_cast<std::size_t>(width);
  config.options.use_cropping = 1;
  config.options.crop_left = left;
  config.options.crop_top = top;
  config.options.crop_width = width;
  config.options.crop_height = height;
  config.output.colorspace = MODE_RGB;
  config.output.is_external_memory = 1;
  config.output.u.RGBA.rgba = scratch.codec.get(stride * static_cast<std::size_t>(height));
  config.output.u.RGBA.stride = static_cast<int>(stride);
  config.output.u.RGBA.size = stride * static_cast<std::size_t>(height);
  if (config.output.u.RGBA.rgba == nullptr) return Status::out_of_memory;
  status = status_of(WebPDecode(bytes.data, bytes.size, &config), bytes);
  if (status != Status::ok) {
    *note = "libwebp cannot decode it";
    return status;
  }
  for (int y = area.y; y < area.bottom(); ++y) {
    if (!sink.wants(y)) continue;
    std::uint8_t* row = config.output.u.RGBA.rgba + static_cast<std::size_t>(y - top) * stride + 3 * (area.x - left);
    for (int x = 0; request.gray && x < area.width; ++x) std::memset(row + 3 * x, gray_of(row + 3 * x), 3);
    sink.put_row(y, row);
  }
  return Status::ok;
}

std::string webp_version() {
  const int version = WebPGetDecoderVersion();  // 0xMMmmrr
  return "libwebp " + std::to_string(version >> 16) + "." + std::to_string(version >> 8 & 255) + "." +
         std::to_string(version & 255);
}

}  // namespace pixfeed
