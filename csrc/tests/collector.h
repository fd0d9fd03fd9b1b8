// A sink that keeps the rows of a decoder, for the tests and the fuzzers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "core/row_sink.h"

namespace pixfeed::testing {

struct Picture {
  int width = 0;
  int height = 0;
  std::vector<std::uint8_t> rgb;
};

// Takes the area's columns of every `every`th row of it; complains if rows do not come once each, from top to bottom.
class Collector : public RowSink {
 public:
  Collector(int width, int height, const Area& area, int every = 1)
      : width_(width),
        height_(height),
        every_(every),
        area_(area),
        rgb_(3 * static_cast<std::size_t>(width) * static_cast<std::size_t>(height), 0xA5) {}
  Collector(int width, int height) : Collector(width, height, Area{0, 0, width, height}) {}

  bool begin(int width, int height) override {
    next_ = 0;
    return width == width_ && height == height_;
  }
  void put_row(int y, const std::uint8_t* pixels) override {
    if (y < next_ || y < area_.y || y >= area_.bottom() || !wants(y)) {
      std::fprintf(stderr, "row %d comes at the wrong time\n", y);
      std::abort();
    }
    next_ = y + 1;
    std::memcpy(&rgb_[at(y)], pixels, row_bytes());
    ++taken_;
  }
  Area area() const override { return area_; }
  bool wants(int y) const override { return y % every_ == 0; }

  Picture picture() const { return {width_, height_, rgb_}; }

  // True if every row was taken that it wants, and all are those of `picture`.
  bool same(const Picture& picture) const {
    int wanted = 0;
    for (int y = area_.y; y < area_.bottom() && area_.width > 0; ++y) {
      if (!wants(y)) continue;
      ++wanted;
      if (std::memcmp(&rgb_[at(y)], &picture.rgb[at(y)], row_bytes()) != 0) return false;
    }
    return taken_ == wanted;
  }

 private:
  std::size_t at(int y) const {
    return 3 * (static_cast<std::size_t>(width_) * static_cast<std::size_t>(y) + static_cast<std::size_t>(area_.x));
  }
  std::size_t row_bytes() const { return 3 * static_cast<std::size_t>(area_.width); }

  int width_, height_, every_;
  Area area_;
  int next_ = 0;
  int taken_ = 0;
  std::vector<std::uint8_t> rgb_;
};

}  // namespace pixfeed::testing
