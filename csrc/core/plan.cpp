// Rows and steps that belong together.
#include "core/plan.h"

#include <algorithm>

namespace pixfeed {
namespace {

// Whether a step comes after a row before row `plan`.
bool is_before(const Step& step, std::int32_t plan) { return step.plan < plan; }

}  // namespace

Steps PlanRows::steps_after(std::size_t i) const {
  const std::int32_t row = first + static_cast<std::int32_t>(i);
  const auto begin = std::lower_bound(steps.begin(), steps.end(), row, is_before);
  return {begin, std::lower_bound(begin, steps.end(), row + 1, is_before)};
}

const char* check_order(Steps steps, std::size_t plans) {
  std::int32_t before = 0;
  for (const Step& step : steps) {
    if (step.plan < 0 || static_cast<std::size_t>(step.plan) >= plans)
      return "a step comes after a row that is not there";
    if (step.plan < before) return "steps are not in the order of the rows";
    before = step.plan;
  }
  return nullptr;
}

std::vector<PlanRows> rows_by_picture(const std::vector<Plan>& plans, const std::vector<Step>& steps) {
  std::vector<PlanRows> pictures;
  pictures.reserve(plans.size());
  auto step = steps.begin();
  for (std::size_t i = 0, begin = 0; i < plans.size(); ++i) {
    if (i + 1 < plans.size() && plans[i + 1].source == kRowBefore) continue;
    const auto end = std::lower_bound(step, steps.end(), static_cast<std::int32_t>(i + 1), is_before);
    pictures.push_back({{plans.data() + begin, i + 1 - begin}, Steps(step, end), static_cast<std::int32_t>(begin)});
    begin = i + 1;
    step = end;
  }
  return pictures;
}

}  // namespace pixfeed
