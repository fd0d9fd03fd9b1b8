// The chain that a picture's rows run through is built from its end: slot, change of colors, border, resampler,
// decoder.
#include "core/run.h"

#include <optional>

#include "core/adjust.h"
#include "core/exif.h"
#include "core/frame.h"
#include "core/orient.h"
#include "core/reduce.h"
#include "core/resample/choose.h"
#include "core/steps/steps.h"
#include "core/write.h"

namespace pixfeed {
namespace {

// What finished rows go through: the frame, the change of colors, the slot. Steps that the plan does not ask for are
// left out.
class Finish {
 public:
  // False if memory is short.
  bool prepare(const Plan& plan, const Slot& slot, Scratch& scratch) {
    part_ = part_of(plan);
    plan_ = plan;
    plan_.window_x = part_.x;
    plan_.window_y = part_.y;
    if (!slot_.prepare(plan, slot, scratch)) return false;
    front_ = &slot_;
    if (adjusts(plan)) {
      if (!adjuster_.prepare(plan, plan.window_w, plan.window_h, *front_, scratch.adjust)) return false;
      front_ = &adjuster_;
    }
    if (!is_framed(plan)) return true;
    if (plan.framed != Framed::constant) {
      if (!repeating_framer_.prepare(plan, *front_, scratch.frame)) return false;
      front_ = &repeating_framer_;
      return true;
    }
    Plan framed = plan;
    if (plan.gray != 0) framed.fill[1] = framed.fill[2] = plan.fill[0];
    if (!framer_.prepare(framed, *front_, scratch.frame)) return false;
    front_ = &framer_;
    return true;
  }

  // The time that rows spend in here is added to `spent`, in nanoseconds.
  void measure(std::int64_t& spent) { front_ = &timer_.emplace(*front_, spent); }

  // True if nothing of the picture is seen: then the slot is filled.
  bool empty() {
    if (part_.width > 0 && part_.height > 0) return false;
    framer_.fill();
    return true;
  }

  // Makes `resampler` feed this. It gets a picture of `width` x `height` pixels with the crop at (crop_x, crop_y), and
  // makes only the part of the window that lies inside the resized crop. False if memory is short.
  bool connect(Resampler& resampler, int crop_x, int crop_y, int width, int height, Buffer& memory) {
    plan_.crop_x = crop_x;
    plan_.crop_y = crop_y;
    return resampler.prepare(plan_, width, height, part_.width, part_.height, memory, *front_);
  }

 private:
  Area part_{};
  Plan plan_{};
  SlotWriter slot_;
  Adjuster adjuster_;
  Framer framer_;
  RepeatingFramer repeating_framer_;
  std::optional<TimedWriter> timer_;
  RowWriter* front_ = nullptr;  // where rows go in
};

// The stored picture into `sink`, at 1/request.reduced: by the codec if it can do that, otherwise on the way.
Status decode_reduced(const Job& job, Request request, RowSink& sink) {
  const Header& header = job.header;
  if (job.kept != nullptr) return cache::push_rows(*job.kept, sink, job.scratch);
  if (request.reduced == 1 || header.format == Format::jpeg) {
    return decode(job.bytes, header.format, request, job.options, sink, job.scratch, job.note);
  }
  const bool swapped = swaps_sides(header.orientation);
  Reducer reducer;
  if (!reducer.prepare(swapped ? header.height : header.width, swapped ? header.width : header.height, request.reduced,
                       sink, job.scratch.reduce)) {
    return Status::out_of_memory;
  }
  request.reduced = 1;
  return decode(job.bytes, header.format, request, job.options, reducer, job.scratch, job.note);
}

// The whole turned picture is never needed, only the crop: it is a picture of its own from here on. `sink` leads to
// `resampler`, `width` and `height` are those of the upright picture.
Status decode_turned(const Job& job, const Request& request, int width, int height, Finish& finish,
                     Resampler& resampler, RowSink& sink) {
  const Plan& plan = job.rows.front();
  const Area crop{plan.crop_x, plan.crop_y, plan.crop_w, plan.crop_h};
  Turner turner;
  if (!finish.connect(resampler, 0, 0, crop.width, crop.height, job.scratch.resample) ||
      !turner.prepare(width, height, crop, job.header.orientation, resampler, job.scratch)) {
    return Status::out_of_memory;
  }
  const Status status = decode_reduced(job, request, turner);
  if (status == Status::ok || status == Status::recovered) turner.pass_on(sink);
  return status;
}

// The picture through `sink`, which leads to `resampler`, and `finish` into a slot.
Status run_chain(const Job& job, Finish& finish, Resampler& resampler, RowSink& sink) {
  const Plan& plan = job.rows.front();
  const int width = reduced_side(job.header.width, job.header.format, plan.reduced);
  const int height = reduced_side(job.header.height, job.header.format, plan.reduced);
  const bool whole = job.options.strict || (plan.crop_w == width && plan.crop_h == height);
  const Request request{plan.gray != 0, plan.reduced, whole, plan.low_pass != 0};
  if (job.header.orientation != 1) return decode_turned(job, request, width, height, finish, resampler, sink);
  if (!finish.connect(resampler, plan.crop_x, plan.crop_y, width, height, job.scratch.resample)) {
    return Status::out_of_memory;
  }
  return decode_reduced(job, request, sink);
}

// The first row, whose picture is decoded.
Status run_first(const Job& job, const Slot& slot) {
  const Plan& plan = job.rows.front();
  Finish finish;
  if (!finish.prepare(plan, slot, job.scratch)) return Status::out_of_memory;
  if (job.split != nullptr) *job.split = {};
  if (finish.empty()) return Status::ok;
  Resamplers resamplers;
  Resampler& resampler = resamplers.choose(plan, plan.gray != 0);
  if (job.split == nullptr) return run_chain(job, finish, resampler, resampler);

  std::int64_t resizing = 0, writing = 0;  // the first one includes the second
  TimedSink sink(resampler, resizing);
  finish.measure(writing);
  const std::int64_t start = nanoseconds();
  const Status status = run_chain(job, finish, resampler, sink);
  *job.split = {nanoseconds() - start - resizing, resizing - writing, writing};
  return status;
}

// A row that takes the picture that the one before has made.
Status run_later(const ImageView& picture, const Plan& plan, const Slot& slot, Scratch& scratch) {
  Finish finish;
  if (!finish.prepare(plan, slot, scratch)) return Status::out_of_memory;
  if (finish.empty()) return Status::ok;
  Resamplers resamplers;
  Resampler& resampler = resamplers.choose(plan, plan.gray != 0);
  if (!finish.connect(resampler, plan.crop_x, plan.crop_y, picture.width, picture.height, scratch.resample)) {
    return Status::out_of_memory;
  }
  push(picture, resampler);
  return Status::ok;
}

// Into the slot, as the plan says; it is flipped already.
Status write(const ImageView& picture, Plan plan, const Slot& slot, Scratch& scratch) {
  plan.window_w = picture.width;
  plan.window_h = picture.height;
  plan.flip_horizontal = plan.flip_vertical = 0;
  SlotWriter writer;
  if (!writer.prepare(plan, slot, scratch)) return Status::out_of_memory;
  for (int y = 0; y < picture.height; ++y) writer.write(y, picture.row(y));
  return Status::ok;
}

// What a row has made, if it is to be kept.
void keep(const Plan& plan, const ImageView& made, const cache::Keeping* keeping, Scratch& scratch) {
  if (plan.keep != 0 && keeping != nullptr) keeping->put(made, plan.makes_gray(), scratch);
}

Slot slot_of(const ImageView& picture) {
  return {picture.data, DType::uint8, 3, picture.height, picture.width, 1, picture.stride, 3};
}

// Memory for what a row makes. No data if memory is short.
Made made_by(const Plan& plan, Buffer& memory, Buffer& other) {
  return {room_for(plan.window_w, plan.window_h, memory), &memory, &other};
}

// What comes after the first row has made a picture: its steps, and the other rows with theirs.
Status run_rest(Made made, const PlanRows& rows, const Slot& slot, Scratch& scratch, const cache::Keeping* keeping) {
  for (std::size_t i = 0;; ++i) {
    const bool is_last = i + 1 == rows.size();
    if (!rows.steps.empty() && !run_steps(made, rows.steps_after(i), scratch)) return Status::out_of_memory;
    if (is_last) return write(made.picture, rows.back(), slot, scratch);
    const Plan& plan = rows[i + 1];
    if (i + 2 == rows.size() && rows.steps_after(i + 1).empty()) return run_later(made.picture, plan, slot, scratch);
    const Made next = made_by(plan, *made.other, *made.memory);
    if (next.picture.data == nullptr) return Status::out_of_memory;
    const Status status = run_later(made.picture, plan, slot_of(next.picture), scratch);
    if (status != Status::ok) return status;
    keep(plan, next.picture, keeping, scratch);
    made = next;
  }
}

}  // namespace

void push(const ImageView& picture, RowSink& sink) {
  if (!sink.begin(picture.width, picture.height)) return;
  const Area area = sink.area();
  for (int y = area.y; y < area.bottom(); ++y) {
    if (sink.wants(y)) sink.put_row(y, picture.row(y) + std::ptrdiff_t{3} * area.x);
  }
}

Status run(const Job& job) {
  const PlanRows& rows = job.rows;
  if (rows.size() == 1 && rows.steps.empty()) return run_first(job, job.slot);
  Made made = made_by(rows.front(), job.scratch.made[0], job.scratch.made[1]);
  if (made.picture.data == nullptr) return Status::out_of_memory;
  const Status status = run_first(job, slot_of(made.picture));
  if (status != Status::ok && status != Status::recovered) return status;
  const std::int64_t start = nanoseconds();
  const cache::Keeping* keeping = status == Status::ok ? job.keeping : nullptr;
  keep(rows.front(), made.picture, keeping, job.scratch);
  const Status later = run_rest(made, rows, job.slot, job.scratch, keeping);
  if (job.split != nullptr) job.split->resizing += nanoseconds() - start;
  return later == Status::ok ? status : later;
}

Status run_pixels(const ImageView& picture, const PlanRows& rows, const Slot& slot, Scratch& scratch,
                  const cache::Keeping* keeping) {
  if (rows.size() == 1 && rows.steps.empty()) return run_later(picture, rows.front(), slot, scratch);
  Made made = made_by(rows.front(), scratch.made[0], scratch.made[1]);
  if (made.picture.data == nullptr) return Status::out_of_memory;
  const Status status = run_later(picture, rows.front(), slot_of(made.picture), scratch);
  if (status != Status::ok) return status;
  keep(rows.front(), made.picture, keeping, scratch);
  return run_rest(made, rows, slot, scratch, keeping);
}

}  // namespace pixfeed
