// A stored picture turned upright.
#pragma once

#include "image_view.h"

namespace pixfeed {

// Undoes EXIF orientation 1 to 8: `upright` has the sides of `stored`, swapped for 5 to 8. They must not overlap.
void orient(const ImageView& stored, int orientation, const ImageView& upright);

}  // namespace pixfeed
