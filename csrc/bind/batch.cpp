// Python's door to csrc/core/batch and run: convert, release the GIL, call.
#include "core/batch.h"

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <memory>
#include <string>
#include <vector>

#include "bind/buffers.h"
#include "bind/plans.h"
#include "bind/register.h"
#include "bind/unlocked.h"
#include "bind/workers.h"

namespace py = pybind11;
using namespace py::literals;
using namespace pixfeed;

namespace {

// A batch, and the views that keep alive the Python objects whose bytes it borrows.
struct Opened {
  std::vector<py::buffer_info> owners;
  std::unique_ptr<Batch> batch;
};

// str: a path. Anything else: a contiguous buffer, kept alive through `owners`.
Input to_input(py::handle source, std::vector<py::buffer_info>& owners) {
  if (py::isinstance<py::str>(source)) {
    auto path = py::reinterpret_steal<py::bytes>(PyUnicode_EncodeFSDefault(source.ptr()));
    if (!path) throw py::error_already_set();
    return {std::string(path), {}, true};
  }
  auto view = py::reinterpret_borrow<py::buffer>(source).request();
  if (!PyBuffer_IsContiguous(view.view(), 'C')) throw py::value_error("the buffer is not contiguous");
  const Bytes bytes{static_cast<const std::uint8_t*>(view.ptr), static_cast<std::size_t>(view.size * view.itemsize)};
  owners.push_back(std::move(view));
  return {{}, bytes, false};
}

std::unique_ptr<Opened> open_sources(const py::list& sources, bool strict, bool turbo, bool libpng, bool defer,
                                     bool ignore_orientation, std::int64_t max_pixels, double min_recovered, int depth,
                                     cache::Store* store, const py::bytes& how, bool raw, const py::list& more,
                                     const py::tuple& workers) {
  auto opened = std::make_unique<Opened>();
  std::vector<Input> inputs;
  inputs.reserve(sources.size());
  for (py::handle source : sources) inputs.push_back(to_input(source, opened->owners));
  if (!more.empty() && more.size() != inputs.size()) throw py::value_error("sources and more differ in length");
  for (std::size_t i = 0; i < more.size(); ++i) inputs[i].more = more[i].cast<std::string>();
  const OpenOptions options{{max_pixels, ignore_orientation},
                            {strict, turbo, libpng, min_recovered, defer},
                            {store, std::string(how), raw},
                            depth};
  const Workers who = interruptible(workers);
  opened->batch = std::make_unique<Batch>(options);
  bool done = false;
  {
    const Unlocked unlocked;
    done = opened->batch->open(std::move(inputs), who);
  }
  if (!done) {
    new std::vector(std::move(opened->owners));  // never freed: a task may still read the bytes
    throw py::error_already_set();
  }
  return opened;
}

py::array_t<std::int32_t> decode_into(Opened& opened, const py::buffer& plan_table, const py::object& step_table,
                                      const py::buffer& out, const py::tuple& workers) {
  const Plans plans(plan_table, step_table);
  const std::vector<PlanRows>& pictures = plans.pictures;
  const std::vector<Slot> slots = slots_of(out.request(/*writable=*/true), opened.batch->depth());
  if (const char* wrong = opened.batch->check_plans(pictures, slots)) throw py::value_error(wrong);
  py::array_t<std::int32_t> statuses(static_cast<py::ssize_t>(pictures.size()));
  Status* status_rows = reinterpret_cast<Status*>(statuses.mutable_data());
  const Workers who = interruptible(workers);
  bool done = false;
  {
    const Unlocked unlocked;
    done = opened.batch->decode_into(pictures, slots, who, status_rows);
  }
  if (!done) throw py::error_already_set();
  return statuses;
}

// Plans on pictures that are decoded already.
py::array_t<std::int32_t> resample(const py::list& images, const py::buffer& plan_table, const py::object& step_table,
                                   const py::buffer& out, const py::tuple& workers) {
  std::vector<py::buffer_info> owners;
  std::vector<ImageView> sources;
  for (py::handle image : images) {
    owners.push_back(py::reinterpret_borrow<py::buffer>(image).request());
    sources.push_back(view_of(owners.back()));
  }
  const Plans plans(plan_table, step_table);
  const std::vector<PlanRows>& pictures = plans.pictures;
  const std::vector<Slot> slots = slots_of(out.request(/*writable=*/true));
  if (const char* wrong = check_plans(sources, pictures, slots)) throw py::value_error(wrong);
  py::array_t<std::int32_t> statuses(static_cast<py::ssize_t>(pictures.size()));
  Status* status_rows = reinterpret_cast<Status*>(statuses.mutable_data());
  const Workers who = interruptible(workers);
  bool done = false;
  {
    const Unlocked unlocked;
    done = resample_into(sources, pictures, slots, who, status_rows);
  }
  if (!done) throw py::error_already_set();
  return statuses;
}

// A copy: the rows are 40 bytes each.
py::array headers(const Opened& opened, const py::dtype& dtype) {
  const std::vector<Header>& all = opened.batch->headers();
  if (dtype.itemsize() != sizeof(Header)) throw py::value_error("HEADER and struct Header differ");
  return py::array(dtype, {static_cast<py::ssize_t>(all.size())}, {sizeof(Header)}, all.data());
}

// The numbers of struct Costs, in its order.
py::tuple costs(const Opened& opened) {
  const Costs& spent = opened.batch->costs();
  return py::make_tuple(spent.bytes, spent.reading, spent.running, spent.sample.decoding, spent.sample.resizing,
                        spent.sample.writing);
}

}  // namespace

void register_batch(py::module_& m) {
  py::class_<Opened>(m, "Opened")
      .def("headers", &headers, "dtype"_a)
      .def(
          "note", [](const Opened& opened, int i) { return py::bytes(opened.batch->note(i)); }, "i"_a)
      .def(
          "bytes",
          [](const Opened& opened, int i) {
            const Bytes bytes = opened.batch->bytes(i);
            return py::bytes(reinterpret_cast<const char*>(bytes.data), bytes.size);
          },
          "i"_a)
      .def("costs", &costs)
      .def("decode_into", &decode_into, "plans"_a, "steps"_a, "out"_a, "workers"_a);
  m.def("open", &open_sources, "sources"_a, "strict"_a, "turbo"_a, "libpng"_a, "defer"_a, "ignore_orientation"_a,
        "max_pixels"_a, "min_recovered"_a, "depth"_a, "store"_a.none(true), "how"_a, "raw"_a, "more"_a, "workers"_a);
  m.def("resample", &resample, "pictures"_a, "plans"_a, "steps"_a, "out"_a, "workers"_a);
  m.def("cancel", &cancel, "priority"_a);
}
