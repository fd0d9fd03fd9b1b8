// Converts some pictures of a set in memory, several in each task of the pool.
#include "core/pictures.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/value_table.h"

namespace pixfeed {
namespace {

// What one task converts, in values: waking a thread costs some microseconds, this about forty.
constexpr std::int64_t kPiece = std::int64_t{128} << 10;

void copy(const std::uint8_t* in, std::ptrdiff_t in_step, std::ptrdiff_t n, std::uint8_t* out,
          std::ptrdiff_t out_step) {
  if (in_step == 1 && out_step == 1) {
    std::memcpy(out, in, static_cast<std::size_t>(n));
  } else {
    for (std::ptrdiff_t i = 0; i < n; ++i) out[i * out_step] = in[i * in_step];
  }
}

// Calls run(c, in, n, out) for rows of values, or for whole planes where they lie in one piece.
template <class Run>
void for_runs(const Pictures& pictures, const std::uint8_t* from, const Slot& slot, Run run) {
  const bool plane =
      pictures.stride_y == pictures.width * pictures.stride_x && slot.stride_y == slot.width * slot.stride_x;
  const int rows = plane ? 1 : slot.height;
  const std::ptrdiff_t n = std::ptrdiff_t{slot.width} * (plane ? slot.height : 1);
  for (int y = 0; y < rows; ++y) {
    for (int c = 0; c < slot.channels; ++c) {
      run(c, from + c * pictures.stride_c + y * pictures.stride_y, n,
          slot.data + c * slot.stride_c + y * slot.stride_y);
    }
  }
}

template <class Convert>
void for_pictures(const Pictures& pictures, const std::vector<std::int64_t>& rows, const std::vector<Slot>& slots,
                  const Workers& workers, Convert convert) {
  const std::int64_t values = std::int64_t{pictures.channels} * pictures.height * pictures.width;
  const std::size_t n = rows.size();
  const std::size_t each =
      static_cast<std::size_t>(std::max<std::int64_t>(1, kPiece / std::max<std::int64_t>(1, values)));
  parallel_for(static_cast<int>((n + each - 1) / each), workers, [&](int task) {
    const std::size_t begin = static_cast<std::size_t>(task) * each, end = std::min(n, begin + each);
    for (std::size_t i = begin; i < end; ++i) {
      const Slot& slot = slots[i];
      for_runs(pictures, pictures.data + rows[i] * pictures.stride_n, slot,
               [&](int c, const std::uint8_t* in, std::ptrdiff_t count, std::uint8_t* out) {
                 convert(c, in, pictures.stride_x, count, out, slot.stride_x);
               });
    }
  });
}

template <class T>
void write_as(const Pictures& pictures, const std::vector<std::int64_t>& rows, const std::vector<Slot>& slots,
              const float* mean, const float* std, const Workers& workers) {
  ValueTable<T> table;
  table.fill(slots[0].dtype, mean, std, pictures.channels);
  for_pictures(pictures, rows, slots, workers, [&table](auto... run) { table.convert(run...); });
}

}  // namespace

const char* check_write(const Pictures& pictures, const std::vector<std::int64_t>& rows, const std::vector<Slot>& slots,
                        const float* mean, const float* std) {
  if (rows.size() != slots.size()) return "rows and out differ in length";
  for (const std::int64_t row : rows) {
    if (row < 0 || row >= pictures.n) return "there is no such picture";
  }
  for (const Slot& slot : slots) {
    if (slot.channels != pictures.channels || slot.height != pictures.height || slot.width != pictures.width) {
      return "pictures and out differ in shape";
    }
  }
  for (int c = 0; c < pictures.channels; ++c) {
    if (!std::isfinite(mean[c]) || !std::isfinite(std[c]) || std[c] == 0) return "unusable mean or std";
  }
  return nullptr;
}

void write_pictures(const Pictures& pictures, const std::vector<std::int64_t>& rows, const std::vector<Slot>& slots,
                    const float* mean, const float* std, const Workers& workers) {
  if (slots.empty()) return;
  switch (slots[0].dtype) {
    case DType::uint8:
      for_pictures(pictures, rows, slots, workers, [](int, auto... run) { copy(run...); });
      break;
    case DType::float32:
      write_as<float>(pictures, rows, slots, mean, std, workers);
      break;
    case DType::float16:
    case DType::bfloat16:
      write_as<std::uint16_t>(pictures, rows, slots, mean, std, workers);
      break;
    case DType::uint16:
      break;  // bind/buffers.h makes no such slots of these
  }
}

}  // namespace pixfeed
