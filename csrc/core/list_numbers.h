// Numbers as they stand in a field of a list.
#pragma once

#include <cstdint>

#include "core/list.h"
#include "core/list_fields.h"

namespace pixfeed {

// The whole field, but for blanks around it. no_integer, no_number or too_large: `value` is undefined. A number that is
// too small becomes 0.
ListFault read_number(Text field, std::int64_t* value);
ListFault read_number(Text field, float* value);
ListFault read_number(Text field, double* value);

}  // namespace pixfeed
