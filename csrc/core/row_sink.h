// The door between a decoder and whatever takes its pixels.
#pragma once

#include <cstdint>

namespace pixfeed {

// A decoder says begin() and pushes the rows of one picture, top to bottom, each at most once; a sink takes them while
// they are in cache. Coordinates are those of the stored picture: orientation is the sink's business.
class RowSink {
 public:
  virtual ~RowSink() = default;

  // The picture has these sides, in pixels, and row 0 comes next. Called again when one decoder gives up half-way and
  // another takes over. False if the sink expects another picture: the decoder then sends nothing and gives up.
  virtual bool begin(int width, int height) = 0;

  // False if row `y` changes nothing: a decoder may then leave out take(y), and the work for it.
  virtual bool wants(int y) const = 0;

  // Row `y`: `width` pixels, interleaved R G B, 3 * width bytes, owned by the decoder and valid during the call only.
  virtual void take(int y, const std::uint8_t* rgb) = 0;
};

}  // namespace pixfeed
