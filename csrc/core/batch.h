// Many pictures in two steps, as Python's backend has them: open, decode_into.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/cache/pixels.h"
#include "core/costs.h"
#include "core/decode.h"
#include "core/header.h"
#include "core/image_view.h"
#include "core/plan.h"
#include "core/pool.h"
#include "core/probe.h"
#include "core/source.h"

namespace pixfeed {

// What is to be opened: a file by its path, or bytes that the caller keeps alive as long as the Batch.
struct Input {
  std::string path;
  Bytes bytes;
  bool is_path = true;
  std::string more;  // options of this picture alone, for the key of a cache
};

struct OpenOptions {
  ProbeOptions probe;
  DecodeOptions decode;
  cache::Caching caching;
  int depth = 8;  // 16: pictures of 16 bits a sample are read, and no others; see wide/run.h
};

// A batch of sources, read and probed. Decoding one batch from two threads at a time is not allowed.
class Batch {
 public:
  explicit Batch(const OpenOptions& options) : options_(options) {}

  // Reads and probes. A source that fails has its status in its header; the others are opened. False if the caller was
  // interrupted: the batch is of no use then, and a task may still look at borrowed bytes.
  bool open(std::vector<Input> inputs, const Workers& workers);

  const std::vector<Header>& headers() const { return headers_; }
  int depth() const { return options_.depth; }
  // The codec's or the operating system's own words on what is wrong with source `i`; often empty.
  const std::string& note(int i) const { return notes_[static_cast<std::size_t>(i)]; }
  // Source `i`, as long as the batch is there; empty if nobody here decodes it and no cache had it.
  Bytes bytes(int i) const { return sources_[static_cast<std::size_t>(i)].bytes(); }

  // What was spent on this batch so far.
  const Costs& costs() const { return costs_; }

  // nullptr, or what is wrong with the plans of pictures: a programming error. Those of sources that failed are not
  // looked at.
  const char* check_plans(const std::vector<PlanRows>& pictures, const std::vector<Slot>& slots) const;

  // Carries out pictures[i] into slots[i]; statuses[i] says how it went. False if the caller was interrupted.
  bool decode_into(const std::vector<PlanRows>& pictures, const std::vector<Slot>& slots, const Workers& workers,
                   Status* statuses);

 private:
  // What the plan's rows begin with: for a picture out of the cache, what it holds of it.
  Header stored_header(std::size_t source) const;

  std::vector<Source> sources_;
  std::vector<Header> headers_;
  std::vector<std::string> notes_;
  std::vector<std::optional<cache::Kept>> kept_;        // of those that the cache has
  std::vector<std::optional<cache::Keeping>> keeping_;  // of those that it may get
  OpenOptions options_;
  Costs costs_;
};

// The same for pictures that are decoded already, which are the sources then.
const char* check_plans(const std::vector<ImageView>& sources, const std::vector<PlanRows>& pictures,
                        const std::vector<Slot>& slots);
bool resample_into(const std::vector<ImageView>& sources, const std::vector<PlanRows>& pictures,
                   const std::vector<Slot>& slots, const Workers& workers, Status* statuses);

}  // namespace pixfeed
