// pixfeed's own path for PNG files: the door of this folder.
#pragma once

#include "core/request.h"
#include "core/row_sink.h"
#include "core/scratch.h"
#include "core/source.h"

namespace pixfeed::png {

enum class Outcome {
  done,     // every row that the sink wants went to it, and every one is what libpng gives
  declined  // not a file for this path, or its data is damaged: let libpng have it from the start
};

// Decodes a PNG file that is not interlaced to RGB rows. Declined, before sink.begin() or in the middle of the picture:
// whatever libpng would refuse or warn about, and pictures that need more than kMostInflated bytes at once. Never throws
// and prints nothing. `memory` is borrowed for the call.
Outcome decode(Bytes file, const Request& request, RowSink& sink, Buffer& memory);

}  // namespace pixfeed::png
