// Many images on several threads.
#pragma once

#include <cstdint>
#include <functional>

namespace pixfeed {

// Who does the work of a call. Without a priority: the caller, and threads that everybody shares, `threads` in all. With
// a priority the caller only waits, and the threads belong to a crew: however many calls it has, and whatever else runs,
// at most `threads` threads work for it.
struct Workers {
  static constexpr std::int64_t kNoPriority = -1;
  int threads = 1;
  std::int64_t priority = kNoPriority;  // a lower number goes first
  std::int64_t crew = -1;               // a number that the calls of one crew have in common
  // For callers without a priority: asked several times a second, in the caller's thread, between two tasks and while
  // the caller waits. True: nobody wants the result any more. May call parallel_for() itself.
  bool (*interrupted)() = nullptr;
};

// Calls task(0) ... task(n - 1), each once, and returns when all are done.
//
// Calls of a crew with a lower priority number run first and preempt others between two tasks. A thread with nothing
// left to start moves on to the next call. The two calls of one batch have the same priority, so later batches cannot
// get between them.
//
// Threads are started when first needed, kept, and started anew in a forked child. Safe to call from any thread, but
// not from inside a task. Tasks must not throw and must not touch Python.
//
// False if the caller was interrupted: tasks that had not started are left out, and those that had are done.
bool parallel_for(int n, const Workers& workers, const std::function<void(int)>& task);

// The same for tasks that may hang, in a read from a network file system say. The caller runs none of them, unless
// there is only one. If it is interrupted it gives the tasks that have started half a second, and leaves them alone: a
// task owns what it touches.
bool parallel_for_reads(int n, const Workers& workers, std::function<void(int)> task);

// Inside a task: true if nobody wants its result any more. For tasks that wait, which ask several times a second.
bool unwanted();

// Running calls of that priority skip the tasks that have not started yet.
void cancel(std::int64_t priority);

}  // namespace pixfeed
