// Decode, resample, write; the last two again for each further row of the plan.
#include "core/wide/run.h"

#include <algorithm>
#include <cstring>

#include "core/frame.h"
#include "core/wide/decode.h"
#include "core/wide/resample.h"

namespace pixfeed::wide {
namespace {

constexpr int kBits = 16;
constexpr int kFillScale = 257;  // plan.fill has 8 bits

std::ptrdiff_t size_of(DType dtype) { return dtype == DType::float32 ? sizeof(float) : sizeof(std::uint16_t); }

// `n` samples, `step` apart, to places `stride` bytes apart.
void write_samples(const std::uint16_t* in, int step, int n, float mean, float std, DType dtype, std::uint8_t* out,
                   std::ptrdiff_t stride) {
  if (dtype == DType::uint16) {
    for (int x = 0; x < n; ++x) std::memcpy(out + x * stride, in + std::ptrdiff_t{x} * step, sizeof(std::uint16_t));
    return;
  }
  for (int x = 0; x < n; ++x) {
    const float value = (static_cast<float>(in[std::ptrdiff_t{x} * step]) / 65535.f - mean) / std;
    std::memcpy(out + x * stride, &value, sizeof(float));
  }
}

// Zeros to what a slot has right of the window and below.
void clear_rest(const Plan& plan, const Slot& slot) {
  const auto size = static_cast<std::size_t>(size_of(slot.dtype));
  for (int c = 0; c < slot.channels; ++c) {
    for (int y = 0; y < slot.height; ++y) {
      std::uint8_t* const row = slot.data + c * slot.stride_c + y * slot.stride_y;
      for (int x = y < plan.window_h ? plan.window_w : 0; x < slot.width; ++x)
        std::memset(row + x * slot.stride_x, 0, size);
    }
  }
}

// Where the pixels of the window lie in a slot, flipped or not.
struct Places {
  std::uint8_t* first;
  std::ptrdiff_t stride_x, stride_y;
};

Places places_of(const Plan& plan, const Slot& slot) {
  Places places{slot.data, slot.stride_x, slot.stride_y};
  if (plan.flip_horizontal != 0) {
    places.first += (plan.window_w - 1) * slot.stride_x;
    places.stride_x = -slot.stride_x;
  }
  if (plan.flip_vertical != 0) {
    places.first += (plan.window_h - 1) * slot.stride_y;
    places.stride_y = -slot.stride_y;
  }
  return places;
}

bool resample_into(const Picture& picture, const Plan& plan, const Slot& slot, Buffer& memory) {
  clear_rest(plan, slot);
  const Places places = places_of(plan, slot);
  // Row `y` of the window, from column `x` on.
  const auto write = [&](const std::uint16_t* in, int step, int n, int x, int y, int c) {
    std::uint8_t* const out = places.first + c * slot.stride_c + y * places.stride_y + x * places.stride_x;
    write_samples(in, step, n, plan.mean[c], plan.std[c], slot.dtype, out, places.stride_x);
  };
  for (int c = 0; c < slot.channels && is_framed(plan); ++c) {
    const auto fill = static_cast<std::uint16_t>(plan.fill[plan.gray != 0 ? 0 : c] * kFillScale);
    for (int y = 0; y < plan.window_h; ++y) write(&fill, 0, plan.window_w, 0, y, c);
  }
  const Area part = part_of(plan);
  if (part.width == 0 || part.height == 0) return true;
  Plan inside = plan;
  inside.window_x = part.x;
  inside.window_y = part.y;
  inside.window_w = part.width;
  inside.window_h = part.height;
  Resampler resampler;
  if (!resampler.prepare(picture, inside, memory)) return false;
  for (int y = 0; y < part.height; ++y) {
    const std::uint16_t* const row = resampler.row(y);
    for (int c = 0; c < slot.channels; ++c) {
      write(row + (picture.channels == 1 ? 0 : c), picture.channels, part.width, part.x - plan.window_x,
            y + part.y - plan.window_y, c);
    }
  }
  return true;
}

// The crop of `plan`, of a picture that is in memory, to memory of its own.
bool cut(const Picture& picture, const Plan& plan, Buffer& memory, Picture& part) {
  const std::size_t row = sizeof(std::uint16_t) * static_cast<std::size_t>(plan.crop_w * picture.channels);
  std::uint8_t* out = memory.get(row * static_cast<std::size_t>(plan.crop_h));
  if (out == nullptr) return false;
  part = {reinterpret_cast<const std::uint16_t*>(out), plan.crop_w, plan.crop_h, picture.channels};
  for (int y = 0; y < plan.crop_h; ++y, out += row) {
    std::memcpy(out, picture.row(plan.crop_y + y) + std::ptrdiff_t{plan.crop_x} * picture.channels, row);
  }
  return true;
}

}  // namespace

const char* check_rows(const PlanRows& rows, const Slot& slot) {
  if (slot.dtype != DType::uint16 && slot.dtype != DType::float32) return "depth 16 is written as uint16 or float32";
  if (rows.front().reduced != 1) return "depth 16 has no reduced sizes";
  if (!rows.steps.empty()) return "depth 16 has no steps";
  for (const Plan& plan : rows.plans) {
    if (!Resampler::knows(plan.interpolation)) return "depth 16 is resized by nearest, nearest_exact or linear only";
    if (plan.framed > Framed::constant) return "depth 16 has frames of a color only";
    if (std::any_of(plan.adjust, plan.adjust + kAdjustments, [](Adjustment a) { return a != Adjustment::none; })) {
      return "depth 16 has no change of colors";
    }
  }
  return nullptr;
}

Status run(Bytes bytes, const Header& header, const PlanRows& rows, bool strict, const Slot& slot, Scratch& scratch,
           std::string* note) {
  if (header.depth != kBits) {
    *note = std::to_string(header.depth) + " bits a sample; depth=16 reads pictures of 16 bits";
    return Status::unsupported;
  }
  const Plan& first = rows.front();
  const Area crop{first.crop_x, first.crop_y, first.crop_w, first.crop_h};
  const bool whole = strict || (crop.width == header.width && crop.height == header.height);
  Picture picture;
  if (header.format != Format::png || header.orientation != 1 ||
      !decode_png(bytes, first.gray != 0, whole, crop, scratch.codec, scratch.upright, picture)) {
    *note = "with 16 bits a sample OpenCV reads it: pip install opencv-python-headless";
    return Status::unsupported;
  }
  for (std::size_t i = 0; i + 1 < rows.size(); ++i) {
    const Plan& plan = rows[i];
    const int channels = first.gray != 0 ? 1 : 3;
    const int pixel = channels * static_cast<int>(sizeof(std::uint16_t));
    const std::ptrdiff_t stride = std::ptrdiff_t{pixel} * plan.window_w;
    std::uint8_t* const memory =
        scratch.made[0].get(static_cast<std::size_t>(stride) * static_cast<std::size_t>(plan.window_h));
    if (memory == nullptr) return Status::out_of_memory;
    const Slot made{memory,        DType::uint16,         picture.channels, plan.window_h,
                    plan.window_w, sizeof(std::uint16_t), stride,           pixel};
    if (!resample_into(picture, plan, made, scratch.resample)) return Status::out_of_memory;
    const Picture all{reinterpret_cast<const std::uint16_t*>(memory), plan.window_w, plan.window_h, channels};
    if (!cut(all, rows[i + 1], scratch.upright, picture)) return Status::out_of_memory;
  }
  return resample_into(picture, rows.back(), slot, scratch.resample) ? Status::ok : Status::out_of_memory;
}

}  // namespace pixfeed::wide
