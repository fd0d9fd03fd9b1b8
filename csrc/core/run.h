// One picture, start to end: decode, orient, resample, write.
#pragma once

#include <string>

#include "core/cache/pixels.h"
#include "core/costs.h"
#include "core/decode.h"
#include "core/image_view.h"
#include "core/plan.h"
#include "core/scratch.h"

namespace pixfeed {

// One picture to be made: what from, how, and where to. All of it is borrowed for the length of the call.
struct Job {
  Bytes bytes;           // the encoded picture
  const Header& header;  // what probe() says of it
  const PlanRows& rows;  // fit the header and the slot: see check_plan
  const DecodeOptions& options;
  const Slot& slot;
  Scratch& scratch;                         // this thread's
  std::string* note;                        // on failure: the codec's own words
  Split* split = nullptr;                   // if given, the time is measured row by row and written here
  const cache::Kept* kept = nullptr;        // nullptr, or where the picture lies in a cache
  const cache::Keeping* keeping = nullptr;  // where the picture goes that a row makes which says `keep`
};

// On failure the slot may have been written in part.
Status run(const Job& job);

// The same for a picture that is decoded already. `source`, `reduced` and `low_pass` do not count.
Status run_pixels(const ImageView& picture, const PlanRows& rows, const Slot& slot, Scratch& scratch,
                  const cache::Keeping* keeping = nullptr);

// Hands a picture to a sink, as a decoder does.
void push(const ImageView& picture, RowSink& sink);

}  // namespace pixfeed
