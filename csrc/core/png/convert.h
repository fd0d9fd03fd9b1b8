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

  // `gray`: Request::gray. `memory` is the converter's alone.
  void start(const Layout& layout, bool gray, std::uint8_t* memory);

  // The pixels x to x + n - 1 of a row, which may be read kUnfilterSlack + 4 kSamplesSlack bytes past its end; `row`
  // itself where it is R G B already. A number outside the palette is black, as for libpng.
  const std::uint8_t* convert(const std::uint8_t* row, int x, int n);

 private:
  const std::uint8_t* numbers(const std::uint8_t* row, int x, int n);
  void look_up(const std::uint8_t* numbers, int n, std::uint8_t* rgb) const;

  const Layout* layout_ = nullptr;
  bool gray_ = false;
  std::uint8_t palette_[256][4];  // R, G, B and nothing
  std::uint8_t* rows_[2];
};

}  // namespace pixfeed::png
