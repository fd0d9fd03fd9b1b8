// Inflating, and undoing filters of as many rows at once as there are with the same one.
#include "core/png/rows.h"

#include <algorithm>
#include <cstring>

#include "core/buffer_parts.h"
#include "core/png/deflate.h"

namespace pixfeed::png {
namespace {

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

bool Rows::start(const Layout& layout, int count, std::size_t more, Buffer& memory) {
  size_ = layout.row_bytes();
  step_ = layout.step();
  left_ = count;
  const std::size_t filtered = 1 + size_;
  if (filtered > kMostInflated / static_cast<std::size_t>(layout.height)) return false;
  const std::size_t all = filtered * static_cast<std::size_t>(layout.height);
  std::size_t wanted = filtered * static_cast<std::size_t>(count);
  if (all - wanted <= kInflateSlack) wanted = all;

  BufferParts parts;
  const auto packed = parts.add<std::uint8_t>(layout.in_one ? 0 : layout.packed);
  const auto rows = parts.add<std::uint8_t>(wanted + kInflateSlack);
  const auto kept = parts.add<std::uint8_t>(kKept * (size_ + kSlack));
  const auto others = parts.add<std::uint8_t>(more);
  std::uint8_t* const begin = memory.get(parts.size());
  if (begin == nullptr || !inflate(layout, packed.in(begin), rows.in(begin), wanted, all)) return false;
  next_ = rows.in(begin);
  last_ = memory_ = kept.in(begin);
  more_ = others.in(begin);
  made_ = given_ = 0;
  turn_ = 0;
  std::memset(memory_, 0, size_ + kSlack);  // above the first row
  return true;
}

const std::uint8_t* Rows::take() {
  if (made_ == given_) {
    made_ = given_ = 0;
    if (*next_ > static_cast<std::uint8_t>(Filter::paeth)) return nullptr;
    make();
  }
  return rows_[given_++];
}

void Rows::make() {
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
int Rows::paeth_run() const {
  int run = 1;
  while (run < std::min(left_, PaethRows::kMost) &&
         next_[static_cast<std::size_t>(run) * (1 + size_)] == static_cast<std::uint8_t>(Filter::paeth)) {
    ++run;
  }
  return run == 3 ? 2 : run;
}

// The memory of the row that was made longest ago.
std::uint8_t* Rows::other() {
  turn_ = turn_ + 1 == kKept ? 1 : turn_ + 1;
  return memory_ + turn_ * (size_ + kSlack);
}

}  // namespace pixfeed::png
