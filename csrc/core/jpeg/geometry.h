// Which sizes a picture and its parts have, at the size that is asked for.
#pragma once

#include "core/jpeg/markers.h"

namespace pixfeed::jpeg {

// How a component's samples become one per pixel: hXvY interpolates by X across and by Y down.
enum class Upsampling { none, h2v1, h2v2, h1v2, copies };

struct Geometry {
  // One component's samples.
  struct Plane {
    int size;  // a block gives size x size samples: 8, 4, 2 or 1
    int mcu_width, mcu_height;
    int width, height;  // those that count; after them is filling
    int across, down;   // how many pixels one sample stands for
    Upsampling upsampling;

    bool looks_aside() const { return upsampling == Upsampling::h2v1 || upsampling == Upsampling::h2v2; }
    bool looks_around() const { return upsampling == Upsampling::h1v2 || upsampling == Upsampling::h2v2; }
  };

  int width, height;          // of the result, in pixels
  int mcu_width, mcu_height;  // in pixels
  int mcus_across, mcus_down;
  int components;  // that pixels depend on
  Plane plane[3];

  // `gray`: only the luma matters. `reduced` is 1, 2, 4 or 8.
  Geometry(const ScanHeader& header, bool gray, int reduced);
  Geometry() = default;
};

}  // namespace pixfeed::jpeg
