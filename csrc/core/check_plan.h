// Whether a plan can be carried out. A plan that cannot is a programming error.
#pragma once

#include "core/header.h"
#include "core/image_view.h"
#include "core/plan.h"

namespace pixfeed {

// nullptr, or what is wrong with a plan for a picture with that header and a slot of height x width.
const char* check_plan(const Plan& plan, const Header& header, int slot_height, int slot_width);

// The same for a picture that is decoded already.
const char* check_plan(const Plan& plan, const ImageView& picture, const Slot& slot);

}  // namespace pixfeed
