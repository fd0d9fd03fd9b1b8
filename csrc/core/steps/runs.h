// Pixels that lie side by side.
#pragma once

#include <cstddef>

#include "core/image_view.h"

namespace pixfeed {

// Calls `change(rgb, n)` for all pixels of a picture: once if there is nothing between its rows, or for each row.
template <class Change>
void for_runs(const ImageView& picture, const Change& change) {
  const std::ptrdiff_t width = picture.width;
  if (picture.stride == 3 * width) return change(picture.data, width * picture.height);
  for (int y = 0; y < picture.height; ++y) change(picture.row(y), width);
}

}  // namespace pixfeed
