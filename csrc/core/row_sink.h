// The door between a decoder and whatever takes its pixels.
#pragma once

#include <cstdint>

namespace pixfeed {

// A decoder pushes the rows of one picture, top to bottom, each exactly once; a sink takes them while they are in
// cache. Coordinates are those of the stored picture: orientation is the sink's business.
class RowSink {
 public:
  virtual ~RowSink() = default;

  // Row `y`: `width` pixels, interleaved R G B, 3 * width bytes, owned by the decoder and valid during the call only.
  virtual void take(int y, const std::uint8_t* rgb) = 0;

  // False if row `y` changes nothing: a decoder may then leave out take(y), and the work for it.
  virtual bool wants(int /*y*/) const { return true; }

  // The picture starts again at row 0: one decoder gave up half-way and another takes over.
  virtual void restart() {}
};

}  // namespace pixfeed
