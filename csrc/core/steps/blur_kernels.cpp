// Averages and weighted sums of rows: SIMD loops and plain twins.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/steps/blur_kernels.cpp"
#include <hwy/foreach_target.h>
// The order matters: highway.h after foreach_target.h.
#include <hwy/highway.h>

#include "core/resample/pairs-inl.h"
#include "core/steps/blur_kernels.h"

#ifndef PIXFEED_STEPS_BLUR_PLAIN
#define PIXFEED_STEPS_BLUR_PLAIN
namespace pixfeed::kernels {

constexpr int kAcrossShift = kWeightBits - kFractionBits, kDownShift = kWeightBits + kFractionBits;

inline std::int16_t across_at(const Symmetric& kernel, const std::uint8_t* at) {
  std::int32_t sum = 1 << (kAcrossShift - 1);
  sum += kernel.weights[0] * at[0];
  for (int k = 1; k <= kernel.radius; ++k) sum += kernel.weights[k] * (at[-3 * k] + at[3 * k]);
  return static_cast<std::int16_t>(sum >> kAcrossShift);
}

inline std::uint8_t down_at(const Symmetric& kernel, const std::int16_t* const* rows, int i) {
  std::int32_t sum = 1 << (kDownShift - 1);
  sum += kernel.weights[0] * rows[0][i];
  for (int k = 1; k <= kernel.radius; ++k) sum += kernel.weights[k] * (rows[2 * k - 1][i] + rows[2 * k][i]);
  return static_cast<std::uint8_t>(sum >> kDownShift);
}

}  // namespace pixfeed::kernels
#endif

HWY_BEFORE_NAMESPACE();
namespace pixfeed::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128

void box_row_simd(const Box& box, const std::uint8_t* leaving, const std::uint8_t* entering, const std::uint8_t* beyond,
                  int n, std::uint16_t* sums, std::uint8_t* averages) {
  box_row_plain(box, leaving, entering, beyond, n, sums, averages);
}
void weigh_across_simd(const Symmetric& kernel, const std::uint8_t* values, int n, std::int16_t* sums) {
  weigh_across_plain(kernel, values, n, sums);
}
void weigh_down_simd(const Symmetric& kernel, const std::int16_t* const* rows, int n, std::uint8_t* values) {
  weigh_down_plain(kernel, rows, n, values);
}

#else

const hn::ScalableTag<std::int16_t> dw;
const hn::RepartitionToWide<decltype(dw)> dww;
const hn::RebindToUnsigned<decltype(dww)> duww;
const hn::RebindToUnsigned<decltype(dw)> duw;
const hn::Rebind<std::uint8_t, decltype(dw)> dbytes;
using VW = hn::VFromD<decltype(dw)>;
using VWW = hn::VFromD<decltype(dww)>;

HWY_INLINE VW wide(const std::uint8_t* at) { return hn::PromoteTo(dw, hn::LoadU(dbytes, at)); }

// Two weights of 16 bits in every lane.
HWY_INLINE VW both(std::int32_t first, std::int32_t second) {
  const std::uint32_t bits = static_cast<std::uint32_t>(first & 0xFFFF) | static_cast<std::uint32_t>(second) << 16;
  return hn::BitCast(dw, hn::Set(dww, static_cast<std::int32_t>(bits)));
}

// Products of pairs, of the lower and the upper half of each block of 128 bits.
struct Sums {
  VWW lower, upper;
};

HWY_INLINE void add(VW a, VW b, VW weights, Sums& sums) {
  sums.lower = add_pairs(hn::InterleaveLower(dw, a, b), weights, sums.lower);
  sums.upper = add_pairs(hn::InterleaveUpper(dw, a, b), weights, sums.upper);
}

void box_row_simd(const Box& box, const std::uint8_t* leaving, const std::uint8_t* entering, const std::uint8_t* beyond,
                  int n, std::uint16_t* sums, std::uint8_t* averages) {
  // A weight is two signed numbers of 12 bits, because products are of 16 bits each.
  const VW high = both(static_cast<std::int32_t>(box.inner >> 12), static_cast<std::int32_t>(box.outer >> 12));
  const VW low = both(static_cast<std::int32_t>(box.inner & 0xFFF), static_cast<std::int32_t>(box.outer & 0xFFF));
  const VWW half = hn::Set(dww, 1 << 23), zero = hn::Zero(dww);
  const int step = static_cast<int>(hn::Lanes(dw));
  const auto average = [&](VWW by_high, VWW by_low) {
    const VWW sum = hn::Add(hn::ShiftLeft<12>(by_high), by_low);
    return hn::BitCast(dww, hn::ShiftRight<24>(hn::BitCast(duww, sum)));
  };
  int i = 0;
  for (; i + step <= n; i += step) {
    const VW left = wide(leaving + i);
    const VW sum = hn::Add(hn::BitCast(dw, hn::LoadU(duw, sums + i)), hn::Sub(wide(entering + i), left));
    hn::StoreU(hn::BitCast(duw, sum), duw, sums + i);
    const VW ends = hn::Add(left, wide(beyond + i));
    Sums by_high{zero, zero}, by_low{half, half};
    add(sum, ends, high, by_high);
    add(sum, ends, low, by_low);
    const VW made =
        hn::ReorderDemote2To(dw, average(by_high.lower, by_low.lower), average(by_high.upper, by_low.upper));
    hn::StoreU(hn::DemoteTo(dbytes, made), dbytes, averages + i);
  }
  box_row_plain(box, leaving + i, entering + i, beyond + i, n - i, sums + i, averages + i);
}

void weigh_across_simd(const Symmetric& kernel, const std::uint8_t* values, int n, std::int16_t* sums) {
  const int step = static_cast<int>(hn::Lanes(dw));
  const VWW half = hn::Set(dww, 1 << (kAcrossShift - 1));
  int i = 0;
  for (; i + step <= n; i += step) {
    const std::uint8_t* at = values + i;
    const auto pair_at = [&](int k) { return hn::Add(wide(at - 3 * k), wide(at + 3 * k)); };
    Sums total{half, half};
    VW first = wide(at);
    for (int k = 0; k <= kernel.radius; k += 2) {
      if (k > 0) first = pair_at(k);
      add(first, pair_at(k + 1), both(kernel.weights[k], kernel.weights[k + 1]), total);
    }
    const VW made =
        hn::ReorderDemote2To(dw, hn::ShiftRight<kAcrossShift>(total.lower), hn::ShiftRight<kAcrossShift>(total.upper));
    hn::StoreU(made, dw, sums + i);
  }
  weigh_across_plain(kernel, values + i, n - i, sums + i);
}

void weigh_down_simd(const Symmetric& kernel, const std::int16_t* const* rows, int n, std::uint8_t* values) {
  const int step = static_cast<int>(hn::Lanes(dw));
  const VWW half = hn::Set(dww, 1 << (kDownShift - 1));
  int i = 0;
  for (; i + step <= n; i += step) {
    const auto pair_at = [&](int k) {
      return hn::Add(hn::LoadU(dw, rows[2 * k - 1] + i), hn::LoadU(dw, rows[2 * k] + i));
    };
    Sums total{half, half};
    VW first = hn::LoadU(dw, rows[0] + i);
    for (int k = 0; k <= kernel.radius; k += 2) {
      if (k > 0) first = pair_at(k);
      const VW second = k < kernel.radius ? pair_at(k + 1) : hn::Zero(dw);
      add(first, second, both(kernel.weights[k], kernel.weights[k + 1]), total);
    }
    const VW made =
        hn::ReorderDemote2To(dw, hn::ShiftRight<kDownShift>(total.lower), hn::ShiftRight<kDownShift>(total.upper));
    hn::StoreU(hn::DemoteTo(dbytes, made), dbytes, values + i);
  }
  for (; i < n; ++i) values[i] = down_at(kernel, rows, i);
}

#endif

}  // namespace HWY_NAMESPACE
}  // namespace pixfeed::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pixfeed::kernels {

HWY_EXPORT(box_row_simd);
HWY_EXPORT(weigh_across_simd);
HWY_EXPORT(weigh_down_simd);

void box_row(const Box& box, const std::uint8_t* leaving, const std::uint8_t* entering, const std::uint8_t* beyond,
             int n, std::uint16_t* sums, std::uint8_t* averages) {
  HWY_DYNAMIC_DISPATCH(box_row_simd)(box, leaving, entering, beyond, n, sums, averages);
}

void weigh_across(const Symmetric& kernel, const std::uint8_t* values, int n, std::int16_t* sums) {
  HWY_DYNAMIC_DISPATCH(weigh_across_simd)(kernel, values, n, sums);
}

void weigh_down(const Symmetric& kernel, const std::int16_t* const* rows, int n, std::uint8_t* values) {
  HWY_DYNAMIC_DISPATCH(weigh_down_simd)(kernel, rows, n, values);
}

void box_row_plain(const Box& box, const std::uint8_t* leaving, const std::uint8_t* entering,
                   const std::uint8_t* beyond, int n, std::uint16_t* sums, std::uint8_t* averages) {
  for (int i = 0; i < n; ++i) {
    sums[i] = static_cast<std::uint16_t>(sums[i] + entering[i] - leaving[i]);
    const std::uint32_t ends = static_cast<std::uint32_t>(leaving[i]) + beyond[i];
    averages[i] = static_cast<std::uint8_t>((sums[i] * box.inner + ends * box.outer + (1u << 23)) >> 24);
  }
}

void weigh_across_plain(const Symmetric& kernel, const std::uint8_t* values, int n, std::int16_t* sums) {
  for (int i = 0; i < n; ++i) sums[i] = across_at(kernel, values + i);
}

void weigh_down_plain(const Symmetric& kernel, const std::int16_t* const* rows, int n, std::uint8_t* values) {
  for (int i = 0; i < n; ++i) values[i] = down_at(kernel, rows, i);
}

}  // namespace pixfeed::kernels
#endif
