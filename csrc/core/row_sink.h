// The door between a decoder and whatever takes its pixels.
#pragma once

#include <cstdint>

namespace pixfeed {

// A rectangle of pixels of the stored picture. Empty (no width or no height) means that nothing is needed.
struct Area {
  int x, y, width, height;

  int right() const { return x + width; }
  int bottom() const { return y + height; }
};

// A decoder calls begin(), then put_row() for the rows of one picture from top to bottom, each at most once. Rows are
// used while they are in cache. Coordinates are those of the stored picture; the sink takes care of the orientation.
class RowSink {
 public:
  virtual ~RowSink() = default;

  // The picture has these sides, in pixels, and row 0 comes next. Called again if one decoder gives up half-way and
  // another takes over. False if the sink expects another size: the decoder then gives up without sending a row.
  virtual bool begin(int width, int height) = 0;

  // The part of the picture that the sink needs, known before begin(). A decoder may stop after its last row.
  virtual Area area() const = 0;

  // False if row `y` does not affect the result: a decoder may then skip put_row(y), and the work for it.
  virtual bool wants(int y) const = 0;

  // The area's columns of row `y`: area().width pixels, interleaved R G B, 3 bytes each, owned by the decoder and valid
  // during the call only.
  virtual void put_row(int y, const std::uint8_t* rgb) = 0;

  // Whether put_row(y) is due.
  bool needs(int y) const {
    const Area part = area();
    return y >= part.y && y < part.bottom() && part.width > 0 && wants(y);
  }
};

}  // namespace pixfeed
