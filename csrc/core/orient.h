// A stored picture turned upright.
#pragma once

#include "image_view.h"
#include "row_sink.h"

namespace pixfeed {

// Undoes EXIF orientation 1 to 8: `upright` has the sides of `stored`, swapped for 5 to 8. They must not overlap.
void orient(const ImageView& stored, int orientation, const ImageView& upright);

// The area of the stored picture that becomes `upright` in the turned picture of `width` x `height` pixels.
Area stored_area(const Area& upright, int width, int height, int orientation);

}  // namespace pixfeed
