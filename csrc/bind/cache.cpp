// Python's door to csrc/core/cache: convert, release the GIL, call.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bind/register.h"
#include "bind/unlocked.h"
#include "core/cache/store.h"

namespace py = pybind11;
using namespace py::literals;
using namespace pixfeed;

namespace {

// Never destroyed: a task that hangs may still use it. Python makes one per folder.
cache::Store* open_store(std::string folder, std::int64_t max_bytes, std::int64_t free_bytes, std::size_t first_pages) {
  auto* store = new cache::Store({std::move(folder), {max_bytes, free_bytes}, first_pages});
  std::string why;
  if (!store->open(&why)) {
    PyErr_SetString(PyExc_OSError, why.c_str());
    throw py::error_already_set();
  }
  return store;
}

using KeyNumbers = std::pair<std::uint64_t, std::uint64_t>;
cache::Key to_key(const KeyNumbers& numbers) { return {numbers.first, numbers.second}; }

KeyNumbers key_of(const py::bytes& what, const py::bytes& how) {
  const cache::Key key = cache::key_of(std::string_view(what), std::string_view(how));
  return {key.low, key.high};
}

// A picture [H, W, C], or None.
py::object read_picture(cache::Store& store, const KeyNumbers& key) {
  Buffer scratch;
  std::optional<cache::Found> found;
  const std::uint8_t* rows = nullptr;
  {
    const Unlocked unlocked;
    found = store.find(to_key(key));
    if (found) rows = store.read(*found, 0, found->entry.height, scratch);
  }
  if (rows == nullptr) return py::none();
  return py::array_t<std::uint8_t>(
      std::vector<py::ssize_t>{found->entry.height, found->entry.width, found->entry.channels}, rows);
}

void put_picture(cache::Store& store, const KeyNumbers& key,
                 const py::array_t<std::uint8_t, py::array::c_style>& picture,
                 const std::array<std::int32_t, 4>& source, std::int64_t source_bytes) {
  if (picture.ndim() != 3) throw py::value_error("a picture is [H, W, C]");
  const int width = static_cast<int>(picture.shape(1)), channels = static_cast<int>(picture.shape(2));
  const ImageView view{const_cast<std::uint8_t*>(picture.data()), width, static_cast<int>(picture.shape(0)),
                       std::ptrdiff_t{width} * channels};
  const Unlocked unlocked;
  store.put(
      to_key(key), view, channels,
      {source[0], source[1], source[2], static_cast<Format>(source[3]), Status::ok, InCache::nothing, source_bytes});
}

py::bytes entries(cache::Store& store) {
  std::vector<cache::Entry> all;
  bool complete = false;
  {
    const Unlocked unlocked;
    complete = store.for_each([&all](const cache::Found& found) { all.push_back(found.entry); });
  }
  if (!complete) {
    PyErr_SetString(PyExc_OSError, "an index file is cut off");
    throw py::error_already_set();
  }
  return {reinterpret_cast<const char*>(all.data()), all.size() * sizeof(cache::Entry)};
}

}  // namespace

void register_cache(py::module_& m) {
  py::class_<cache::Store, std::unique_ptr<cache::Store, py::nodelete>>(m, "Store")
      .def(py::init(&open_store), "folder"_a, "max_bytes"_a, "free_bytes"_a, "first_pages"_a)
      .def("read", &read_picture, "key"_a)
      .def("put", &put_picture, "key"_a, "picture"_a, "source"_a, "source_bytes"_a)
      .def("entries", &entries)
      .def("why_stopped", [](cache::Store& store) { return store.why_stopped(); })
      .def("counts", [](cache::Store& store) {
        const cache::Counts counts = store.counts();
        return py::make_tuple(counts.hits, counts.misses, counts.stored, counts.bytes, counts.damaged);
      });
  m.def("key_of", &key_of, "what"_a, "how"_a);
}
