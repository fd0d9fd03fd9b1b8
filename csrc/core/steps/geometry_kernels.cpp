// Rows of warped and mirrored pictures: SIMD loops and plain twins.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/steps/geometry_kernels.cpp"
#include <hwy/foreach_target.h>
// The order matters: highway.h after foreach_target.h.
#include <hwy/highway.h>

#include <algorithm>
#include <cstring>

#include "core/steps/geometry_kernels.h"

HWY_BEFORE_NAMESPACE();
namespace pixfeed::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET != HWY_SCALAR

constexpr int kGroup = 16;  // pixels that are made together, as 32 bits each, and then packed

constexpr hn::CappedTag<double, kGroup> df;
constexpr hn::RebindToUnsigned<decltype(df)> du;
constexpr hn::Rebind<std::int32_t, decltype(df)> di32;
constexpr hn::FixedTag<std::uint8_t, 16> d8;
using VF = hn::Vec<decltype(df)>;
using VU = hn::Vec<decltype(du)>;
using MF = hn::Mask<decltype(df)>;

// A double of this size has its last bit at 1: small whole numbers go in and out by their bits.
constexpr double kWhole = 4503599627370496.0;  // 2^52
constexpr std::uint64_t kWholeBits = 0x4330000000000000;

alignas(16) constexpr std::uint8_t kPack[16] = {0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 15, 15, 15, 15};

// The first `count` pixels of a group. Where `more` is true 4 bytes after them may be overwritten.
HWY_INLINE void pack(const std::uint32_t* group, int count, bool more, std::uint8_t* to) {
  const auto table = hn::Load(d8, kPack);
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(group);
  if (HWY_LIKELY(count == kGroup && more)) {
    for (int i = 0; i < kGroup / 4; ++i) {
      hn::StoreU(hn::TableLookupBytes(hn::Load(d8, bytes + 16 * i), table), d8, to + 12 * i);
    }
    return;
  }
  for (int i = 0; i < count; ++i) std::memcpy(to + 3 * i, group + i, 3);
}

// The whole numbers in [0, 2^31), as the bits of what is from 2^52 on.
HWY_INLINE VU whole_bits(VF whole) {
  return hn::And(hn::BitCast(du, hn::Add(whole, hn::Set(df, kWhole))), hn::Set(du, (std::uint64_t{1} << 52) - 1));
}

// 8 bytes from each offset on. Single loads: gathering is not faster where it exists.
HWY_INLINE VU load_each(const std::uint8_t* from, const std::uint64_t* offsets) {
  HWY_ALIGN std::uint64_t words[hn::MaxLanes(du)];
  for (std::size_t i = 0; i < hn::Lanes(du); ++i) std::memcpy(words + i, from + offsets[i], 8);
  return hn::Load(du, words);
}

// Byte `kByte` of each word, plus 2^52.
template <int kByte>
HWY_INLINE VF lifted(VU words) {
  const VU byte = hn::And(kByte == 0 ? words : hn::ShiftRight<8 * kByte>(words), hn::Set(du, 255));
  return hn::BitCast(df, hn::Or(byte, hn::Set(du, kWholeBits)));
}

// Where the pixels of a row come from.
template <bool kPerspective>
struct RowMapping {
  RowMapping(const Mapping& mapping, int y)
      : x_by_x(mapping.a[0]),
        x_by_y(mapping.a[1] * (y + 0.5)),
        x_more(mapping.a[2]),
        y_by_x(mapping.a[3]),
        y_by_y(mapping.a[4] * (y + 0.5)),
        y_more(mapping.a[5]),
        by_x(kPerspective ? mapping.a[6] : 0),
        by_y(kPerspective ? mapping.a[7] * (y + 0.5) : 0) {}

  HWY_INLINE void at(int x, VF& from_x, VF& from_y) const {
    const VF mid = hn::Add(hn::Iota(df, 0), hn::Set(df, x + 0.5));
    from_x = hn::Add(hn::Add(hn::Mul(hn::Set(df, x_by_x), mid), hn::Set(df, x_by_y)), hn::Set(df, x_more));
    from_y = hn::Add(hn::Add(hn::Mul(hn::Set(df, y_by_x), mid), hn::Set(df, y_by_y)), hn::Set(df, y_more));
    if (kPerspective) {
      const VF by = hn::Add(hn::Add(hn::Mul(hn::Set(df, by_x), mid), hn::Set(df, by_y)), hn::Set(df, 1.0));
      from_x = hn::Div(from_x, by);
      from_y = hn::Div(from_y, by);
    }
  }

  double x_by_x, x_by_y, x_more, y_by_x, y_by_y, y_more, by_x, by_y;
};

// Each of these makes pixels (32 bits each) of a picture at places; outside of `inside` the places mean nothing and are
// 0.5, and the pixels may be anything.
struct Nearest {
  static constexpr Filter kFilter = Filter::nearest;

  explicit Nearest(const ImageView& from) : from_(from) {}

  HWY_INLINE bool make(VF x, VF y, MF, std::uint32_t* pixels) const {
    const VF offset = hn::Add(hn::Mul(hn::Floor(y), hn::Set(df, static_cast<double>(from_.stride))),
                              hn::Mul(hn::Floor(x), hn::Set(df, 3.0)));
    HWY_ALIGN std::uint64_t offsets[hn::MaxLanes(du)];
    hn::Store(whole_bits(offset), du, offsets);
    for (std::size_t i = 0; i < hn::Lanes(df); ++i) std::memcpy(pixels + i, from_.data + offsets[i], 4);
    return true;
  }

 private:
  const ImageView& from_;
};

struct Bilinear {
  static constexpr Filter kFilter = Filter::bilinear;

  explicit Bilinear(const ImageView& from)
      : from_(from), last_x_(from.width - 1), last_y_(from.height - 1), stride_(static_cast<double>(from.stride)) {}

  HWY_INLINE bool make(VF x, VF y, MF, std::uint32_t* pixels) const {
    VF t_x, t_y;
    const VF left = split(hn::Sub(x, hn::Set(df, 0.5)), hn::Set(df, last_x_), t_x);
    const VF top = split(hn::Sub(y, hn::Set(df, 0.5)), hn::Set(df, last_y_), t_y);
    const VF below = hn::Min(hn::Add(top, hn::Set(df, 1.0)), hn::Set(df, last_y_));
    const VF at_x = hn::Mul(left, hn::Set(df, 3.0)), stride = hn::Set(df, stride_);
    HWY_ALIGN std::uint64_t offsets[2][hn::MaxLanes(du)];
    hn::Store(whole_bits(hn::Add(hn::Mul(top, stride), at_x)), du, offsets[0]);
    hn::Store(whole_bits(hn::Add(hn::Mul(below, stride), at_x)), du, offsets[1]);
    const VU above_two = load_each(from_.data, offsets[0]), below_two = load_each(from_.data, offsets[1]);
    const auto r = hn::DemoteTo(di32, value<0>(above_two, below_two, t_x, t_y));
    const auto g = hn::DemoteTo(di32, value<1>(above_two, below_two, t_x, t_y));
    const auto b = hn::DemoteTo(di32, value<2>(above_two, below_two, t_x, t_y));
    hn::StoreU(hn::Or(r, hn::Or(hn::ShiftLeft<8>(g), hn::ShiftLeft<16>(b))), di32,
               reinterpret_cast<std::int32_t*>(pixels));
    return true;
  }

 private:
  // The whole part, and the rest. Where there is no pixel on one side, the rest is 0 and the one on the other side does
  // not matter.
  static HWY_INLINE VF split(VF place, VF last, VF& rest) {
    const VF whole = hn::Floor(place);
    const MF between = hn::And(hn::Ge(whole, hn::Zero(df)), hn::Lt(whole, last));
    rest = hn::IfThenElseZero(between, hn::Sub(place, whole));
    return hn::Max(whole, hn::Zero(df));
  }

  template <int c>
  static HWY_INLINE VF value(VU above, VU below, VF t_x, VF t_y) {
    const VF upper = between<c>(above, t_x), lower = between<c>(below, t_x);
    return hn::Add(upper, hn::Mul(hn::Sub(lower, upper), t_y));
  }

  template <int c>
  static HWY_INLINE VF between(VU two, VF t) {
    const VF left = lifted<c>(two), right = lifted<c + 3>(two);
    return hn::Add(hn::Sub(left, hn::Set(df, kWhole)), hn::Mul(hn::Sub(right, left), t));
  }

  const ImageView& from_;
  double last_x_, last_y_, stride_;
};

struct Bicubic {
  static constexpr Filter kFilter = Filter::bicubic;

  explicit Bicubic(const ImageView& from)
      : from_(from), last_x_(from.width - 2), last_y_(from.height - 2), stride_(static_cast<double>(from.stride)) {}

  // False, and nothing done, if not all 16 pixels that a pixel is made of lie inside.
  HWY_INLINE bool make(VF x, VF y, MF inside, std::uint32_t* pixels) const {
    x = hn::Sub(x, hn::Set(df, 0.5));
    y = hn::Sub(y, hn::Set(df, 0.5));
    VF left = hn::Floor(x), top = hn::Floor(y);
    const VF one = hn::Set(df, 1.0);
    const MF deep = hn::And(hn::And(hn::Ge(left, one), hn::Lt(left, hn::Set(df, last_x_))),
                            hn::And(hn::Ge(top, one), hn::Lt(top, hn::Set(df, last_y_))));
    if (!hn::AllFalse(df, hn::AndNot(deep, inside))) return false;
    const VF t_x = hn::Sub(x, left), t_y = hn::Sub(y, top);
    left = hn::IfThenElseZero(deep, hn::Sub(left, one));
    top = hn::IfThenElseZero(deep, hn::Sub(top, one));
    HWY_ALIGN std::uint64_t offsets[hn::MaxLanes(du)];
    hn::Store(whole_bits(hn::Add(hn::Mul(top, hn::Set(df, stride_)), hn::Mul(left, hn::Set(df, 3.0)))), du, offsets);
    VF rows[4][3];
    const std::uint8_t* at = from_.data;
    for (int i = 0; i < 4; ++i, at += from_.stride) {
      const VU first = load_each(at, offsets), second = load_each(at + 6, offsets);
      rows[i][0] = across<0>(first, second, t_x);
      rows[i][1] = across<1>(first, second, t_x);
      rows[i][2] = across<2>(first, second, t_x);
    }
    const auto r = down(rows[0][0], rows[1][0], rows[2][0], rows[3][0], t_y);
    const auto g = down(rows[0][1], rows[1][1], rows[2][1], rows[3][1], t_y);
    const auto b = down(rows[0][2], rows[1][2], rows[2][2], rows[3][2], t_y);
    hn::StoreU(hn::Or(r, hn::Or(hn::ShiftLeft<8>(g), hn::ShiftLeft<16>(b))), di32,
               reinterpret_cast<std::int32_t*>(pixels));
    return true;
  }

 private:
  // Differences of whole numbers are exact in any order.
  template <int c>
  static HWY_INLINE VF across(VU first, VU second, VF t) {
    const VF v0 = lifted<c>(first), v1 = lifted<c + 3>(first), v2 = lifted<c>(second), v3 = lifted<c + 3>(second);
    const VF falls = hn::Sub(v0, v1), falls_again = hn::Sub(v2, v3);
    const VF p3 = hn::Add(hn::Add(falls, falls), falls_again);
    const VF p4 = hn::Neg(hn::Add(falls, falls_again));
    return polynomial(hn::Sub(v1, hn::Set(df, kWhole)), hn::Sub(v2, v0), p3, p4, t);
  }

  static HWY_INLINE hn::Vec<decltype(di32)> down(VF v0, VF v1, VF v2, VF v3, VF t) {
    const VF p2 = hn::Sub(v2, v0);
    const VF falls = hn::Sub(v0, v1);
    const VF p3 = hn::Sub(hn::Add(hn::Add(falls, falls), v2), v3);
    const VF p4 = hn::Add(hn::Sub(hn::Sub(v1, v0), v2), v3);
    const VF value = polynomial(v1, p2, p3, p4, t);
    return hn::DemoteTo(di32, hn::Min(hn::Max(value, hn::Zero(df)), hn::Set(df, 255.0)));
  }

  static HWY_INLINE VF polynomial(VF p1, VF p2, VF p3, VF p4, VF t) {
    return hn::Add(p1, hn::Mul(t, hn::Add(p2, hn::Mul(t, hn::Add(p3, hn::Mul(t, p4))))));
  }

  const ImageView& from_;
  double last_x_, last_y_, stride_;
};

void filtered(const ImageView& from, Filter filter, double x, double y, std::uint32_t* pixel) {
  std::uint8_t rgb[4] = {};
  if (filter == Filter::bicubic) bicubic_pixel(from, x, y, rgb);
  if (filter == Filter::bilinear) bilinear_pixel(from, x, y, rgb);
  std::memcpy(pixel, rgb, 4);
}

template <bool kPerspective, class Make>
void warp_row_by(const ImageView& from, const Mapping& mapping, const std::uint8_t* fill, int y, int width,
                 std::uint8_t* to) {
  const RowMapping<kPerspective> row(mapping, y);
  const Make make(from);
  const VF zero = hn::Zero(df), right = hn::Set(df, from.width), lower = hn::Set(df, from.height);
  constexpr int kLanes = static_cast<int>(hn::MaxLanes(df));
  const std::int32_t outside = fill[0] | fill[1] << 8 | fill[2] << 16;
  HWY_ALIGN std::uint32_t group[kGroup];
  HWY_ALIGN double xs[kLanes], ys[kLanes];
  for (int begin = 0; begin < width; begin += kGroup, to += 3 * kGroup) {
    for (int i = 0; i < kGroup; i += kLanes) {
      auto* const pixels = reinterpret_cast<std::int32_t*>(group + i);
      VF at_x, at_y;
      row.at(begin + i, at_x, at_y);
      const MF inside =
          hn::And(hn::And(hn::Ge(at_x, zero), hn::Lt(at_x, right)), hn::And(hn::Ge(at_y, zero), hn::Lt(at_y, lower)));
      if (hn::AllFalse(df, inside)) {
        hn::StoreU(hn::Set(di32, outside), di32, pixels);
        continue;
      }
      at_x = hn::IfThenElse(inside, at_x, hn::Set(df, 0.5));
      at_y = hn::IfThenElse(inside, at_y, hn::Set(df, 0.5));
      if (!make.make(at_x, at_y, inside, group + i)) {
        hn::Store(at_x, df, xs);
        hn::Store(at_y, df, ys);
        for (int k = 0; k < kLanes; ++k) filtered(from, Make::kFilter, xs[k], ys[k], group + i + k);
      }
      if (!hn::AllTrue(df, inside)) {
        HWY_ALIGN double flags[kLanes];
        hn::Store(hn::IfThenElseZero(inside, hn::Set(df, 1.0)), df, flags);
        for (int k = 0; k < kLanes; ++k) pixels[k] = flags[k] != 0 ? pixels[k] : outside;
      }
    }
    pack(group, std::min(kGroup, width - begin), begin + kGroup + 2 <= width, to);
  }
}

void warp_row_simd(const ImageView& from, const Mapping& mapping, Filter filter, const std::uint8_t* fill, int y,
                   int width, std::uint8_t* to) {
  const bool perspective = mapping.perspective;
  if (filter == Filter::nearest) {
    (perspective ? warp_row_by<true, Nearest> : warp_row_by<false, Nearest>)(from, mapping, fill, y, width, to);
  } else if (filter == Filter::bilinear) {
    (perspective ? warp_row_by<true, Bilinear> : warp_row_by<false, Bilinear>)(from, mapping, fill, y, width, to);
  } else {
    (perspective ? warp_row_by<true, Bicubic> : warp_row_by<false, Bicubic>)(from, mapping, fill, y, width, to);
  }
}

void copy_along_simd(const ImageView& from, std::int32_t x, std::int32_t y, std::int32_t dx, std::int32_t dy, int n,
                     std::uint8_t* to) {
  constexpr hn::CappedTag<std::int32_t, kGroup> d;
  constexpr int kLanes = static_cast<int>(hn::MaxLanes(d));
  const auto steps = hn::Iota(d, 0);
  auto xs = hn::Add(hn::Set(d, x), hn::Mul(hn::Set(d, dx), steps));
  auto ys = hn::Add(hn::Set(d, y), hn::Mul(hn::Set(d, dy), steps));
  // Wraps around behind the last pixel, perhaps.
  const auto more_x = hn::Mul(hn::Set(d, dx), hn::Set(d, kLanes)), more_y = hn::Mul(hn::Set(d, dy), hn::Set(d, kLanes));
  const auto stride = hn::Set(d, static_cast<std::int32_t>(from.stride));
  HWY_ALIGN std::int32_t offsets[kLanes];
  int i = 0;
  for (; i + kLanes < n; i += kLanes, to += 3 * kLanes) {  // not the last pixel: 4 bytes are written
    const auto at_x = hn::ShiftRight<16>(xs), at_y = hn::ShiftRight<16>(ys);
    hn::Store(hn::Add(hn::Mul(at_y, stride), hn::Add(hn::Add(at_x, at_x), at_x)), d, offsets);
    for (int k = 0; k < kLanes; ++k) std::memcpy(to + 3 * k, from.data + offsets[k], 4);
    xs = hn::Add(xs, more_x);
    ys = hn::Add(ys, more_y);
  }
  copy_along_plain(from, hn::GetLane(xs), hn::GetLane(ys), dx, dy, n - i, to);
}

alignas(16) constexpr std::uint8_t kReverse[16] = {12, 13, 14, 9, 10, 11, 6, 7, 8, 3, 4, 5, 0, 1, 2, 15};

void reverse_simd(const std::uint8_t* from, int n, std::uint8_t* to) {
  const auto table = hn::Load(d8, kReverse);
  int i = 0;
  for (; i + 6 <= n; i += 5) {  // 16 bytes, and one of them is overwritten next
    const auto five = hn::LoadU(d8, from + std::ptrdiff_t{3} * (n - i - 5));
    hn::StoreU(hn::TableLookupBytes(five, table), d8, to + std::ptrdiff_t{3} * i);
  }
  reverse_plain(from, n - i, to + std::ptrdiff_t{3} * i);
}

#else

void warp_row_simd(const ImageView& from, const Mapping& mapping, Filter filter, const std::uint8_t* fill, int y,
                   int width, std::uint8_t* to) {
  warp_row_plain(from, mapping, filter, fill, y, width, to);
}

void copy_along_simd(const ImageView& from, std::int32_t x, std::int32_t y, std::int32_t dx, std::int32_t dy, int n,
                     std::uint8_t* to) {
  copy_along_plain(from, x, y, dx, dy, n, to);
}

void reverse_simd(const std::uint8_t* from, int n, std::uint8_t* to) { reverse_plain(from, n, to); }

#endif

}  // namespace HWY_NAMESPACE
}  // namespace pixfeed::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pixfeed::kernels {

HWY_EXPORT(warp_row_simd);
HWY_EXPORT(copy_along_simd);
HWY_EXPORT(reverse_simd);

void warp_row(const ImageView& from, const Mapping& mapping, Filter filter, const std::uint8_t* fill, int y, int width,
              std::uint8_t* to) {
  HWY_DYNAMIC_DISPATCH(warp_row_simd)(from, mapping, filter, fill, y, width, to);
}

void warp_row_plain(const ImageView& from, const Mapping& mapping, Filter filter, const std::uint8_t* fill, int y,
                    int width, std::uint8_t* to) {
  for (int x = 0; x < width; ++x, to += 3) {
    double from_x, from_y;
    mapping.at(x, y, &from_x, &from_y);
    if (!is_inside(from, from_x, from_y)) {
      std::memcpy(to, fill, 3);
    } else if (filter == Filter::nearest) {
      nearest_pixel(from, from_x, from_y, to);
    } else {
      (filter == Filter::bilinear ? bilinear_pixel : bicubic_pixel)(from, from_x, from_y, to);
    }
  }
}

void copy_along(const ImageView& from, std::int32_t x, std::int32_t y, std::int32_t dx, std::int32_t dy, int n,
                std::uint8_t* to) {
  HWY_DYNAMIC_DISPATCH(copy_along_simd)(from, x, y, dx, dy, n, to);
}

void copy_along_plain(const ImageView& from, std::int32_t x, std::int32_t y, std::int32_t dx, std::int32_t dy, int n,
                      std::uint8_t* to) {
  for (int i = 0; i < n; ++i, to += 3) {
    const std::int64_t at_x = x + std::int64_t{i} * dx, at_y = y + std::int64_t{i} * dy;
    std::memcpy(to, from.row(static_cast<int>(at_y >> 16)) + 3 * (at_x >> 16), 3);
  }
}

void reverse(const std::uint8_t* from, int n, std::uint8_t* to) { HWY_DYNAMIC_DISPATCH(reverse_simd)(from, n, to); }

void reverse_plain(const std::uint8_t* from, int n, std::uint8_t* to) {
  for (int i = 0; i < n; ++i) std::memcpy(to + std::ptrdiff_t{3} * i, from + std::ptrdiff_t{3} * (n - 1 - i), 3);
}

}  // namespace pixfeed::kernels
#endif  // HWY_ONCE
