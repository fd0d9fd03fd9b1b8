// Python's door to csrc/core/masks: convert, release the GIL, call.
#include "core/masks.h"

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <vector>

#include "bind/buffers.h"
#include "bind/register.h"
#include "bind/unlocked.h"
#include "bind/workers.h"

namespace py = pybind11;
using namespace py::literals;
using namespace pixfeed;

namespace {

// sizes: width and height of each file; y and x: the places of all masks, one mask after the other.
py::array_t<bool> read_numbers(const py::list& paths, const py::buffer& sizes, const py::buffer& y, const py::buffer& x,
                               const py::buffer& out, std::int64_t fill, const py::buffer& classes, cache::Store* store,
                               const py::bytes& how, bool raw, const py::tuple& workers) {
  const std::vector<std::int32_t> sides = rows<std::int32_t>(sizes.request());
  const std::vector<std::int64_t> all_y = rows<std::int64_t>(y.request()), all_x = rows<std::int64_t>(x.request());
  const py::buffer_info to = out.request(/*writable=*/true);
  if (to.ndim != 3 || (to.itemsize != 8 && to.itemsize != 1) || !PyBuffer_IsContiguous(to.view(), 'C')) {
    throw py::value_error("out must be int64 or uint8 of shape [n, H, W], in one piece");
  }
  const auto n = static_cast<std::size_t>(to.shape[0]), h = static_cast<std::size_t>(to.shape[1]),
             w = static_cast<std::size_t>(to.shape[2]);
  if (paths.size() != n || sides.size() != 2 * n || all_y.size() != n * h || all_x.size() != n * w) {
    throw py::value_error("paths, sizes, y, x and out differ in length");
  }
  std::vector<Mask> masks;
  for (std::size_t i = 0; i < n; ++i) {
    auto path = py::reinterpret_steal<py::bytes>(PyUnicode_EncodeFSDefault(paths[i].ptr()));
    if (!path) throw py::error_already_set();
    masks.push_back({std::string(path), sides[2 * i], sides[2 * i + 1], all_y.data() + i * h, all_x.data() + i * w});
  }
  const MaskSlots slots{to.ptr, static_cast<int>(to.itemsize), static_cast<int>(h), static_cast<int>(w)};
  if (const char* wrong = check_masks(masks, slots)) throw py::value_error(wrong);
  py::array_t<bool> done(static_cast<py::ssize_t>(n));
  auto* const flags = reinterpret_cast<std::uint8_t*>(done.mutable_data());
  const Classes table = rows<std::int64_t>(classes.request());
  const cache::Caching caching{store, std::string(how), raw};
  const Workers who = interruptible(workers);
  bool finished = false;
  {
    const Unlocked unlocked;
    finished = read_masks(masks, slots, fill, table, caching, who, flags);
  }
  if (!finished) throw py::error_already_set();
  return done;
}

}  // namespace

void register_masks(py::module_& m) {
  m.def("read_masks", &read_numbers, "paths"_a, "sizes"_a, "y"_a, "x"_a, "out"_a, "fill"_a, "classes"_a,
        "store"_a.none(true), "how"_a, "raw"_a, "workers"_a);
}
