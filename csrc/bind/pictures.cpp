// Python's door to csrc/core/pictures: convert, release the GIL, call.
#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <array>
#include <vector>

#include "bind/buffers.h"
#include "bind/register.h"
#include "bind/unlocked.h"
#include "bind/workers.h"
#include "core/pictures.h"

namespace py = pybind11;
using namespace py::literals;
using namespace pixfeed;

namespace {

void write_from_set(const py::buffer& pictures, const py::buffer& row_table, const py::buffer& out,
                    const std::array<float, 3>& mean, const std::array<float, 3>& std, const py::tuple& workers) {
  const py::buffer_info from = pictures.request();
  if (from.ndim != 4 || from.format != "B") throw py::value_error("pictures must be uint8 of shape [N, C, H, W]");
  const Pictures all{static_cast<const std::uint8_t*>(from.ptr),
                     from.shape[0],
                     static_cast<int>(from.shape[1]),
                     static_cast<int>(from.shape[2]),
                     static_cast<int>(from.shape[3]),
                     from.strides[0],
                     from.strides[1],
                     from.strides[2],
                     from.strides[3]};
  const py::buffer_info to = out.request(/*writable=*/true);
  const std::vector<Slot> slots = slots_of(to);
  const std::vector<std::int64_t> which = rows<std::int64_t>(row_table.request());
  if (const char* wrong = check_write(all, which, slots, mean.data(), std.data())) throw py::value_error(wrong);
  const Workers who = workers_of(workers);
  const Unlocked unlocked;  // no Python from here on
  pixfeed::write_pictures(all, which, slots, mean.data(), std.data(), who);
}

}  // namespace

void register_pictures(py::module_& m) {
  m.def("write_pictures", &write_from_set, "pictures"_a, "rows"_a, "out"_a, "mean"_a, "std"_a, "workers"_a);
}
