// Step 4: a finished row to R G B, as libpng's transformations give it: see set_transformations() in decode_png.cpp.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/png/layout.h"

namespace pixfeed::png {

class Converter {
 public:
  // Bytes that the rows of a picture need, at most.
  static std::size_t memory(const Layout& layout);

  // `gray`: Request::gray. `strict`: a number outside the palette is refused wherever it may stand, by refusing palettes
  // that do not have a color for every number. `memory` is the converter's alone. False if refused.
  bool start(const Layout& layout, bool gray, bool strict, std::uint8_t* memory);

  // The pixels x to x + n - 1 of a row, which may be read kUnfilterSlack + 4 kSamplesSlack bytes past its end; `row`
  // itself where it is R G B already. nullptr if the palette lacks a color.
  const std::uint8_t* convert(const std::uint8_t* row, int x, int n);

 private:
  const std::uint8_t* numbers(const std::uint8_t* row, int x, int n);
  bool look_up(const std::uint8_t* numbers, int n, std::uint8_t* rgb) const;

  const Layout* layout_ = nullptr;
  bool gray_ = false;
  static constexpr int kNone = 3;
  std::uint8_t palette_[256][4];  // R, G, B, and [kNone] is 1 where there is no color
  std::uint8_t* rows_[2];
};

}  // namespace pixfeed::png
