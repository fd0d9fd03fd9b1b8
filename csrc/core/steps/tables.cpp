// A step is done to the tables as it would be done to pixels.
#include "core/steps/tables.h"

#include <algorithm>
#include <cstring>

#include "core/adjust_kernels.h"
#include "core/steps/color_kernels.h"
#include "core/steps/runs.h"

namespace pixfeed {
namespace {

using Table = std::uint8_t[256];

// What ImageOps.autocontrast makes of the values of a channel.
void fill_stretched(int least, int most, Table& table) {
  const double scale = 255.0 / (most - least), offset = -least * scale;
  for (int v = 0; v < 256; ++v) {
    table[v] = static_cast<std::uint8_t>(std::clamp(static_cast<int>(v * scale + offset), 0, 255));
  }
}

}  // namespace

void PendingTables::clear() {
  for (auto& table : tables_.of) {
    for (int v = 0; v < 256; ++v) table[v] = static_cast<std::uint8_t>(v);
  }
  pending_ = false;
}

template <class Change>
void PendingTables::change_all(const Change& change) {
  for (auto& table : tables_.of) {
    for (auto& value : table) value = static_cast<std::uint8_t>(change(value));
  }
  pending_ = true;
}

bool PendingTables::take(const Step& step) {
  const double first = step.values[0], second = step.values[1];
  switch (step.code) {
    case StepCode::brightness:
      blend_with(0, static_cast<float>(first));
      return true;
    case StepCode::posterize: {
      const int kept = 0xFF << (8 - static_cast<int>(first));
      change_all([=](int v) { return v & kept; });
      return true;
    }
    case StepCode::solarize:
      change_all([=](int v) { return v < first ? v : 255 - v; });
      return true;
    case StepCode::solarize_add:
      change_all([=](int v) { return v < second ? std::clamp(v + static_cast<int>(first), 0, 255) : v; });
      return true;
    case StepCode::invert:
      change_all([](int v) { return 255 - v; });
      return true;
    case StepCode::autocontrast:
      stretch();
      return true;
    case StepCode::equalize:
      equalize();
      return true;
    default:
      return false;
  }
}

void PendingTables::blend_with(std::uint8_t other, float factor) {
  kernels::blend_with(tables_.of[0], sizeof(tables_.of), other, factor);
  pending_ = true;
}

void PendingTables::stretch() {
  kernels::Extremes extremes;
  if (!pending_) {
    for_runs(picture_, [&](const std::uint8_t* rgb, std::ptrdiff_t n) { kernels::widen(rgb, n, extremes); });
  } else {
    const kernels::Histogram there = histogram();
    for (int c = 0; c < 3; ++c) {
      for (int v = 0; v < 256; ++v) {
        if (there.of[c][v] == 0) continue;
        extremes.least[c] = std::min(extremes.least[c], static_cast<std::uint8_t>(v));
        extremes.most[c] = std::max(extremes.most[c], static_cast<std::uint8_t>(v));
      }
    }
  }
  for (int c = 0; c < 3; ++c) {
    if (extremes.least[c] >= extremes.most[c]) continue;
    Table stretched;
    fill_stretched(extremes.least[c], extremes.most[c], stretched);
    for (auto& value : tables_.of[c]) value = stretched[value];
    pending_ = true;
  }
}

// ImageOps.equalize.
void PendingTables::equalize() {
  const kernels::Histogram there = histogram();
  for (int c = 0; c < 3; ++c) {
    const auto& counts = there.of[c];
    int last = 255;
    while (last > 0 && counts[last] == 0) --last;
    std::uint64_t below = 0;
    for (int v = 0; v < last; ++v) below += counts[v];
    const std::uint64_t step = below / 255;
    if (step == 0) continue;
    Table equalized;
    std::uint64_t sum = step / 2;
    for (int v = 0; v < 256; ++v) {
      equalized[v] = static_cast<std::uint8_t>(std::min<std::uint64_t>(sum / step, 255));
      sum += counts[v];
    }
    for (auto& value : tables_.of[c]) value = equalized[value];
    pending_ = true;
  }
}

// Of the values that the tables make.
kernels::Histogram PendingTables::histogram() const {
  kernels::Histogram before{};
  for_runs(picture_, [&](const std::uint8_t* rgb, std::ptrdiff_t n) { kernels::count(rgb, n, before); });
  if (!pending_) return before;
  kernels::Histogram after{};
  for (int c = 0; c < 3; ++c) {
    for (int v = 0; v < 256; ++v) after.of[c][tables_.of[c][v]] += before.of[c][v];
  }
  return after;
}

void PendingTables::apply() {
  if (!pending_) return;
  for_runs(picture_, [&](std::uint8_t* rgb, std::ptrdiff_t n) { kernels::look_up(rgb, n, tables_); });
  clear();
}

}  // namespace pixfeed
