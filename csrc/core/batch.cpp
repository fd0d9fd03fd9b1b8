// Reading, probing and decoding many pictures on the pool, and adding up what it cost.
#include "core/batch.h"

#include <atomic>
#include <memory>
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

// What the tasks of one open() fill. They own it together, because a read that hangs may outlive the batch.
struct Opening {
  explicit Opening(std::vector<Input> all)
      : inputs(std::move(all)),
        sources(inputs.size()),
        headers(inputs.size()),
        notes(inputs.size()),
        reading(inputs.size()) {}

  void open(std::size_t i, const ProbeOptions& options) {
    Status status = Status::ok;
    if (inputs[i].is_path) {
      const std::int64_t start = nanoseconds();
      status = sources[i].read(inputs[i].path, &notes[i]);
      reading[i] = nanoseconds() - start;
    } else {
      sources[i].borrow(inputs[i].bytes);
    }
    if (status == Status::ok) {
      headers[i] = probe(sources[i].bytes(), options);
      if (inputs[i].is_path && headers[i].format == Format::unknown) {
        sources[i] = Source();  // nobody here decodes it; OpenCV reads the file when its turn comes
      }
    } else {
      headers[i] = Header{};
      headers[i].orientation = 1;
      headers[i].status = status;
    }
  }

  const std::vector<Input> inputs;
  std::vector<Source> sources;
  std::vector<Header> headers;
  std::vector<std::string> notes;
  std::vector<std::int64_t> reading;  // nanoseconds
};

}  // namespace

bool Batch::open(std::vector<Input> inputs, const Workers& workers) {
  const int n = static_cast<int>(inputs.size());
  const auto opening = std::make_shared<Opening>(std::move(inputs));
  const bool done = parallel_for_reads(n, workers, [opening, options = options_.probe](int index) {
    opening->open(static_cast<std::size_t>(index), options);
  });
  if (!done) return false;
  sources_ = std::move(opening->sources);
  headers_ = std::move(opening->headers);
  notes_ = std::move(opening->notes);
  for (std::size_t i = 0; i < headers_.size(); ++i) {
    costs_.bytes += headers_[i].bytes;
    costs_.reading += opening->reading[i];
  }
  return true;
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

bool Batch::decode_into(const std::vector<Plan>& plans, const std::vector<Slot>& slots, const Workers& workers,
                        Status* statuses) {
  // Of the notes only the failing source's own is written; two plans of one source that fail write the same words,
  // so each task collects its own and they are stored afterwards.
  std::vector<std::string> notes(plans.size());
  std::vector<Costs> costs(plans.size());
  const bool done = parallel_for(static_cast<int>(plans.size()), workers, [&](int index) {
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
  return done;
}

}  // namespace pixfeed
