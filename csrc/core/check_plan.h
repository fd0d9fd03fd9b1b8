// Whether a plan can be carried out. A plan that cannot is a programming error.
#pragma once

#include "core/header.h"
#include "core/image_view.h"
#include "core/plan.h"

namespace pixfeed {

// nullptr, or what is wrong with the rows of one picture, which has that header, and its slot.
const char* check_plan(const PlanRows& rows, const Header& header, const Slot& slot);

// The same for a picture that is decoded already.
const char* check_plan(const PlanRows& rows, const ImageView& picture, const Slot& slot);

}  // namespace pixfeed
