// The extension pixfeed._native.
#include <pybind11/pybind11.h>

#include "bind/register.h"

namespace py = pybind11;

// Runs without the GIL on free-threaded Python: nothing in this folder is static or kept between calls, and what the
// core keeps is per thread (scratch memory, tables) or behind a lock (the pool, the buffers of files). An Opened
// belongs to one thread at a time, as Python's side has it.
PYBIND11_MODULE(_native, m, py::mod_gil_not_used()) {
  m.doc() = "pixfeed's C++ core. Private: use pixfeed's Python functions.";
  // The interface between the extension and python/pixfeed/backends/native.py, which has the same number. It changes with
  // every function and argument, so that an extension that was built from other sources is noticed.
  m.attr("interface") = 14;
  register_batch(m);
  register_cache(m);
  register_collate(m);
  register_info(m);
  register_list(m);
  register_masks(m);
  register_mix(m);
  register_names(m);
  register_pictures(m);
}
