// How a decoder is asked for one picture.
#pragma once

namespace pixfeed {

struct Request {
  bool gray = false;      // as OpenCV's IMREAD_GRAYSCALE, the value in all of R, G and B; else as IMREAD_COLOR
  int reduced = 1;        // 1, 2, 4 or 8: a JPEG is decoded at 1/reduced of its size, as IMREAD_REDUCED_* does it
  bool whole = true;      // read the file to its end, so that a truncated picture is noticed; otherwise decoding may
                          // stop below the sink's area
  bool low_pass = false;  // a reduced JPEG may be made from each block's lowest frequencies alone: faster, and closer
                          // to the picture's ideal low-pass, but not the pixels of IMREAD_REDUCED_*
};

}  // namespace pixfeed
