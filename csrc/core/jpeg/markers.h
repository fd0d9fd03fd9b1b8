// Step 1: the bytes before the entropy-coded data, as a Header.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/jpeg/huffman.h"

namespace pixfeed::jpeg {

// One colour component as the frame and the scan header describe it.
struct Component {
  int id;
  int h, v;    // sampling factors, 1 to 4; 1 x 1 for a gray picture, whatever the file says (they mean nothing there)
  int quant;   // which quantisation table
  int dc, ac;  // which Huffman tables
};

// All that a scan needs. Tables are only meaningful where `present` says so.
struct ScanHeader {
  int width, height;  // pixels
  int components;     // 1 (gray) or 3 (YCbCr)
  int max_h, max_v;   // largest sampling factors
  Component component[3];
  int restart_interval;       // MCUs between restart markers, 0 for none
  std::int16_t quant[4][64];  // row by row; 16-bit entries wrap, as they do in libjpeg-turbo
  HuffmanSpec dc[4], ac[4];
  const std::uint8_t* scan;  // first entropy-coded byte, inside the caller's bytes
};

// Reads everything up to the first scan. False if the file is not one that this decoder takes: not baseline or
// extended sequential, not one scan, colours other than gray or YCbCr, or anything at all out of the ordinary.
bool parse_header(const std::uint8_t* bytes, std::size_t size, ScanHeader& header);

}  // namespace pixfeed::jpeg
