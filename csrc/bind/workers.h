// Who works on a call, as Python says it; and the question whether a signal has ended it.
#pragma once

#include <pybind11/pybind11.h>

#include "bind/unlocked.h"
#include "core/pool.h"

// Whether a signal handler of Python's has raised an exception, which is set then. For a thread without the GIL.
inline bool interrupted() {
  const Relocked relocked;
  return PyErr_CheckSignals() != 0;
}

// (threads, priority, crew), as pixfeed.context.workers() gives them.
inline pixfeed::Workers workers_of(const pybind11::tuple& who) {
  return {who[0].cast<int>(), who[1].cast<std::int64_t>(), who[2].cast<std::int64_t>()};
}

// The same for calls that may take long: signals interrupt a caller without a priority. The others are threads.
inline pixfeed::Workers interruptible(const pybind11::tuple& who) {
  pixfeed::Workers workers = workers_of(who);
  if (workers.priority == pixfeed::Workers::kNoPriority) workers.interrupted = &interrupted;
  return workers;
}
