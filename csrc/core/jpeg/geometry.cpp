// Sizes and upsampling, by the rules of libjpeg.
#include "core/jpeg/geometry.h"

namespace pixfeed::jpeg {
namespace {

int divide_up(int a, int b) { return (a + b - 1) / b; }

}  // namespace

Geometry::Geometry(const ScanHeader& header, bool gray, int reduced) {
  const int smallest = 8 / reduced;  // samples a side that a block of the finest component gives
  width = divide_up(header.width, reduced);
  height = divide_up(header.height, reduced);
  mcu_width = smallest * header.max_h;
  mcu_height = smallest * header.max_v;
  mcus_across = divide_up(width, mcu_width);
  mcus_down = divide_up(height, mcu_height);
  components = gray ? 1 : header.components;

  for (int c = 0; c < components; ++c) {
    const Component& component = header.component[c];
    Plane& p = plane[c];
    // A coarser component's blocks are reduced less: that spares upsampling. libjpeg does so in steps of two, in both
    // directions or not at all.
    p.size = smallest;
    while (p.size < 8 && mcu_width % (component.h * p.size * 2) == 0 && mcu_height % (component.v * p.size * 2) == 0) {
      p.size *= 2;
    }
    p.mcu_width = component.h * p.size;
    p.mcu_height = component.v * p.size;
    p.across = mcu_width / p.mcu_width;
    p.down = mcu_height / p.mcu_height;
    // The same as width / across, rounded up: one is the other's multiple.
    p.width = divide_up(header.width * p.mcu_width, 8 * header.max_h);
    p.height = divide_up(header.height * p.mcu_height, 8 * header.max_v);

    // libjpeg interpolates by factors of two, unless a row is too short for that or blocks are single samples, and
    // copies samples otherwise.
    const bool fine = smallest > 1;
    if (p.across == 1 && p.down == 1) {
      p.upsampling = Upsampling::none;
    } else if (p.across == 2 && p.down == 1 && fine && p.width > 2) {
      p.upsampling = Upsampling::h2v1;
    } else if (p.across == 2 && p.down == 2 && fine && p.width > 2) {
      p.upsampling = Upsampling::h2v2;
    } else if (p.across == 1 && p.down == 2 && fine) {
      p.upsampling = Upsampling::h1v2;
    } else {
      p.upsampling = Upsampling::copies;
    }
  }
}

}  // namespace pixfeed::jpeg
