// One picture, start to end: decode, orient, resample, write.
#pragma once

#include <string>

#include "core/costs.h"
#include "core/decode.h"
#include "core/image_view.h"
#include "core/plan.h"
#include "core/scratch.h"

namespace pixfeed {

// Carries out `plan` on one encoded picture. The plan must fit the header (see check). On failure the slot may have
// been written in part and `note` says what the codec said. If there is a `split`, rows are timed.
Status run(Bytes bytes, const Header& header, const Plan& plan, const DecodeOptions& options, const Slot& slot,
           Scratch& scratch, std::string* note, Split* split = nullptr);

// The same for a picture that is decoded already: crop, resample, write. Of the plan `source` and `reduced` do not count.
Status run_pixels(const ImageView& picture, const Plan& plan, const Slot& slot, Scratch& scratch);

// Hands a picture to a sink, as a decoder does.
void push(const ImageView& picture, RowSink& sink);

// nullptr, or what is wrong with a plan for a picture of that size and a slot of height x width: a programming error.
const char* check_plan(const Plan& plan, const Header& header, int slot_height, int slot_width);
const char* check_plan(const Plan& plan, const ImageView& picture, const Slot& slot);

}  // namespace pixfeed
