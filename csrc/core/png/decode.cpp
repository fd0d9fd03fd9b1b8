// A file's data is inflated in one go, as far as it is needed; each row is then finished, converted and handed on while it
// is in cache.
#include "core/png/decode.h"

#include <algorithm>
#include <cstring>

#include "core/buffer_parts.h"
#include "core/png/convert.h"
#include "core/png/deflate.h"
#include "core/png/layout.h"
#include "core/png/samples.h"
#include "core/png/unfilter.h"

namespace pixfeed::png {
namespace {

// More is left to libpng, which needs two rows: a thread keeps its memory. These are 22 megapixels of R G B.
constexpr std::size_t kMostInflated = std::size_t{64} << 20;
constexpr std::size_t kRowSlack = kUnfilterSlack + 4 * kSamplesSlack;

// Filtered rows to finished ones, from the top.
class Rows {
 public:
  // Rows that it needs memory for, each with kRowSlack: the one above the first, the last one, and those that are made.
  static constexpr std::size_t kKept = 2 + PaethRows::kMost;

  Rows(const Layout& layout, const std::uint8_t* filtered, int count, std::uint8_t* memory)
      : next_(filtered), left_(count), size_(layout.row_bytes()), step_(layout.step()), last_(memory), memory_(memory) {
    std::memset(memory, 0, size_ + kRowSlack);  // above the first row
  }

  // The next of `count` rows, until the next call; nullptr if there is no such filter.
  const std::uint8_t* take() {
    if (made_ == given_) {
      made_ = given_ = 0;
      if (*next_ > static_cast<std::uint8_t>(Filter::paeth)) return nullptr;
      make();
    }
    return rows_[given_++];
  }

 private:
  void make() {
    const auto filter = static_cast<Filter>(*next_);
    const std::uint8_t* const above = last_;
    PaethRows paeth;
    const int run = filter == Filter::paeth && step_ <= 4 ? paeth_run() : 1;
    for (int i = 0; i < run; ++i, next_ += 1 + size_, --left_) {
      paeth.filtered[i] = next_ + 1;
      paeth.row[i] = filter == Filter::none ? nullptr : other();
      rows_[made_++] = last_ = filter == Filter::none ? next_ + 1 : paeth.row[i];
    }
    if (run > 1) {
      unfilter_paeth(paeth, run, above, step_, size_);
    } else if (filter != Filter::none) {
      unfilter(filter, paeth.filtered[0], above, step_, size_, paeth.row[0]);
    }
  }

  // How many rows may be made at once: 1, 2 or 4.
  int paeth_run() const {
    int run = 1;
    while (run < std::min(left_, PaethRows::kMost) &&
           next_[static_cast<std::size_t>(run) * (1 + size_)] == static_cast<std::uint8_t>(Filter::paeth)) {
      ++run;
    }
    return run == 3 ? 2 : run;
  }

  // The memory of the row that was made longest ago.
  std::uint8_t* other() {
    turn_ = turn_ + 1 == kKept ? 1 : turn_ + 1;
    return memory_ + turn_ * (size_ + kRowSlack);
  }

  const std::uint8_t* next_;  // its filter
  int left_;                  // rows, from there on
  std::size_t size_;          // bytes of a row
  int step_;
  const std::uint8_t* last_;                    // the last row that was made
  const std::uint8_t* rows_[PaethRows::kMost];  // those that were made
  int made_ = 0, given_ = 0;
  std::uint8_t* memory_;
  std::size_t turn_ = 0;
};

// The rows of `wanted` bytes, filtered, to `out`.
bool inflate(const Layout& layout, std::uint8_t* packed, std::uint8_t* out, std::size_t wanted, std::size_t all) {
  const std::uint8_t* data = layout.first + 8;
  if (!layout.in_one) {
    gather_data(layout, packed);
    data = packed;
  }
  return wanted == all ? inflate_all(data, layout.packed, out, all) : inflate_start(data, layout.packed, out, wanted);
}

}  // namespace

Outcome decode(Bytes file, const Request& request, RowSink& sink, Buffer& memory) {
  Layout layout;
  if (!read_layout(file, request, layout) || !sink.begin(layout.width, layout.height)) return Outcome::declined;
  const Area area = sink.area();
  const int count = request.whole ? layout.height : area.bottom();
  const std::size_t filtered = 1 + layout.row_bytes();
  if (filtered > kMostInflated / static_cast<std::size_t>(layout.height)) return Outcome::declined;
  const std::size_t all = filtered * static_cast<std::size_t>(layout.height);
  std::size_t wanted = filtered * static_cast<std::size_t>(count);
  if (all - wanted <= kInflateSlack) wanted = all;

  BufferParts parts;
  const auto packed = parts.add<std::uint8_t>(layout.in_one ? 0 : layout.packed);
  const auto rows = parts.add<std::uint8_t>(wanted + kInflateSlack);
  const auto kept = parts.add<std::uint8_t>(Rows::kKept * (layout.row_bytes() + kRowSlack));
  const auto converted = parts.add<std::uint8_t>(Converter::memory(layout));
  std::uint8_t* const begin = memory.get(parts.size());
  if (begin == nullptr) return Outcome::declined;
  if (!inflate(layout, packed.in(begin), rows.in(begin), wanted, all)) return Outcome::declined;
  Converter converter;
  converter.start(layout, request.gray, converted.in(begin));
  Rows finished(layout, rows.in(begin), count, kept.in(begin));
  for (int y = 0; y < count; ++y) {
    const std::uint8_t* row = finished.take();
    if (row == nullptr) return Outcome::declined;
    if (!sink.needs(y)) continue;
    sink.put_row(y, converter.convert(row, area.x, area.width));
  }
  return Outcome::done;
}

}  // namespace pixfeed::png
