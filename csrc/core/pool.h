// Many images on several threads.
#pragma once

#include <functional>

namespace pixfeed {

// Who does the work: at most `threads` threads. The caller is one of them, or else it only waits while `threads` threads of
// the pool work: then calls from several threads are served one after the other, the oldest first, and when the oldest has
// no task left to begin with, its threads go on with the next.
struct Crew {
  int threads = 1;
  bool caller_works = true;
};

// Calls task(0) ... task(n - 1), each once, and returns when all are done. Threads are made when first needed, kept, and
// made anew in a forked child. Safe to call from any thread, but not from inside a task. Tasks must not throw and must
// not touch Python.
void parallel_for(int n, Crew crew, const std::function<void(int)>& task);

}  // namespace pixfeed
