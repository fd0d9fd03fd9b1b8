// Python's door to csrc/core/gather: columns of a batch -> one piece of memory. False says that a column is not as plain
// as it has to be; nothing was written then that counts.
#include "bind/collate.h"

#include <pybind11/numpy.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <numeric>
#include <type_traits>
#include <vector>

#include "bind/dlpack.h"
#include "bind/unlocked.h"
#include "core/gather.h"

namespace py = pybind11;
using namespace pybind11::literals;

namespace {

std::uint8_t* at(std::uintptr_t address) { return reinterpret_cast<std::uint8_t*>(address); }

// What DLPack does not tell of a tensor. Names are made once: this is asked of every item.
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

// The tensor's bytes are its values, in order. Axes of one element may have any stride.
bool packed(const dlpack::Tensor& tensor) {
  std::int64_t stride = 1;
  for (std::int32_t i = tensor.ndim - 1; i >= 0; stride *= tensor.shape[i--]) {
    if (tensor.shape[i] != 1 && tensor.strides[i] != stride) return false;
  }
  return true;
}

std::size_t elements(const dlpack::Tensor& tensor) {
  return std::accumulate(tensor.shape, tensor.shape + tensor.ndim, std::size_t{1}, std::multiplies<>());
}

bool alike(const dlpack::Tensor& a, const dlpack::Tensor& b) {
  return a.code == b.code && a.bits == b.bits && a.lanes == b.lanes && a.ndim == b.ndim &&
         std::equal(a.shape, a.shape + a.ndim, b.shape);
}

// Tensors of the first one's type, dtype and shape, all packed, in ordinary memory and without gradients. The tuple
// keeps them alive. `size`: bytes at `out`.
bool gather_tensors(const py::tuple& batch, const py::capsule& exchange, std::uintptr_t out, std::size_t size,
                    int threads) {
  const auto* table = exchange.get_pointer<dlpack::Exchange>();
  if (table->major != dlpack::kMajor || table->describe == nullptr) return false;
  const py::handle type = py::type::handle_of(batch[0]);
  const Questions questions;
  dlpack::Tensor first{}, tensor{};
  std::vector<const std::uint8_t*> sources;
  sources.reserve(batch.size());
  for (py::handle item : batch) {
    if (!py::type::handle_of(item).is(type)) return false;
    if (table->describe(item.ptr(), &tensor) != 0) {  // sparse, nested, on no device
      PyErr_Clear();
      return false;
    }
    if (sources.empty()) first = tensor;
    if (tensor.device != dlpack::kCpu || !alike(tensor, first) || !packed(tensor)) return false;
    if (!questions.plain(item, tensor.code == dlpack::kComplex)) return false;
    sources.push_back(static_cast<const std::uint8_t*>(tensor.data) + tensor.byte_offset);
  }
  const std::size_t each = size / sources.size();
  if (each * 8 != std::size_t{first.bits} * first.lanes * elements(first)) return false;
  const Unlocked unlocked;  // no Python from here on
  pixfeed::gather(sources, each, at(out), threads);
  return true;
}

// NumPy may call an array contiguous whose strides are odd, where an axis has one element; torch refuses some of those.
bool packed(const py::array& array) {
  py::ssize_t stride = array.itemsize();
  for (py::ssize_t i = array.ndim() - 1; i >= 0; stride *= array.shape(i--)) {
    if (array.strides(i) != stride) return false;
  }
  return true;
}

// Arrays that were pickled have dtypes of their own.
bool alike(const py::array& a, const py::array& b) {
  return a.ndim() == b.ndim() && std::equal(a.shape(), a.shape() + a.ndim(), b.shape()) &&
         (a.dtype().is(b.dtype()) || a.dtype().equal(b.dtype()));
}

// Arrays of the first one's type, dtype and shape, all packed. The tuple keeps them alive.
bool gather_arrays(const py::tuple& batch, std::uintptr_t out, int threads) {
  const auto first = py::reinterpret_borrow<py::array>(batch[0]);
  std::vector<const std::uint8_t*> sources;
  sources.reserve(batch.size());
  for (py::handle item : batch) {
    if (!py::type::handle_of(item).is(py::type::handle_of(first))) return false;
    const auto array = py::reinterpret_borrow<py::array>(item);
    if (!alike(array, first) || !packed(array)) return false;
    sources.push_back(static_cast<const std::uint8_t*>(array.data()));
  }
  const Unlocked unlocked;  // no Python from here on
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
  m.def("gather_tensors", &gather_tensors, "batch"_a, "exchange"_a, "out"_a, "size"_a, "threads"_a);
  m.def("gather_arrays", &gather_arrays, "batch"_a, "out"_a, "threads"_a);
  m.def("gather_bools", &numbers<std::uint8_t>, "batch"_a, "out"_a);
  m.def("gather_ints", &numbers<std::int64_t>, "batch"_a, "out"_a);
  m.def("gather_floats", &numbers<double>, "batch"_a, "out"_a);
}
