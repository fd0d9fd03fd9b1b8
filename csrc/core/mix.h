// Images of a batch mixed with each other, in place.
#pragma once

#include <cstdint>
#include <vector>

#include "core/image_view.h"
#include "core/pool.h"

namespace pixfeed {

// One row of the MIX table in python/pixfeed/mix.py: what becomes of one image.
struct Mix {
  std::int32_t partner;                   // the image that it is mixed with
  std::int32_t cut;                       // 1: the box is the partner's; 0: own * image + other * partner
  float own, other;                       // 1 and 0: it stays as it is
  std::int32_t left, top, right, bottom;  // the box
};
static_assert(sizeof(Mix) == 32);

// Says what is wrong with the arguments of mix(), or nullptr.
const char* check_mix(const std::vector<Mix>& mixes, const std::vector<Slot>& slots);

// slots[i], float32 and in one piece each, becomes what mixes[i] says of the images as they were before. The products
// and their sum are rounded, as torch rounds them.
void mix(const std::vector<Mix>& mixes, const std::vector<Slot>& slots, const Workers& workers);

}  // namespace pixfeed
