#include "orient.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "exif.h"

namespace pixfeed {

namespace {

//                             1  2  3  4  5  6  7  8
constexpr bool kMirroredX[] = {0, 1, 1, 0, 0, 0, 1, 1};  // the stored x runs backwards
constexpr bool kMirroredY[] = {0, 0, 1, 1, 0, 1, 1, 0};  // the stored y runs backwards

}  // namespace

Area stored_area(const Area& upright, int width, int height, int orientation) {
  Area area = upright;
  if (swaps_sides(orientation)) {
    std::swap(area.x, area.y);
    std::swap(area.width, area.height);
    std::swap(width, height);
  }
  if (kMirroredX[orientation - 1]) area.x = width - area.right();
  if (kMirroredY[orientation - 1]) area.y = height - area.bottom();
  return area;
}

void orient(const ImageView& stored, int orientation, const ImageView& upright) {
  // Walking right (or down) in the upright picture means walking this far, in bytes, in the stored one.
  const bool back_x = kMirroredX[orientation - 1], back_y = kMirroredY[orientation - 1];
  const std::ptrdiff_t stored_right = back_x ? -3 : 3, stored_down = back_y ? -stored.stride : stored.stride;
  const std::uint8_t* origin = stored.row(back_y ? stored.height - 1 : 0) + std::ptrdiff_t{3} * (back_x ? stored.width - 1 : 0);
  const bool swapped = swaps_sides(orientation);
  const std::ptrdiff_t right = swapped ? stored_down : stored_right, down = swapped ? stored_right : stored_down;

  // In tiles, so that a column of the stored picture stays in cache while its neighbours are used.
  constexpr int kTile = 32;
  for (int top = 0; top < upright.height; top += kTile) {
    for (int left = 0; left < upright.width; left += kTile) {
      const int bottom = std::min(top + kTile, upright.height), end = std::min(left + kTile, upright.width);
      for (int y = top; y < bottom; ++y) {
        const std::uint8_t* from = origin + y * down + left * right;
        std::uint8_t* to = upright.row(y) + std::ptrdiff_t{3} * left;
        for (int x = left; x < end; ++x, from += right, to += 3) std::memcpy(to, from, 3);
      }
    }
  }
}

}  // namespace pixfeed
