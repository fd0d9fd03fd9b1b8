// Sample rows per component: where they lie, and how they become rows of pixels.
#include "core/jpeg/planes.h"

#include <algorithm>

#include "core/jpeg/color.h"
#include "core/jpeg/upsample.h"

namespace pixfeed::jpeg {
namespace {

constexpr std::size_t kLine = 64;  // bytes
constexpr std::size_t kSlack = 2 * kLine;
static_assert(kRowSlack <= kLine && kColorSlack <= kLine);

std::size_t round_up(std::size_t n, std::size_t step) { return (n + step - 1) / step * step; }

// `bytes`, moved up to the next cache line.
std::uint8_t* aligned(std::uint8_t* bytes) {
  return bytes + (kLine - reinterpret_cast<std::uintptr_t>(bytes) % kLine) % kLine;
}

}  // namespace

bool Planes::start(const Geometry& geometry, const Area& area) {
  geometry_ = geometry;
  area_ = area.width > 0 && area.height > 0 ? area : Area{0, 0, 0, 0};
  looks_around_ = false;
  int reach = 0;  // how many pixels aside upsampling looks
  for (int c = 0; c < geometry.components; ++c) {
    looks_around_ |= geometry.plane[c].looks_around();
    if (geometry.plane[c].looks_aside()) reach = 2;
  }
  first_mcu_ = end_mcu_ = 0;
  if (area_.width > 0) {
    first_mcu_ = std::max(area_.x - reach, 0) / geometry.mcu_width;
    end_mcu_ = std::min((area_.right() - 1 + reach) / geometry.mcu_width + 1, geometry.mcus_across);
  }

  for (int c = 0; c < geometry.components; ++c) {
    Plane& plane = component_[c];
    const Geometry::Plane& shape = geometry.plane[c];
    plane.kept_rows = looks_around_ ? 2 * shape.mcu_height : shape.mcu_height;
    plane.first = first_mcu_ * shape.mcu_width;
    const int columns = (end_mcu_ - first_mcu_) * shape.mcu_width;
    plane.count = std::min(columns, shape.width - plane.first);
    // A line in front for the sample left of the first, two after for vectors that read or write past the end.
    std::size_t stride = kLine + round_up(static_cast<std::size_t>(columns), kLine) + kSlack;
    if (stride % 4096 == 0) stride += kLine;  // rows a page apart compete for the same places in the cache
    plane.stride = static_cast<std::ptrdiff_t>(stride);
    std::uint8_t* bytes = plane.memory.get(stride * static_cast<std::size_t>(plane.kept_rows) + 2 * kLine);
    const std::size_t full = static_cast<std::size_t>(shape.across * (columns + 2 * kRowSlack)) + 2 * kLine;
    if (bytes == nullptr || plane.full_row.get(full) == nullptr) return false;
    plane.samples = aligned(bytes) + kLine;
  }
  return rgb_.get(3 * (static_cast<std::size_t>(area_.width) + kColorSlack) + kLine) != nullptr;
}

std::uint8_t* Planes::mcu_row(int component, int mcu_row) {
  return row(component_[component], mcu_row * geometry_.plane[component].mcu_height);
}

bool Planes::wanted(const RowSink& sink, int mcu_row) const {
  const int around = looks_around_ ? 1 : 0;
  const int begin = std::max(mcu_row * geometry_.mcu_height - around, area_.y);
  const int end = std::min((mcu_row + 1) * geometry_.mcu_height + around, area_.bottom());
  for (int y = begin; y < end; ++y) {
    if (sink.wants(y)) return true;
  }
  return false;
}

// How many rows the MCU rows before this one give. The last row of an MCU row waits for the one below.
int Planes::rows_before(int mcu_row) const {
  if (mcu_row == 0) return 0;
  if (mcu_row == geometry_.mcus_down) return geometry_.height;
  return mcu_row * geometry_.mcu_height - (looks_around_ ? 1 : 0);
}

// One component's samples for pixel row `y`, one per pixel of the area's columns.
const std::uint8_t* Planes::full_width(int component, int y) {
  Plane& plane = component_[component];
  const Geometry::Plane& shape = geometry_.plane[component];
  const int own = y / shape.down;
  const int first = area_.x / shape.across;
  const int skipped = first - plane.first;
  const std::uint8_t* near = row(plane, own) + skipped;
  if (shape.upsampling == Upsampling::none) return near;
  const int n = (area_.right() - 1) / shape.across + 1 - first;
  std::uint8_t* out = aligned(plane.full_row.data());
  const bool above = y % 2 == 0;  // the other row that matters lies above this one, or below it
  const std::uint8_t* far = row(plane, std::clamp(above ? own - 1 : own + 1, 0, shape.height - 1)) + skipped;
  switch (shape.upsampling) {
    case Upsampling::none:
      break;
    case Upsampling::h2v1:
      upsample_h2v1(near, n, out);
      break;
    case Upsampling::h2v2:
      upsample_h2v2(near, far, n, out);
      break;
    case Upsampling::h1v2:
      upsample_h1v2(near, far, n, above ? 1 : 2, out);
      break;
    case Upsampling::copies:
      replicate(near, n, shape.across, out);
      break;
  }
  return out + area_.x % shape.across;
}

void Planes::close(int mcu_row) {
  for (int c = 0; c < geometry_.components; ++c) {
    if (!geometry_.plane[c].looks_aside()) continue;
    const Plane& plane = component_[c];
    const int rows = geometry_.plane[c].mcu_height;
    std::uint8_t* samples = row(plane, mcu_row * rows);
    for (int i = 0; i < rows; ++i, samples += plane.stride) {
      samples[-1] = samples[0];
      samples[plane.count] = samples[plane.count - 1];
    }
  }
}

void Planes::emit(RowSink& sink, int mcu_row) {
  const int begin = std::max(rows_before(mcu_row), area_.y);
  const int end = std::min(rows_before(mcu_row + 1), area_.bottom());
  std::uint8_t* rgb = aligned(rgb_.data());
  for (int y = begin; y < end; ++y) {
    if (!sink.wants(y)) continue;
    const std::uint8_t* luma = full_width(0, y);
    if (geometry_.components == 1) {
      gray_to_rgb(luma, area_.width, rgb);
    } else {
      const std::uint8_t* blue = full_width(1, y);
      const std::uint8_t* red = full_width(2, y);
      ycc_to_rgb(luma, blue, red, area_.width, rgb);
    }
    sink.put_row(y, rgb);
  }
}

}  // namespace pixfeed::jpeg
