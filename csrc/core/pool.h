// Many images on several threads.
#pragma once

#include <cstdint>
#include <functional>

namespace pixfeed {

// Who does the work of a call: at most `threads` threads. Without a priority the caller is one of them. With a priority
// the caller only waits, and all of them belong to the pool. A lower number goes first.
struct Workers {
  static constexpr std::int64_t kNoPriority = -1;  // the caller works itself, and is never preempted
  int threads = 1;
  std::int64_t priority = kNoPriority;
};

// Calls task(0) ... task(n - 1), each once, and returns when all are done.
//
// Calls with a lower priority number run first and preempt others between two tasks. A thread with nothing left to
// start moves on to the next call. The two calls of one batch have the same priority, so later batches cannot get
// between them.
//
// Threads are started when first needed, kept, and started anew in a forked child. Safe to call from any thread, but
// not from inside a task. Tasks must not throw and must not touch Python.
void parallel_for(int n, Workers workers, const std::function<void(int)>& task);

// Running calls of that priority skip the tasks that have not started yet.
void cancel(std::int64_t priority);

}  // namespace pixfeed
