// read_names: paths of some lines of a list file.
#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <optional>
#include <string>
#include <vector>

#include "bind/register.h"
#include "bind/unlocked.h"
#include "core/list_names.h"

namespace py = pybind11;
using namespace py::literals;

namespace {

// `source`: an int is a file's descriptor, anything else a contiguous buffer. `delimiter`: a character's number, 0 for
// blanks, below 0 if the bytes are nothing but the name. None if the source is too short.
py::object read_names(const py::object& source, const std::vector<std::int64_t>& begins,
                      const std::vector<std::int64_t>& ends, int delimiter, const py::str& folder) {
  pixfeed::ListSource from;
  std::optional<py::buffer_info> owner;
  if (py::isinstance<py::int_>(source)) {
    from.file = source.cast<int>();
  } else {
    owner = py::reinterpret_borrow<py::buffer>(source).request();
    if (!PyBuffer_IsContiguous(owner->view(), 'C')) throw py::value_error("the buffer is not contiguous");
    from.memory = {static_cast<const std::uint8_t*>(owner->ptr),
                   static_cast<std::size_t>(owner->size * owner->itemsize)};
  }
  if (begins.size() != ends.size()) throw py::value_error("begins and ends differ in length");
  const auto encoded = py::reinterpret_steal<py::bytes>(PyUnicode_EncodeFSDefault(folder.ptr()));
  if (!encoded) throw py::error_already_set();
  const std::string prefix = encoded;
  std::vector<std::string> paths;
  bool whole = false;
  {
    const Unlocked unlocked;  // no Python in here
    whole = pixfeed::read_names(from, begins, ends, {delimiter < 0, static_cast<char>(std::max(delimiter, 0))}, prefix,
                                paths);
  }
  if (!whole) return py::none();
  py::list result(paths.size());
  for (std::size_t i = 0; i < paths.size(); ++i) {
    PyObject* path = PyUnicode_DecodeFSDefaultAndSize(paths[i].data(), static_cast<py::ssize_t>(paths[i].size()));
    if (path == nullptr) throw py::error_already_set();
    result[i] = py::reinterpret_steal<py::object>(path);
  }
  return result;
}

}  // namespace

void register_names(py::module_& m) {
  m.def("read_names", &read_names, "source"_a, "begins"_a, "ends"_a, "delimiter"_a, "folder"_a);
}
