#include "core/run.h"

#include <algorithm>
#include <cmath>

#include "core/adjust.h"
#include "core/exif.h"
#include "core/frame.h"
#include "core/orient.h"
#include "core/reduce.h"
#include "core/resample/choose.h"
#include "core/write.h"

namespace pixfeed {
namespace {

// What finished rows go through: the frame, the change of colors, the slot; those that the plan does not ask for left out.
class Finish {
 public:
  // False if memory is short.
  bool prepare(const Plan& plan, const Slot& slot, Scratch& scratch) {
    part_ = part_of(plan, slot.width, slot.height);
    plan_ = plan;
    plan_.window_x = part_.x;
    plan_.window_y = part_.y;
    if (!slot_.prepare(plan, slot, scratch)) return false;
    front_ = &slot_;
    if (adjusts(plan)) {
      if (!adjuster_.prepare(plan, slot.width, slot.height, *front_, scratch.adjust)) return false;
      front_ = &adjuster_;
    }
    if (part_.width != slot.width || part_.height != slot.height) {
      Plan framed = plan;
      if (plan.reads_gray(slot.channels)) framed.fill[1] = framed.fill[2] = plan.fill[0];
      if (!framer_.prepare(framed, slot.width, slot.height, *front_, scratch.frame)) return false;
      front_ = &framer_;
    }
    return true;
  }

  // Nothing of the picture is seen: the slot is filled.
  bool empty() {
    if (part_.width > 0 && part_.height > 0) return false;
    framer_.fill();
    return true;
  }

  // Where rows go in.
  RowWriter& front() { return *front_; }

  // Of what `resampler` makes only the part that lies inside the resized crop comes through here. `writer` leads to
  // front().
  bool prepare(Resampler& resampler, int crop_x, int crop_y, int width, int height, Buffer& memory, RowWriter& writer) {
    plan_.crop_x = crop_x;
    plan_.crop_y = crop_y;
    return resampler.prepare(plan_, width, height, part_.width, part_.height, memory, writer);
  }

 private:
  Area part_{};
  Plan plan_{};
  SlotWriter slot_;
  Adjuster adjuster_;
  Framer framer_;
  RowWriter* front_ = nullptr;
};

// The stored picture into `sink`, at 1/request.reduced: by the codec if it can do that, else on the way.
Status decode_reduced(Bytes bytes, const Header& header, Request request, const DecodeOptions& options, RowSink& sink,
                      Scratch& scratch, std::string* note) {
  if (request.reduced == 1 || header.format == Format::jpeg) {
    return decode(bytes, header.format, request, options, sink, scratch, note);
  }
  const bool swapped = swaps_sides(header.orientation);
  Reducer reducer;
  if (!reducer.prepare(swapped ? header.height : header.width, swapped ? header.width : header.height, request.reduced,
                       sink, scratch.reduce)) {
    return Status::out_of_memory;
  }
  request.reduced = 1;
  return decode(bytes, header.format, request, options, reducer, scratch, note);
}

// The whole turned picture is never needed, only the crop: it is a picture of its own from here on.
Status run_turned(Bytes bytes, const Header& header, const Plan& plan, const DecodeOptions& options,
                  const Request& request, int width, int height, Finish& finish, Resampler& resampler, RowSink& sink,
                  RowWriter& writer, Scratch& scratch, std::string* note) {
  const Area crop{plan.crop_x, plan.crop_y, plan.crop_w, plan.crop_h};
  Turner turner;
  if (!finish.prepare(resampler, 0, 0, crop.width, crop.height, scratch.resample, writer) ||
      !turner.prepare(width, height, crop, header.orientation, resampler, scratch)) {
    return Status::out_of_memory;
  }
  const Status status = decode_reduced(bytes, header, request, options, turner, scratch, note);
  if (status == Status::ok || status == Status::recovered) turner.pass_on(sink);
  return status;
}

// `sink` leads to `resampler`, `writer` to the slot.
Status run_chain(Bytes bytes, const Header& header, const Plan& plan, const DecodeOptions& options, Finish& finish,
                 Resampler& resampler, RowSink& sink, const Slot& slot, RowWriter& writer, Scratch& scratch,
                 std::string* note) {
  const int width = reduced_side(header.width, header.format, plan.reduced);
  const int height = reduced_side(header.height, header.format, plan.reduced);
  const bool whole = options.strict || (plan.crop_w == width && plan.crop_h == height);
  const Request request{plan.reads_gray(slot.channels), plan.reduced, whole, plan.low_pass != 0};
  if (header.orientation != 1) {
    return run_turned(bytes, header, plan, options, request, width, height, finish, resampler, sink, writer, scratch,
                      note);
  }
  if (!finish.prepare(resampler, plan.crop_x, plan.crop_y, width, height, scratch.resample, writer)) {
    return Status::out_of_memory;
  }
  return decode_reduced(bytes, header, request, options, sink, scratch, note);
}

}  // namespace

void push(const ImageView& picture, RowSink& sink) {
  if (!sink.begin(picture.width, picture.height)) return;
  const Area area = sink.area();
  for (int y = area.y; y < area.bottom(); ++y) {
    if (sink.wants(y)) sink.put_row(y, picture.row(y) + std::ptrdiff_t{3} * area.x);
  }
}

Status run(Bytes bytes, const Header& header, const Plan& plan, const DecodeOptions& options, const Slot& slot,
           Scratch& scratch, std::string* note, Split* split) {
  Finish finish;
  if (!finish.prepare(plan, slot, scratch)) return Status::out_of_memory;
  if (split != nullptr) *split = {};
  if (finish.empty()) return Status::ok;
  Resamplers resamplers;
  Resampler& resampler = resamplers.choose(plan, plan.reads_gray(slot.channels));
  if (split == nullptr) {
    return run_chain(bytes, header, plan, options, finish, resampler, resampler, slot, finish.front(), scratch, note);
  }
  std::int64_t taking = 0, writing = 0;
  TimedSink sink(resampler, taking);
  TimedWriter timed(finish.front(), writing);
  const std::int64_t start = nanoseconds();
  const Status status = run_chain(bytes, header, plan, options, finish, resampler, sink, slot, timed, scratch, note);
  *split = {nanoseconds() - start - taking, taking - writing, writing};
  return status;
}

Status run_pixels(const ImageView& picture, const Plan& plan, const Slot& slot, Scratch& scratch) {
  Finish finish;
  if (!finish.prepare(plan, slot, scratch)) return Status::out_of_memory;
  if (finish.empty()) return Status::ok;
  Resamplers resamplers;
  Resampler& resampler = resamplers.choose(plan, plan.reads_gray(slot.channels));
  if (!finish.prepare(resampler, plan.crop_x, plan.crop_y, picture.width, picture.height, scratch.resample,
                      finish.front())) {
    return Status::out_of_memory;
  }
  push(picture, resampler);
  return Status::ok;
}

namespace {

// `width` x `height`: the picture that the crop is taken of.
const char* check_plan(const Plan& plan, int width, int height, int slot_height, int slot_width) {
  const std::int64_t right = std::int64_t{plan.crop_x} + plan.crop_w, bottom = std::int64_t{plan.crop_y} + plan.crop_h;
  if (plan.crop_w <= 0 || plan.crop_h <= 0 || plan.crop_x < 0 || plan.crop_y < 0 || right > width || bottom > height) {
    return "the crop does not lie inside the picture";
  }
  const std::int64_t window_right = std::int64_t{plan.window_x} + slot_width;
  const std::int64_t window_bottom = std::int64_t{plan.window_y} + slot_height;
  if (plan.resize_w <= 0 || plan.resize_h <= 0) return "the crop is resized to nothing";
  if (plan.framed == 0 &&
      (plan.window_x < 0 || plan.window_y < 0 || window_right > plan.resize_w || window_bottom > plan.resize_h)) {
    return "the window does not lie inside the resized crop";
  }
  constexpr int kFar = 1 << 30;
  if (plan.window_x < -kFar || plan.window_y < -kFar || window_right > kFar || window_bottom > kFar) {
    return "the window lies too far away";
  }
  for (std::int32_t value : plan.fill) {
    if (value < 0 || value > 255) return "fill may be 0 to 255";
  }
  for (int i = 0; i < kAdjustments; ++i) {
    if (plan.adjust[i] < Adjustment::none || plan.adjust[i] > Adjustment::gray) return "unknown adjustment";
    if (!std::isfinite(plan.factor[i])) return "unusable factor";
  }
  const bool whole = plan.box[0] == 0 && plan.box[1] == 0 && plan.box[2] == static_cast<float>(plan.crop_w) &&
                     plan.box[3] == static_cast<float>(plan.crop_h);
  if (is_pillow(plan.interpolation)) {
    const bool inside = plan.box[0] >= 0 && plan.box[1] >= 0 && plan.box[0] < plan.box[2] &&
                        plan.box[1] < plan.box[3] && plan.box[2] <= static_cast<float>(plan.crop_w) &&
                        plan.box[3] <= static_cast<float>(plan.crop_h);
    if (!inside) return "the box does not lie inside the crop";
  } else if (is_opencv(plan.interpolation)) {
    if (!whole) return "a box in fractions of pixels needs one of Pillow's filters";
  } else {
    return "unknown interpolation";
  }
  for (int c = 0; c < 3; ++c) {
    if (!std::isfinite(plan.mean[c]) || !std::isfinite(plan.std[c]) || plan.std[c] == 0) return "unusable mean or std";
  }
  return nullptr;
}

}  // namespace

const char* check_plan(const Plan& plan, const Header& header, int slot_height, int slot_width) {
  if (plan.reduced != 1 && plan.reduced != 2 && plan.reduced != 4 && plan.reduced != 8) {
    return "reduced may be 1, 2, 4 or 8";
  }
  return check_plan(plan, reduced_side(header.width, header.format, plan.reduced),
                    reduced_side(header.height, header.format, plan.reduced), slot_height, slot_width);
}

const char* check_plan(const Plan& plan, const ImageView& picture, const Slot& slot) {
  return check_plan(plan, picture.width, picture.height, slot.height, slot.width);
}

}  // namespace pixfeed
