// Many images on several threads.
#pragma once

#include <cstdint>
#include <functional>

namespace pixfeed {

// Who does the work: at most `threads` threads. The caller is one of them, unless it has a priority: then it only waits while
// `threads` threads of the pool work.
struct Workers {
  static constexpr std::int64_t kNoPriority = -1;  // the caller works as well, and waits for nobody
  int threads = 1;
  std::int64_t priority = kNoPriority;
};

// Calls task(0) ... task(n - 1), each once, and returns when all are done. Of several calls the one with the lowest priority
// goes first, even if it comes last: threads of the pool leave another one's tasks for it, between two of them. When it has
// no task left to begin with, they go on with the next. So a batch that takes two calls, of the same priority, is not kept
// waiting between them by the batches behind it. Threads are made when first needed, kept, and
// made anew in a forked child. Safe to call from any thread, but not from inside a task. Tasks must not throw and must
// not touch Python.
void parallel_for(int n, Workers workers, const std::function<void(int)>& task);

// Calls of that priority that are under way leave out the tasks that they have not begun with.
void cancel(std::int64_t priority);

}  // namespace pixfeed
