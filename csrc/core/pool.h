// Many images on several threads.
#pragma once

#include <functional>

namespace pixfeed {

// Calls task(0) ... task(n - 1), each once, on at most `threads` threads of which the caller is one, and returns when
// all are done. Threads are made when first needed, kept, and made anew in a forked child. Safe to call from any
// thread, but not from inside a task. Tasks must not throw and must not touch Python.
void parallel_for(int n, int threads, const std::function<void(int)>& task);

}  // namespace pixfeed
