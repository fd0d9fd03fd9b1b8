// Python's door to csrc/core/list: convert, release the GIL, call.
#include <pybind11/numpy.h>

#include <pybind11/stl.h>

#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bind/register.h"
#include "bind/unlocked.h"
#include "core/list.h"

namespace py = pybind11;
using namespace py::literals;
using namespace pixfeed;

namespace {

LabelType label_type(const py::dtype& dtype) {
  if (dtype.kind() == 'i' && dtype.itemsize() == 8) return LabelType::int64;
  if (dtype.kind() == 'f' && dtype.itemsize() == 4) return LabelType::float32;
  if (dtype.kind() == 'f' && dtype.itemsize() == 8) return LabelType::float64;
  throw py::value_error("labels may be int64, float32 or float64");
}

py::tuple as_tuple(const ListProblem& problem) {
  return py::make_tuple(static_cast<int>(problem.fault), problem.line, problem.begin, problem.end, problem.labels,
                        problem.first_line, problem.first_labels);
}

// The bytes from `begin` to `end`. int: a file's descriptor. Anything else: a contiguous buffer.
struct Source {
  Source(const py::object& source, std::int64_t begin, std::int64_t end, int roi_columns) {
    if (py::isinstance<py::int_>(source)) {
      list.file = source.cast<int>();
    } else {
      owner = py::reinterpret_borrow<py::buffer>(source).request();
      if (!PyBuffer_IsContiguous(owner->view(), 'C')) throw py::value_error("the buffer is not contiguous");
      const auto size = owner->size * owner->itemsize;
      list.memory = {static_cast<const std::uint8_t*>(owner->ptr), static_cast<std::size_t>(size)};
      if (end > size) throw py::value_error("the list ends after its buffer");
    }
    if (begin < 0 || begin > end || roi_columns < 0) throw py::value_error("a list cannot have a negative size");
  }
  ListSource list;
  std::optional<py::buffer_info> owner;
};

py::tuple collect_words(const py::object& source, std::int64_t begin, std::int64_t end, int delimiter, int roi_columns,
                        int threads) {
  const Source from(source, begin, end, roi_columns);
  List list(from.list, {static_cast<char>(delimiter), roi_columns}, begin, end, 1);
  ListProblem problem;
  std::vector<std::string> words;
  {
    const Unlocked unlocked;
    problem = list.collect(threads, &words);
  }
  py::list found;
  for (const std::string& word : words) found.append(py::bytes(word));
  return py::make_tuple(static_cast<int>(problem.fault), found);
}

py::tuple parse_list(const py::object& source, std::int64_t begin, std::int64_t end, std::int64_t first_line,
                     int delimiter, int roi_columns, const std::optional<py::dtype>& label_dtype, int threads,
                     const std::optional<std::map<std::string, std::int64_t>>& words) {
  const Source from(source, begin, end, roi_columns);
  Words known;
  ListFormat format{static_cast<char>(delimiter), roi_columns};
  format.labels = label_dtype ? label_type(*label_dtype) : LabelType::none;
  if (words) {
    for (const auto& [word, number] : *words) known.add(word, number);
    format.labels = LabelType::words;
    format.words = &known;
  }
  List list(from.list, format, begin, end, first_line);
  ListProblem problem;
  {
    const Unlocked unlocked;
    problem = list.scan(threads);
  }
  ListTables tables;
  tables.wide = end > std::numeric_limits<std::uint32_t>::max();
  const py::ssize_t n = problem.fault == ListFault::none ? list.samples() : 0;
  const py::ssize_t strides = (n + ListTables::kStride - 1) / ListTables::kStride;
  py::array offsets(py::dtype(tables.wide ? "int64" : "uint32"), n + 1);
  py::array_t<std::int64_t> rois({n, static_cast<py::ssize_t>(roi_columns)}), lines(strides + 1);
  py::array labels(label_dtype.value_or(py::dtype::of<std::int64_t>()), {n, static_cast<py::ssize_t>(list.labels())});
  tables.offsets = offsets.mutable_data();
  tables.rois = rois.mutable_data();
  tables.labels = labels.mutable_data();
  tables.lines = lines.mutable_data();
  if (n > 0) {
    const Unlocked unlocked;
    problem = list.parse(tables, threads);
  }
  return py::make_tuple(as_tuple(problem), offsets, rois, labels, lines);
}

}  // namespace

void register_list(py::module_& m) {
  m.def("parse_list", &parse_list, "source"_a, "begin"_a, "end"_a, "first_line"_a, "delimiter"_a, "roi_columns"_a,
        "label_dtype"_a, "threads"_a, "words"_a);
  m.def("collect_words", &collect_words, "source"_a, "begin"_a, "end"_a, "delimiter"_a, "roi_columns"_a, "threads"_a);
}
