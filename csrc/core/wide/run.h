// One picture of 16 bits, start to end: what core/run is for 8 bits. Whole crops are stored, and the loops are plain: such
// pictures are rare, and most of the time goes into inflating them.
#pragma once

#include <string>

#include "core/header.h"
#include "core/image_view.h"
#include "core/plan.h"
#include "core/scratch.h"
#include "core/source.h"

namespace pixfeed::wide {

// nullptr, or what these rows ask for that there is for 8 bits only: other interpolations, frames that repeat
// pixels, changes of colors, steps, reduced sizes.
const char* check_rows(const PlanRows& rows, const Slot& slot);

// A slot of uint16 gets the numbers, one of float32 (number / 65535 - mean) / std, each step rounded to float32.
// `unsupported`, with words in `note`, for a picture that does not have 16 bits, and for one that is left to OpenCV: it is
// turned, gray is asked of colors, or no PNG that our own path takes. `strict`: the file is read to its end.
Status run(Bytes bytes, const Header& header, const PlanRows& rows, bool strict, const Slot& slot, Scratch& scratch,
           std::string* note);

}  // namespace pixfeed::wide
