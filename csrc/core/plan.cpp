// Rows that belong together.
#include "core/plan.h"

namespace pixfeed {

std::vector<PlanRows> rows_by_picture(const std::vector<Plan>& plans) {
  std::vector<PlanRows> pictures;
  pictures.reserve(plans.size());
  for (std::size_t i = 0, begin = 0; i < plans.size(); ++i) {
    if (i + 1 < plans.size() && plans[i + 1].source == kRowBefore) continue;
    pictures.emplace_back(plans.data() + begin, i + 1 - begin);
    begin = i + 1;
  }
  return pictures;
}

}  // namespace pixfeed
