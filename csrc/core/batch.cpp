#include "batch.h"

#include <new>
#include <utility>

#include "run.h"

namespace pixfeed {
namespace {

// Kept for the life of the thread: see scratch.h.
Scratch& thread_scratch() {
  static thread_local Scratch scratch;
  return scratch;
}

}  // namespace

Batch::Batch(std::vector<Input> inputs, const OpenOptions& options, Crew crew)
    : inputs_(std::move(inputs)),
      sources_(inputs_.size()),
      headers_(inputs_.size()),
      notes_(inputs_.size()),
      options_(options) {
  parallel_for(static_cast<int>(inputs_.size()), crew, [this](int index) {
    const std::size_t i = static_cast<std::size_t>(index);
    Status status = Status::ok;
    if (inputs_[i].is_path) {
      status = sources_[i].read(inputs_[i].path, &notes_[i]);
    } else {
      sources_[i].borrow(inputs_[i].bytes);
    }
    if (status == Status::ok) {
      headers_[i] = probe(sources_[i].bytes(), options_.probe);
    } else {
      headers_[i] = Header{};
      headers_[i].orientation = 1;
      headers_[i].status = status;
    }
  });
}

const char* Batch::check(const std::vector<Plan>& plans, int slot_height, int slot_width) const {
  for (const Plan& plan : plans) {
    if (plan.source < 0 || static_cast<std::size_t>(plan.source) >= headers_.size()) return "there is no such source";
    const Header& header = headers_[static_cast<std::size_t>(plan.source)];
    if (header.status != Status::ok) continue;
    if (const char* wrong = pixfeed::check(plan, header, slot_height, slot_width)) return wrong;
  }
  return nullptr;
}

Status resample_picture(const ImageView& picture, const Plan& plan, const Slot& slot) {
  return run_pixels(picture, plan, slot, thread_scratch());
}

void Batch::decode_into(const std::vector<Plan>& plans, const std::vector<Slot>& slots, Crew crew,
                        Status* statuses) {
  // Of the notes only the failing source's own is written; two plans of one source that fail write the same words,
  // so each task collects its own and they are stored afterwards.
  std::vector<std::string> notes(plans.size());
  parallel_for(static_cast<int>(plans.size()), crew, [&](int index) {
    const std::size_t i = static_cast<std::size_t>(index), source = static_cast<std::size_t>(plans[i].source);
    const Header& header = headers_[source];
    statuses[i] = header.status != Status::ok
                      ? header.status
                      : run(sources_[source].bytes(), header, plans[i], options_.decode, slots[i], thread_scratch(), &notes[i]);
  });
  for (std::size_t i = 0; i < plans.size(); ++i) {
    if (!notes[i].empty()) notes_[static_cast<std::size_t>(plans[i].source)] = std::move(notes[i]);
  }
}

}  // namespace pixfeed
