// A plan as Python hands it over: two tables.
#pragma once

#include <pybind11/pybind11.h>

#include <vector>

#include "bind/buffers.h"
#include "core/plan.h"

// PLAN rows and the STEP rows after them, which may be None.
struct Plans {
  Plans(const pybind11::buffer& plan_table, const pybind11::object& step_table)
      : plans(rows<pixfeed::Plan>(plan_table.request())) {
    if (!step_table.is_none()) {
      steps = rows<pixfeed::Step>(pybind11::reinterpret_borrow<pybind11::buffer>(step_table).request());
    }
    if (const char* wrong = pixfeed::check_order(steps, plans.size())) throw pybind11::value_error(wrong);
    pictures = pixfeed::rows_by_picture(plans, steps);
  }

  std::vector<pixfeed::Plan> plans;
  std::vector<pixfeed::Step> steps;
  std::vector<pixfeed::PlanRows> pictures;
};
