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

// A decoder says begin() and pushes the rows of one picture, top to bottom, each at most once; a sink takes them while
// they are in cache. Coordinates are those of the stored picture: orientation is the sink's business.
class RowSink {
 public:
  virtual ~RowSink() = default;

  // The picture has these sides, in pixels, and row 0 comes next. Called again when one decoder gives up half-way and
  // another takes over. False if the sink expects another picture: the decoder then sends nothing and gives up.
  virtual bool begin(int width, int height) = 0;

  // What the sink needs of the picture, inside it; known before begin(). No row above or below is wanted, so a decoder
  // may stop behind the last one.
  virtual Area area() const = 0;

  // False if row `y` changes nothing: a decoder may then leave out put_row(y), and the work for it.
  virtual bool wants(int y) const = 0;

  // The area's columns of row `y`: area().width pixels, interleaved R G B, 3 bytes each, owned by the decoder and valid
  // during the call only.
  virtual void put_row(int y, const std::uint8_t* rgb) = 0;
};

}  // namespace pixfeed
