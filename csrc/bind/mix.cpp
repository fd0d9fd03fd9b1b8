// Python's door to csrc/core/mix: convert, release the GIL, call.
#include <pybind11/pybind11.h>

#include <vector>

#include "bind/buffers.h"
#include "bind/register.h"
#include "bind/unlocked.h"
#include "bind/workers.h"
#include "core/mix.h"

namespace py = pybind11;
using namespace py::literals;
using namespace pixfeed;

namespace {

void mix_images(const py::buffer& table, const py::buffer& images, const py::tuple& workers) {
  const py::buffer_info to = images.request(/*writable=*/true);
  const std::vector<Slot> slots = slots_of(to);
  const std::vector<Mix> mixes = rows<Mix>(table.request());
  if (const char* wrong = check_mix(mixes, slots)) throw py::value_error(wrong);
  const Workers who = workers_of(workers);
  const Unlocked unlocked;  // no Python from here on
  pixfeed::mix(mixes, slots, who);
}

}  // namespace

void register_mix(py::module_& m) { m.def("mix", &mix_images, "table"_a, "images"_a, "workers"_a); }
