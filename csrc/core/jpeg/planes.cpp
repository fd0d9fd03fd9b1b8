#include "planes.h"

#include <algorithm>

#include "color.h"
#include "upsample.h"

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

bool Planes::start(const Header& header) {
  width_ = header.width;
  height_ = header.height;
  components_ = header.components;
  mcu_height_ = 8 * header.max_v;
  mcu_rows_ = (height_ + mcu_height_ - 1) / mcu_height_;
  looks_around_ = false;
  const int mcu_width = 8 * header.max_h;
  const int mcus = (width_ + mcu_width - 1) / mcu_width;

  for (int c = 0; c < components_; ++c) {
    Plane& plane = component_[c];
    const Component& component = header.component[c];
    plane.across = header.max_h / component.h;
    plane.down = header.max_v / component.v;
    plane.rows = 8 * component.v;
    plane.width = (width_ * component.h + header.max_h - 1) / header.max_h;
    plane.height = (height_ * component.v + header.max_v - 1) / header.max_v;

    // libjpeg interpolates by factors of two, unless a row is too short for that, and copies samples otherwise.
    if (plane.across == 1 && plane.down == 1) {
      plane.method = Method::none;
    } else if (plane.across == 2 && plane.down == 1 && plane.width > 2) {
      plane.method = Method::h2v1;
    } else if (plane.across == 2 && plane.down == 2 && plane.width > 2) {
      plane.method = Method::h2v2;
    } else if (plane.across == 1 && plane.down == 2) {
      plane.method = Method::h1v2;
    } else {
      plane.method = Method::copies;
    }
    looks_around_ |= plane.method == Method::h2v2 || plane.method == Method::h1v2;

  }

  for (int c = 0; c < components_; ++c) {
    Plane& plane = component_[c];
    plane.kept_rows = looks_around_ ? 2 * plane.rows : plane.rows;
    // A line in front for the sample left of the first, two behind for vectors that read or write past the end.
    const int blocks = mcus * header.component[c].h;
    std::size_t stride = kLine + round_up(8 * static_cast<std::size_t>(blocks), kLine) + kSlack;
    if (stride % 4096 == 0) stride += kLine;  // rows a page apart compete for the same places in the cache
    plane.stride = static_cast<std::ptrdiff_t>(stride);
    std::uint8_t* bytes = plane.memory.get(stride * static_cast<std::size_t>(plane.kept_rows) + 2 * kLine);
    const std::size_t full = static_cast<std::size_t>(plane.across * (plane.width + 2 * kRowSlack)) + 2 * kLine;
    if (bytes == nullptr || plane.full_row.get(full) == nullptr) return false;
    plane.samples = aligned(bytes) + kLine;
  }
  return rgb_.get(3 * (static_cast<std::size_t>(width_) + kColorSlack) + kLine) != nullptr;
}

std::uint8_t* Planes::row(const Plane& plane, int y) const {
  return plane.samples + y % plane.kept_rows * plane.stride;
}

std::uint8_t* Planes::mcu_row(int component, int mcu_row) {
  const Plane& plane = component_[component];
  return row(plane, mcu_row * plane.rows);
}

bool Planes::wanted(const RowSink& sink, int mcu_row) const {
  const int around = looks_around_ ? 1 : 0;
  const int begin = std::max(mcu_row * mcu_height_ - around, 0);
  const int end = std::min((mcu_row + 1) * mcu_height_ + around, height_);
  for (int y = begin; y < end; ++y) {
    if (sink.wants(y)) return true;
  }
  return false;
}

// One component's samples for pixel row `y`, one per pixel.
const std::uint8_t* Planes::full_width(Plane& plane, int y) {
  const int own = y / plane.down;
  const std::uint8_t* near = row(plane, own);
  if (plane.method == Method::none) return near;
  std::uint8_t* out = aligned(plane.full_row.data());
  const bool above = y % 2 == 0;  // the other row that matters lies above this one, or below it
  const std::uint8_t* far = row(plane, std::clamp(above ? own - 1 : own + 1, 0, plane.height - 1));
  switch (plane.method) {
    case Method::none:
      break;
    case Method::h2v1:
      upsample_h2v1(near, plane.width, out);
      break;
    case Method::h2v2:
      upsample_h2v2(near, far, plane.width, out);
      break;
    case Method::h1v2:
      upsample_h1v2(near, far, plane.width, above ? 1 : 2, out);
      break;
    case Method::copies:
      replicate(near, plane.width, plane.across, out);
      break;
  }
  return out;
}

void Planes::emit(RowSink& sink, int mcu_row) {
  // Upsampling expects the edge samples to go on.
  for (int c = 0; c < components_; ++c) {
    Plane& plane = component_[c];
    if (plane.method != Method::h2v1 && plane.method != Method::h2v2) continue;
    std::uint8_t* samples = row(plane, mcu_row * plane.rows);
    for (int i = 0; i < plane.rows; ++i, samples += plane.stride) {
      samples[-1] = samples[0];
      samples[plane.width] = samples[plane.width - 1];
    }
  }
  // The last row of an MCU row waits for the one below.
  const int wait = looks_around_ ? 1 : 0;
  const int begin = mcu_row == 0 ? 0 : mcu_row * mcu_height_ - wait;
  const int end = mcu_row == mcu_rows_ - 1 ? height_ : (mcu_row + 1) * mcu_height_ - wait;
  std::uint8_t* rgb = aligned(rgb_.data());
  for (int y = begin; y < end; ++y) {
    if (!sink.wants(y)) continue;
    if (components_ == 1) {
      gray_to_rgb(row(component_[0], y), width_, rgb);
    } else {
      const std::uint8_t* luma = full_width(component_[0], y);
      const std::uint8_t* blue = full_width(component_[1], y);
      const std::uint8_t* red = full_width(component_[2], y);
      ycc_to_rgb(luma, blue, red, width_, rgb);
    }
    sink.take(y, rgb + std::ptrdiff_t{3} * sink.area().x);
  }
}

}  // namespace pixfeed::jpeg
