// The only file that includes libwebp's headers.
#include "core/decode.h"

#include <webp/decode.h>

#include <algorithm>
#include <cstring>

#include "core/buffer_parts.h"
#include "core/webp_color.h"

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

// The part of the picture that libwebp decodes. It begins at an even column and an even row.
struct DecodedPart {
  int left, top, width, height;
};

// Rows as libwebp makes them: of lossless pictures.
class RgbRows {
 public:
  static constexpr WEBP_CSP_MODE kMode = MODE_RGB;

  // Where `part` is to be decoded to. False if memory is short.
  bool start(const DecodedPart& part, WebPDecBuffer& output, Buffer& memory) {
    const std::size_t stride = std::size_t{3} * static_cast<std::size_t>(part.width);
    const std::size_t size = stride * static_cast<std::size_t>(part.height);
    output.u.RGBA = {memory.get(size), static_cast<int>(stride), size};
    rows_ = output.u.RGBA.rgba;
    stride_ = stride;
    return rows_ != nullptr;
  }

  void decoded() {}

  // The pixels of row `y` from column `x` on, until the next call; both count from the part's corner.
  std::uint8_t* rgb(int y, int x, int) { return rows_ + static_cast<std::size_t>(y) * stride_ + std::ptrdiff_t{3} * x; }

 private:
  std::uint8_t* rows_ = nullptr;
  std::size_t stride_ = 0;
};

// Lossy pictures as they are coded: our conversion has longer vectors, and only rows that are wanted need it.
class YuvRows {
 public:
  static constexpr WEBP_CSP_MODE kMode = MODE_YUV;

  bool start(const DecodedPart& part, WebPDecBuffer& output, Buffer& memory) {
    const auto width = static_cast<std::size_t>(part.width), height = static_cast<std::size_t>(part.height);
    columns_ = (width + 1) / 2;
    rows_ = static_cast<int>((height + 1) / 2);
    y_stride_ = width;
    stride_ = 1 + columns_ + 1;
    const std::size_t chroma = stride_ * static_cast<std::size_t>(rows_);
    BufferParts parts;
    const auto y = parts.add<std::uint8_t>(width * height + kYuvSlack);
    const auto u = parts.add<std::uint8_t>(chroma + kYuvSlack), v = parts.add<std::uint8_t>(chroma + kYuvSlack);
    const auto rgb = parts.add<std::uint8_t>(3 * (width + kYuvSlack));
    std::uint8_t* const begin = memory.get(parts.size());
    if (begin == nullptr) return false;
    y_ = y.in(begin);
    u_ = u.in(begin) + 1;
    v_ = v.in(begin) + 1;
    rgb_ = rgb.in(begin);
    WebPYUVABuffer& planes = output.u.YUVA;
    planes.y = y_;
    planes.u = u_;
    planes.v = v_;
    planes.y_stride = static_cast<int>(y_stride_);
    planes.u_stride = planes.v_stride = static_cast<int>(stride_);
    planes.y_size = width * height;
    planes.u_size = planes.v_size = chroma - 1;
    return true;
  }

  // Chroma goes on beyond the picture's sides as it ends there.
  void decoded() {
    for (int y = 0; y < rows_; ++y) {
      for (std::uint8_t* const plane : {u_, v_}) {
        std::uint8_t* const row = plane + static_cast<std::size_t>(y) * stride_;
        row[-1] = row[0];
        row[columns_] = row[columns_ - 1];
      }
    }
  }

  std::uint8_t* rgb(int y, int x, int n) {
    const int odd = x & 1, near = y / 2, far = std::clamp(y % 2 == 0 ? near - 1 : near + 1, 0, rows_ - 1);
    const auto of = [&](const std::uint8_t* plane, int row) {
      return plane + static_cast<std::size_t>(row) * stride_ + x / 2;
    };
    const std::uint8_t* const luma = y_ + static_cast<std::size_t>(y) * y_stride_ + (x - odd);
    yuv_to_rgb({luma, {of(u_, near), of(u_, far)}, {of(v_, near), of(v_, far)}}, n + odd, rgb_);
    return rgb_ + std::ptrdiff_t{3} * odd;
  }

 private:
  std::size_t columns_ = 0, y_stride_ = 0, stride_ = 0;  // of chroma; of a row of luma and of chroma, in bytes
  int rows_ = 0;                                         // of chroma
  std::uint8_t *y_ = nullptr, *u_ = nullptr, *v_ = nullptr, *rgb_ = nullptr;
};

// The whole area is decoded into memory: libwebp hands out no rows. Alpha is left out, as OpenCV does it.
template <class Rows>
Status decode_part(Bytes bytes, const Request& request, const DecodedPart& part, WebPDecoderConfig& config,
                   RowSink& sink, Scratch& scratch, std::string* note) {
  config.options.use_cropping = 1;
  config.options.crop_left = part.left;
  config.options.crop_top = part.top;
  config.options.crop_width = part.width;
  config.options.crop_height = part.height;
  config.output.colorspace = Rows::kMode;
  config.output.is_external_memory = 1;
  Rows rows;
  if (!rows.start(part, config.output, scratch.codec)) return Status::out_of_memory;
  const Status status = status_of(WebPDecode(bytes.data, bytes.size, &config), bytes);
  if (status != Status::ok) {
    *note = "libwebp cannot decode it";
    return status;
  }
  rows.decoded();
  const Area area = sink.area();
  for (int y = area.y; y < area.bottom(); ++y) {
    if (!sink.wants(y)) continue;
    std::uint8_t* const row = rows.rgb(y - part.top, area.x - part.left, area.width);
    for (int x = 0; request.gray && x < area.width; ++x) std::memset(row + 3 * x, gray_of(row + 3 * x), 3);
    sink.put_row(y, row);
  }
  return Status::ok;
}

}  // namespace

Status decode_webp(Bytes bytes, const Request& request, const DecodeOptions&, RowSink& sink, Scratch& scratch,
                   std::string* note) {
  WebPDecoderConfig config;
  if (WebPInitDecoderConfig(&config) == 0) return Status::unsupported;
  const WebPBitstreamFeatures& picture = config.input;
  const Status status = status_of(WebPGetFeatures(bytes.data, bytes.size, &config.input), bytes);
  if (status != Status::ok) return status;
  if (picture.has_animation != 0) return Status::unsupported;
  if (!sink.begin(picture.width, picture.height)) return Status::corrupt;
  const Area area = sink.area();
  if (area.width <= 0 || area.height <= 0) return Status::ok;

  // libwebp crops from even columns and rows on, and takes the edge of the crop for the picture's edge where it
  // interpolates chroma: a margin of one chroma sample keeps that outside the area.
  constexpr int kMargin = 2;
  const int left = std::max(area.x - kMargin, 0) & ~1, top = std::max(area.y - kMargin, 0) & ~1;
  const int right = std::min(area.right() + kMargin, picture.width);
  // libwebp stops below the crop, but reads its rows to their ends.
  const int bottom = request.whole ? picture.height : std::min(area.bottom() + kMargin, picture.height);
  const DecodedPart part{left, top, right - left, bottom - top};
  constexpr int kLossy = 1;
  const auto decode = picture.format == kLossy ? decode_part<YuvRows> : decode_part<RgbRows>;
  return decode(bytes, request, part, config, sink, scratch, note);
}

std::string webp_version() {
  const int version = WebPGetDecoderVersion();  // 0xMMmmrr
  return "libwebp " + std::to_string(version >> 16) + "." + std::to_string(version >> 8 & 255) + "." +
         std::to_string(version & 255);
}

}  // namespace pixfeed
