// What was built: codecs, SIMD target, the layout of the tables that Python shares.
#include <hwy/highway.h>
#include <hwy/targets.h>
#include <pybind11/pybind11.h>

#include <cstddef>

#include "bind/columns.h"
#include "bind/register.h"
#include "core/cache/checksum.h"
#include "core/decode.h"

namespace py = pybind11;
using namespace py::literals;

namespace {

#define PIXFEED_TEXT_(x) #x
#define PIXFEED_TEXT(x) PIXFEED_TEXT_(x)
constexpr char kHighway[] = "Highway " PIXFEED_TEXT(HWY_MAJOR) "." PIXFEED_TEXT(HWY_MINOR) "." PIXFEED_TEXT(HWY_PATCH);

py::dict codecs() {
  return py::dict("jpeg"_a = pixfeed::jpeg_version(), "png"_a = pixfeed::png_version(),
                  "zlib"_a = pixfeed::inflate_version(), "webp"_a = pixfeed::webp_version(), "highway"_a = kHighway,
                  "checksums"_a = pixfeed::cache::checksum_version());
}

const char* simd_target() {
  return hwy::TargetName(hwy::SupportedAndGeneratedTargets().front());  // the best comes first
}

template <std::size_t n>
py::dict offsets(const Column (&columns)[n], std::size_t itemsize) {
  py::dict result("itemsize"_a = itemsize);
  for (const Column& column : columns) result[column.name] = column.offset;
  return result;
}

py::dict struct_offsets() {
  return py::dict("Header"_a = offsets(kHeaderColumns, sizeof(pixfeed::Header)),
                  "Plan"_a = offsets(kPlanColumns, sizeof(pixfeed::Plan)),
                  "Step"_a = offsets(kStepColumns, sizeof(pixfeed::Step)));
}

}  // namespace

void register_info(py::module_& m) {
  m.def("codecs", &codecs);
  m.def("simd_target", &simd_target);
  m.def("struct_offsets", &struct_offsets);
}
