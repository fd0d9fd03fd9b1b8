// Reading, probing and decoding many pictures on the pool, and adding up what it cost.
#include "core/batch.h"

#include <atomic>
#include <memory>
#include <new>
#include <utility>

#include "core/check_plan.h"
#include "core/run.h"
#include "core/wide/run.h"

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
        kept(inputs.size()),
        keeping(inputs.size()),
        stamps(inputs.size()),
        reading(inputs.size()) {}

  void open(std::size_t i, const OpenOptions& options) {
    const std::int64_t start = nanoseconds();
    const cache::Caching& caching = options.caching;
    std::optional<cache::Found> found;
    if (caching.store != nullptr && (inputs[i].is_path || !caching.raw)) found = find(i, caching);
    if (found && !caching.raw) {
      use_pixels(i, *found, *caching.store);
    } else {
      InCache kept = InCache::nothing;
      if (found) kept = load(i, *found, *caching.store) ? InCache::bytes : InCache::lost;
      probe_source(i, kept == InCache::bytes ? Status::ok : read(i), options.probe);
      headers[i].kept = kept;
    }
    if (keeping[i]) keep_if_settled(i, caching.raw);
    if (inputs[i].is_path && headers[i].format == Format::unknown && headers[i].kept != InCache::bytes) {
      sources[i] = Source();  // nobody here decodes it; OpenCV reads the file when its turn comes
    }
    if (inputs[i].is_path) reading[i] = nanoseconds() - start;
  }

  // What the cache has of it; if nothing, `keeping` says where it is to go.
  std::optional<cache::Found> find(std::size_t i, const cache::Caching& caching) {
    const Input& input = inputs[i];
    cache::Key key;
    if (input.is_path) {
      const std::optional<files::Stamp> stamp = files::stamp_of(input.path);
      if (!stamp) return std::nullopt;
      stamps[i] = stamp;
      key = cache::key_of_file(input.path, *stamp, input.more, caching.how);
    } else {
      key = cache::key_of_bytes(input.bytes, input.more, caching.how);
    }
    std::optional<cache::Found> found = caching.store->find(key);
    if (!found) keeping[i] = cache::Keeping{caching.store, key, {}};
    return found;
  }

  void use_pixels(std::size_t i, const cache::Found& found, cache::Store& store) {
    const cache::Entry& entry = found.entry;
    headers[i] = {entry.source_width,
                  entry.source_height,
                  entry.orientation,
                  static_cast<Format>(entry.format),
                  Status::ok,
                  InCache::pixels,
                  entry.source_bytes,
                  Samples{},
                  0};
    kept[i] = cache::Kept{&store, found};
  }

  // The bytes of a file. False if they are not what was written: they are then kept anew.
  bool load(std::size_t i, const cache::Found& found, cache::Store& store) {
    const auto rows = [&](Buffer& buffer) { return store.read(found, 0, found.entry.height, buffer); };
    if (sources[i].load(found.entry.bytes(), rows)) return true;
    keeping[i] = cache::Keeping{&store, found.entry.key, {}};
    return false;
  }

  // A file that was replaced while it was read, or may be in the same tick of the clock, is kept next time.
  void keep_if_settled(std::size_t i, bool raw) {
    std::optional<cache::Keeping>& where = keeping[i];
    const std::optional<files::Stamp>& stamp = stamps[i];
    const bool settled =
        !inputs[i].is_path || (stamp && files::stamp_of(inputs[i].path) == stamp && !files::may_change_unseen(*stamp));
    if (!settled || !where) {
      where.reset();
      return;
    }
    where->header = headers[i];
    if (!raw) return;
    cache::put_bytes(*where->store, where->key, sources[i].bytes(), headers[i]);
    where.reset();
  }

  Status read(std::size_t i) {
    if (inputs[i].is_path) return sources[i].read(inputs[i].path, &notes[i]);
    sources[i].borrow(inputs[i].bytes);
    return Status::ok;
  }

  void probe_source(std::size_t i, Status status, const ProbeOptions& options) {
    headers[i] = status == Status::ok ? probe(sources[i].bytes(), options) : Header{};
    if (status == Status::ok) return;
    headers[i].orientation = 1;
    headers[i].status = status;
  }

  const std::vector<Input> inputs;
  std::vector<Source> sources;
  std::vector<Header> headers;
  std::vector<std::string> notes;
  std::vector<std::optional<cache::Kept>> kept;
  std::vector<std::optional<cache::Keeping>> keeping;
  std::vector<std::optional<files::Stamp>> stamps;
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
  const bool done = parallel_for_reads(n, workers, [opening, options = options_](int index) {
    opening->open(static_cast<std::size_t>(index), options);
  });
  if (!done) return false;
  sources_ = std::move(opening->sources);
  headers_ = std::move(opening->headers);
  notes_ = std::move(opening->notes);
  kept_ = std::move(opening->kept);
  keeping_ = std::move(opening->keeping);
  for (std::size_t i = 0; i < headers_.size(); ++i) {
    costs_.bytes += headers_[i].bytes;
    costs_.reading += opening->reading[i];
  }
  return true;
}

Header Batch::stored_header(std::size_t source) const {
  Header header = headers_[source];
  if (const std::optional<cache::Kept>& kept = kept_[source]) {
    header.width = kept->found.entry.width;
    header.height = kept->found.entry.height;
    header.orientation = 1;
    header.format = Format::unknown;
  }
  return header;
}

const char* Batch::check_plans(const std::vector<PlanRows>& pictures, const std::vector<Slot>& slots) const {
  return check_all(headers_.size(), pictures, slots, [&](std::size_t source, std::size_t i) {
    const Header header = stored_header(source);
    if (header.status != Status::ok) return static_cast<const char*>(nullptr);
    const char* wrong = check_plan(pictures[i], header, slots[i]);
    return wrong == nullptr && options_.depth == 16 ? wide::check_rows(pictures[i], slots[i]) : wrong;
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
    const Header header = stored_header(source);
    statuses[i] = header.status;
    if (header.status != Status::ok) return;
    const std::int64_t start = nanoseconds();
    const Bytes bytes = sources_[source].bytes();
    if (options_.depth == 16) {
      statuses[i] =
          wide::run(bytes, header, pictures[i], options_.decode.strict, slots[i], thread_scratch(), &notes[i]);
    } else {
      const std::optional<cache::Kept>& kept = kept_[source];
      const std::optional<cache::Keeping>& keeping = keeping_[source];
      statuses[i] =
          run({bytes, header, pictures[i], options_.decode, slots[i], thread_scratch(), &notes[i],
               sampled() ? &costs[i].sample : nullptr, kept ? &*kept : nullptr, keeping ? &*keeping : nullptr});
    }
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
