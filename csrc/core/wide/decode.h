// Step 1: a PNG of 16 bits to a picture.
#pragma once

#include "core/row_sink.h"
#include "core/scratch.h"
#include "core/source.h"
#include "core/wide/picture.h"

namespace pixfeed::wide {

// The part `crop` of the stored picture, as OpenCV's IMREAD_ANYDEPTH with IMREAD_COLOR has it, in the order R, G, B; gray
// stays gray, alpha is left out. With `gray` only gray files. `whole`: the file is read to its end. `rows` and `pixels`
// are borrowed; the picture is in `pixels`. False for whatever our own path for PNG declines.
bool decode_png(Bytes file, bool gray, bool whole, const Area& crop, Buffer& rows, Buffer& pixels, Picture& picture);

}  // namespace pixfeed::wide
