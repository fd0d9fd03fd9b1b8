// One column of a batch: arrays that can be copied into one, because all are alike and each is in one piece.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <numeric>
#include <vector>

#include "core/dlpack.h"
#include "core/gather.h"

namespace pixfeed {

// One item of a column. `Int` is the type of sizes and strides: std::int64_t in DLPack, Py_ssize_t in NumPy.
template <class Int>
struct ItemView {
  const std::uint8_t* data;
  int ndim;
  const Int* shape;
  const Int* strides;
  Int unit;            // the stride from one element to the next, in what strides are measured in
  std::uint64_t type;  // any number that tells apart the types of elements
};

// Axes of one element may have any stride, unless `every_axis`: some of such strides torch does not take from NumPy.
template <class Int>
bool is_packed(const ItemView<Int>& item, bool every_axis) {
  Int stride = item.unit;
  for (int i = item.ndim - 1; i >= 0; stride *= item.shape[i--]) {
    if (item.strides[i] != stride && (every_axis || item.shape[i] != 1)) return false;
  }
  return true;
}

template <class Int>
bool alike(const ItemView<Int>& a, const ItemView<Int>& b) {
  return a.type == b.type && a.ndim == b.ndim && std::equal(a.shape, a.shape + a.ndim, b.shape);
}

// Collects the items of a column. They are borrowed until gather() is done.
template <class Int>
class Column {
 public:
  Column(std::size_t items, bool every_axis) : every_axis_(every_axis) { sources_.reserve(items); }

  // False if the item is not packed, or not like the first one: the column cannot be gathered then.
  bool add(const ItemView<Int>& item) {
    if (sources_.empty()) first_ = item;
    if (!alike(item, first_) || !is_packed(item, every_axis_)) return false;
    sources_.push_back(item.data);
    return true;
  }

  // How many elements each item has.
  std::size_t elements() const {
    return std::accumulate(first_.shape, first_.shape + first_.ndim, std::size_t{1}, std::multiplies<>());
  }

  // All items, one after the other, to `out`: `each` bytes of every one.
  void gather(std::size_t each, std::uint8_t* out, const Workers& workers) const {
    pixfeed::gather(sources_, each, out, workers);
  }

 private:
  bool every_axis_;
  ItemView<Int> first_{};
  std::vector<const std::uint8_t*> sources_;
};

// A column of tensors in ordinary memory.
class TensorColumn {
 public:
  explicit TensorColumn(std::size_t items) : column_(items, false) {}

  // As Column::add. False for a tensor on another device, too.
  bool add(const dlpack::Tensor& tensor) {
    if (tensor.device != dlpack::kCpu) return false;
    bits_ = std::size_t{tensor.bits} * tensor.lanes;
    const std::uint64_t type = tensor.code | tensor.bits << 8 | std::uint64_t{tensor.lanes} << 16;
    const auto* data = static_cast<const std::uint8_t*>(tensor.data) + tensor.byte_offset;
    return column_.add({data, tensor.ndim, tensor.shape, tensor.strides, 1, type});
  }

  // False if each item does not have `each` bytes.
  bool has(std::size_t each) const { return each * 8 == bits_ * column_.elements(); }
  void gather(std::size_t each, std::uint8_t* out, const Workers& workers) const { column_.gather(each, out, workers); }

 private:
  Column<std::int64_t> column_;
  std::size_t bits_ = 0;  // of an element
};

}  // namespace pixfeed
