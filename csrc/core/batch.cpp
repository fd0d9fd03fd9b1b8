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

std::size_t source_of(const PlanRows& rows) { return static_cast<std::size_t>(rows.front().source); }

// check(source, i) says what is wrong with picture i.
template <class Check>
const char* check_all(std::size_t sources, const std::vector<PlanRows>& pictures, const std::vector<Slot>& slots,
                      Check check) {
  if (pictures.size() != slots.size()) return "plans and out differ in length";
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    if (pictures[i].front().source < 0 || source_of(pictures[i]) >= sources) return "there is no such source";
    if (const char* wrong = check(source_of(pictures[i]), i)) return wrong;
  }
  return nullptr;
}

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

const char* Batch::check_plans(const std::vector<PlanRows>& pictures, const std::vector<Slot>& slots) const {
  return check_all(headers_.size(), pictures, slots, [&](std::size_t source, std::size_t i) {
    const Header& header = headers_[source];
    return header.status == Status::ok ? check_plan(pictures[i], header, slots[i]) : nullptr;
  });
}

const char* check_plans(const std::vector<ImageView>& sources, const std::vector<PlanRows>& pictures,
                        const std::vector<Slot>& slots) {
  return check_all(sources.size(), pictures, slots, [&](std::size_t source, std::size_t i) {
    return check_plan(pictures[i], sources[source], slots[i]);
  });
}

bool Batch::decode_into(const std::vector<PlanRows>& pictures, const std::vector<Slot>& slots, const Workers& workers,
                        Status* statuses) {
  // Of the notes only the failing source's own is written; two plans of one source that fail write the same words,
  // so each task collects its own and they are stored afterwards.
  std::vector<std::string> notes(pictures.size());
  std::vector<Costs> costs(pictures.size());
  const bool done = parallel_for(static_cast<int>(pictures.size()), workers, [&](int index) {
    const std::size_t i = static_cast<std::size_t>(index), source = source_of(pictures[i]);
    const Header& header = headers_[source];
    statuses[i] = header.status;
    if (header.status != Status::ok) return;
    const std::int64_t start = nanoseconds();
    statuses[i] = run({sources_[source].bytes(), header, pictures[i], options_.decode, slots[i], thread_scratch(),
                       &notes[i], sampled() ? &costs[i].sample : nullptr});
    costs[i].running = nanoseconds() - start;
  });
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    costs_.running += costs[i].running;
    costs_.sample.decoding += costs[i].sample.decoding;
    costs_.sample.resizing += costs[i].sample.resizing;
    costs_.sample.writing += costs[i].sample.writing;
    if (!notes[i].empty()) notes_[source_of(pictures[i])] = std::move(notes[i]);
  }
  return done;
}

bool resample_into(const std::vector<ImageView>& sources, const std::vector<PlanRows>& pictures,
                   const std::vector<Slot>& slots, const Workers& workers, Status* statuses) {
  return parallel_for(static_cast<int>(pictures.size()), workers, [&](int index) {
    const std::size_t i = static_cast<std::size_t>(index);
    statuses[i] = run_pixels(sources[source_of(pictures[i])], pictures[i], slots[i], thread_scratch());
  });
}

}  // namespace pixfeed
