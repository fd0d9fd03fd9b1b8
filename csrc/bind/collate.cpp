// Python's door to csrc/core/column: the items of a column -> one piece of memory. A function that gives false has met
// an item that does not fit the others; what was written by then does not count.
#include <pybind11/numpy.h>

#include <cstdint>
#include <type_traits>

#include "bind/register.h"
#include "bind/unlocked.h"
#include "bind/workers.h"
#include "core/column.h"
#include "core/dlpack.h"

namespace py = pybind11;
using namespace pybind11::literals;
using namespace pixfeed;

namespace {

std::uint8_t* at(std::uintptr_t address) { return reinterpret_cast<std::uint8_t*>(address); }

// What DLPack does not tell about a tensor, so Python has to be asked: whether it takes part in autograd, and whether
// its values are negated or conjugated when they are read. The names are made once per column.
struct Questions {
  const py::str requires_grad{"requires_grad"}, is_neg{"is_neg"}, is_conj{"is_conj"};

  static bool no(PyObject* answer) {
    if (answer == nullptr) throw py::error_already_set();
    return py::reinterpret_steal<py::object>(answer).ptr() == Py_False;
  }
  bool plain(py::handle tensor, bool complex) const {
    return no(PyObject_GetAttr(tensor.ptr(), requires_grad.ptr())) &&
           no(PyObject_CallMethodNoArgs(tensor.ptr(), is_neg.ptr())) &&
           (!complex || no(PyObject_CallMethodNoArgs(tensor.ptr(), is_conj.ptr())));
  }
};

// Tensors of one Python type. The tuple keeps them alive. `size`: bytes at `out`.
bool gather_tensors(const py::tuple& batch, const py::capsule& exchange, std::uintptr_t out, std::size_t size,
                    const py::tuple& workers) {
  const auto* table = exchange.get_pointer<dlpack::Exchange>();
  if (table->major != dlpack::kMajor || table->describe == nullptr) return false;
  const py::handle type = py::type::handle_of(batch[0]);
  const Questions questions;
  TensorColumn column(batch.size());
  for (py::handle item : batch) {
    if (!py::type::handle_of(item).is(type)) return false;
    dlpack::Tensor tensor{};
    if (table->describe(item.ptr(), &tensor) != 0) {  // sparse, nested, on no device
      PyErr_Clear();
      return false;
    }
    if (!column.add(tensor) || !questions.plain(item, tensor.code == dlpack::kComplex)) return false;
  }
  const std::size_t each = size / batch.size();
  if (!column.has(each)) return false;
  const Workers who = workers_of(workers);
  const Unlocked unlocked;  // no Python from here on
  column.gather(each, at(out), who);
  return true;
}

// Arrays of one Python type and dtype. The tuple keeps them alive. Whether two dtypes are equal only NumPy knows:
// arrays that were pickled have dtypes of their own.
bool gather_arrays(const py::tuple& batch, std::uintptr_t out, const py::tuple& workers) {
  const auto first = py::reinterpret_borrow<py::array>(batch[0]);
  Column<py::ssize_t> column(batch.size(), /*every_axis=*/true);
  for (py::handle item : batch) {
    if (!py::type::handle_of(item).is(py::type::handle_of(first))) return false;
    const auto array = py::reinterpret_borrow<py::array>(item);
    if (!array.dtype().is(first.dtype()) && !array.dtype().equal(first.dtype())) return false;
    const auto* data = static_cast<const std::uint8_t*>(array.data());
    const int ndim = static_cast<int>(array.ndim());
    if (!column.add({data, ndim, array.shape(), array.strides(), array.itemsize(), 0})) return false;
  }
  const auto each = static_cast<std::size_t>(first.nbytes());
  const Workers who = workers_of(workers);
  const Unlocked unlocked;  // no Python from here on
  column.gather(each, at(out), who);
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

void register_collate(py::module_& m) {
  m.def("gather_tensors", &gather_tensors, "batch"_a, "exchange"_a, "out"_a, "size"_a, "workers"_a);
  m.def("gather_arrays", &gather_arrays, "batch"_a, "out"_a, "workers"_a);
  m.def("gather_bools", &numbers<std::uint8_t>, "batch"_a, "out"_a);
  m.def("gather_ints", &numbers<std::int64_t>, "batch"_a, "out"_a);
  m.def("gather_floats", &numbers<double>, "batch"_a, "out"_a);
}
