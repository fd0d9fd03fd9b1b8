// Python's door to csrc/core/gather: columns of a batch -> one piece of memory. False says that a column is not as plain
// as it has to be; nothing was written then that counts.
#include "collate.h"

#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "../core/gather.h"

namespace py = pybind11;
using namespace pybind11::literals;

namespace {

std::uint8_t* at(std::uintptr_t address) { return reinterpret_cast<std::uint8_t*>(address); }

void gather(const std::vector<std::uintptr_t>& addresses, std::size_t size, std::uintptr_t out, int threads) {
  std::vector<const std::uint8_t*> sources;
  sources.reserve(addresses.size());
  for (const std::uintptr_t address : addresses) sources.push_back(at(address));
  py::gil_scoped_release unlocked;  // no Python from here on
  pixfeed::gather(sources, size, at(out), threads);
}

// NumPy may call an array contiguous whose strides are odd, where an axis has one element; torch refuses some of those.
bool packed(const py::array& array) {
  py::ssize_t stride = array.itemsize();
  for (py::ssize_t i = array.ndim() - 1; i >= 0; stride *= array.shape(i--)) {
    if (array.strides(i) != stride) return false;
  }
  return true;
}

// Arrays of the first one's type, dtype and shape, all packed. The tuple keeps them alive.
bool gather_arrays(const py::tuple& batch, std::uintptr_t out, int threads) {
  const auto first = py::reinterpret_borrow<py::array>(batch[0]);
  const auto shape = first.shape(), end = shape + first.ndim();
  std::vector<const std::uint8_t*> sources;
  sources.reserve(batch.size());
  for (py::handle item : batch) {
    if (!py::type::handle_of(item).is(py::type::handle_of(first))) return false;
    const auto array = py::reinterpret_borrow<py::array>(item);
    const bool same = array.dtype().is(first.dtype()) && array.ndim() == first.ndim() && std::equal(shape, end, array.shape());
    if (!same || !packed(array)) return false;
    sources.push_back(static_cast<const std::uint8_t*>(array.data()));
  }
  py::gil_scoped_release unlocked;  // no Python from here on
  pixfeed::gather(sources, static_cast<std::size_t>(first.nbytes()), at(out), threads);
  return true;
}

// Python's own numbers: bool to uint8, int to int64, float to float64. False for anything else, and for an int that is
// too large.
template <class T>
bool numbers(const py::tuple& batch, std::uintptr_t out) {
  T* next = reinterpret_cast<T*>(out);
  for (py::handle item : batch) {
    if constexpr (std::is_same_v<T, double>) {
      if (!PyFloat_CheckExact(item.ptr())) return false;
      *next++ = PyFloat_AS_DOUBLE(item.ptr());
    } else if constexpr (std::is_same_v<T, std::int64_t>) {
      int too_large = 0;
      if (!PyLong_CheckExact(item.ptr())) return false;
      *next++ = PyLong_AsLongLongAndOverflow(item.ptr(), &too_large);
      if (too_large != 0) return false;
    } else {
      if (!PyBool_Check(item.ptr())) return false;
      *next++ = item.ptr() == Py_True;
    }
  }
  return true;
}

}  // namespace

void bind_collate(py::module_& m) {
  m.def("gather", &gather, "addresses"_a, "size"_a, "out"_a, "threads"_a);
  m.def("gather_arrays", &gather_arrays, "batch"_a, "out"_a, "threads"_a);
  m.def("gather_bools", &numbers<std::uint8_t>, "batch"_a, "out"_a);
  m.def("gather_ints", &numbers<std::int64_t>, "batch"_a, "out"_a);
  m.def("gather_floats", &numbers<double>, "batch"_a, "out"_a);
}
