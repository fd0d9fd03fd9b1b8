// Reading, probing and decoding many pictures on the pool, and adding up what it cost.
#include "core/batch.h"

#include <atomic>
#include <new>
#include <utility>

#include "core/check_plan.h"
#include "core/run.h"

namespace pixfeed {
namespace {

// Kept for the life of the thread: see scratch.h.
Scratch& thread_scratch() {
  static thread_local Scratch scratch;
  return scratch;
}

// Whether the next picture is one of the sample: of kSampled in a row one is.
bool sampled() {
  static std::atomic<unsigned> count{0};
  return count.fetch_add(1, std::memory_order_relaxed) % kSampled == 0;
}

}  // namespace

Batch::Batch(std::vector<Input> inputs, const OpenOptions& options, Workers workers)
    : inputs_(std::move(inputs)),
      sources_(inputs_.size()),
      headers_(inputs_.size()),
      notes_(inputs_.size()),
      options_(options) {
  std::vector<std::int64_t> reading(inputs_.size());
  parallel_for(static_cast<int>(inputs_.size()), workers, [&](int index) {
    const std::size_t i = static_cast<std::size_t>(index);
    Status status = Status::ok;
    if (inputs_[i].is_path) {
      const std::int64_t start = nanoseconds();
      status = sources_[i].read(inputs_[i].path, &notes_[i]);
      reading[i] = nanoseconds() - start;
    } else {
      sources_[i].borrow(inputs_[i].bytes);
    }
    if (status == Status::ok) {
      headers_[i] = probe(sources_[i].bytes(), options_.probe);
      if (inputs_[i].is_path && headers_[i].format == Format::unknown) {
        sources_[i] = Source();  // nobody here decodes it; OpenCV reads the file when its turn comes
      }
    } else {
      headers_[i] = Header{};
      headers_[i].orientation = 1;
      headers_[i].status = status;
    }
  });
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    costs_.bytes += headers_[i].bytes;
    costs_.reading += reading[i];
  }
}

const char* Batch::check_plans(const std::vector<Plan>& plans, int slot_height, int slot_width) const {
  for (const Plan& plan : plans) {
    if (plan.source < 0 || static_cast<std::size_t>(plan.source) >= headers_.size()) return "there is no such source";
    const Header& header = headers_[static_cast<std::size_t>(plan.source)];
    if (header.status != Status::ok) continue;
    if (const char* wrong = check_plan(plan, header, slot_height, slot_width)) return wrong;
  }
  return nullptr;
}

Status resample_picture(const ImageView& picture, const Plan& plan, const Slot& slot) {
  return run_pixels(picture, plan, slot, thread_scratch());
}

void Batch::decode_into(const std::vector<Plan>& plans, const std::vector<Slot>& slots, Workers workers,
                        Status* statuses) {
  // Of the notes only the failing source's own is written; two plans of one source that fail write the same words,
  // so each task collects its own and they are stored afterwards.
  std::vector<std::string> notes(plans.size());
  std::vector<Costs> costs(plans.size());
  parallel_for(static_cast<int>(plans.size()), workers, [&](int index) {
    const std::size_t i = static_cast<std::size_t>(index), source = static_cast<std::size_t>(plans[i].source);
    const Header& header = headers_[source];
    statuses[i] = header.status;
    if (header.status != Status::ok) return;
    const std::int64_t start = nanoseconds();
    statuses[i] = run({sources_[source].bytes(), header, plans[i], options_.decode, slots[i], thread_scratch(),
                       &notes[i], sampled() ? &costs[i].sample : nullptr});
    costs[i].running = nanoseconds() - start;
  });
  for (std::size_t i = 0; i < plans.size(); ++i) {
    costs_.running += costs[i].running;
    costs_.sample.decoding += costs[i].sample.decoding;
    costs_.sample.resizing += costs[i].sample.resizing;
    costs_.sample.writing += costs[i].sample.writing;
    if (!notes[i].empty()) notes_[static_cast<std::size_t>(plans[i].source)] = std::move(notes[i]);
  }
}

}  // namespace pixfeed
