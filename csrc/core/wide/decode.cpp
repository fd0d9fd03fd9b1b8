// The rows of core/png, with both bytes of their samples.
#include "core/wide/decode.h"

#include "core/png/layout.h"
#include "core/png/rows.h"

namespace pixfeed::wide {
namespace {

constexpr int kBits = 16;

// `n` pixels of `stored` samples, the first `kept` of which are wanted. PNG has the upper byte first.
void copy_row(const std::uint8_t* in, int n, int stored, int kept, std::uint16_t* out) {
  for (int x = 0; x < n; ++x, in += 2 * stored) {
    for (int c = 0; c < kept; ++c) *out++ = static_cast<std::uint16_t>(in[2 * c] << 8 | in[2 * c + 1]);
  }
}

}  // namespace

bool decode_png(Bytes file, bool gray, bool whole, const Area& crop, Buffer& rows, Buffer& pixels, Picture& picture) {
  png::Layout layout;
  Request request;
  request.gray = gray;
  if (!png::read_layout(file, request, layout) || layout.depth != kBits) return false;
  if (crop.right() > layout.width || crop.bottom() > layout.height) return false;
  const int stored = layout.channels(), kept = stored < 3 ? 1 : 3, count = whole ? layout.height : crop.bottom();
  const std::size_t row_size = static_cast<std::size_t>(crop.width) * static_cast<std::size_t>(kept);
  auto* out = reinterpret_cast<std::uint16_t*>(
      pixels.get(sizeof(std::uint16_t) * row_size * static_cast<std::size_t>(crop.height)));
  png::Rows finished;
  if (out == nullptr || !finished.start(layout, count, 0, rows)) return false;
  picture = {out, crop.width, crop.height, kept};
  for (int y = 0; y < count; ++y) {
    const std::uint8_t* const row = finished.take();
    if (row == nullptr) return false;
    if (y < crop.y || y >= crop.bottom()) continue;
    copy_row(row + std::ptrdiff_t{2} * stored * crop.x, crop.width, stored, kept, out);
    out += row_size;
  }
  return true;
}

}  // namespace pixfeed::wide
