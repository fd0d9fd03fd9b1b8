// The columns of the HEADER, PLAN and STEP tables by name: a test compares them with python/pixfeed/plan.py and
// plan_steps.py.
#pragma once

#include <cstddef>

#include "core/header.h"
#include "core/plan.h"

struct Column {
  const char* name;
  std::size_t offset;  // bytes from the row's beginning
};

#define PIXFEED_COLUMN(row, name) \
  Column { #name, offsetof(pixfeed::row, name) }

inline constexpr Column kHeaderColumns[] = {
    PIXFEED_COLUMN(Header, width),  PIXFEED_COLUMN(Header, height),  PIXFEED_COLUMN(Header, orientation),
    PIXFEED_COLUMN(Header, format), PIXFEED_COLUMN(Header, status),  PIXFEED_COLUMN(Header, kept),
    PIXFEED_COLUMN(Header, bytes),  PIXFEED_COLUMN(Header, samples), PIXFEED_COLUMN(Header, depth),
};

inline constexpr Column kPlanColumns[] = {
    PIXFEED_COLUMN(Plan, source),        PIXFEED_COLUMN(Plan, reduced),
    PIXFEED_COLUMN(Plan, low_pass),      PIXFEED_COLUMN(Plan, crop_x),
    PIXFEED_COLUMN(Plan, crop_y),        PIXFEED_COLUMN(Plan, crop_w),
    PIXFEED_COLUMN(Plan, crop_h),        PIXFEED_COLUMN(Plan, resize_w),
    PIXFEED_COLUMN(Plan, resize_h),      PIXFEED_COLUMN(Plan, window_x),
    PIXFEED_COLUMN(Plan, window_y),      PIXFEED_COLUMN(Plan, window_w),
    PIXFEED_COLUMN(Plan, window_h),      PIXFEED_COLUMN(Plan, flip_horizontal),
    PIXFEED_COLUMN(Plan, flip_vertical), PIXFEED_COLUMN(Plan, interpolation),
    PIXFEED_COLUMN(Plan, box),           PIXFEED_COLUMN(Plan, mean),
    PIXFEED_COLUMN(Plan, std),           PIXFEED_COLUMN(Plan, framed),
    PIXFEED_COLUMN(Plan, fill),          PIXFEED_COLUMN(Plan, adjust),
    PIXFEED_COLUMN(Plan, factor),        PIXFEED_COLUMN(Plan, gray),
    PIXFEED_COLUMN(Plan, keep),
};

inline constexpr Column kStepColumns[] = {
    PIXFEED_COLUMN(Step, plan), PIXFEED_COLUMN(Step, code), PIXFEED_COLUMN(Step, width),  PIXFEED_COLUMN(Step, height),
    PIXFEED_COLUMN(Step, mode), PIXFEED_COLUMN(Step, fill), PIXFEED_COLUMN(Step, values),
};

#undef PIXFEED_COLUMN
