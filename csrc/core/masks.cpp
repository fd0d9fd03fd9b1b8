// Reading masks on the pool.
#include "core/masks.h"

#include <algorithm>
#include <optional>
#include <string>

#include "core/png/numbers.h"
#include "core/scratch.h"
#include "core/source.h"

namespace pixfeed {
namespace {

bool lie_within(const std::int64_t* places, int n, int size) {
  return std::all_of(places, places + n, [size](std::int64_t place) { return place >= -1 && place < size; });
}

bool all_known(const png::Numbers& numbers, const Classes& classes) {
  if (classes.empty()) return true;
  for (std::int64_t y = 0; y < numbers.height; ++y) {
    for (std::int64_t x = 0; x < numbers.width; ++x) {
      const auto number = static_cast<std::size_t>(numbers.at(y, x));
      if (number >= classes.size() || classes[number] == kUnknown) return false;
    }
  }
  return true;
}

// The pixels of a mask that the slot shows.
template <class T>
void show(const png::Numbers& numbers, const Mask& mask, const MaskSlots& slots, std::int64_t fill,
          const Classes& classes, T* out) {
  for (int i = 0; i < slots.rows; ++i, out += slots.columns) {
    if (mask.y[i] < 0) {
      std::fill_n(out, slots.columns, static_cast<T>(fill));
      continue;
    }
    for (int j = 0; j < slots.columns; ++j) {
      std::int64_t number = mask.x[j] < 0 ? fill : numbers.at(mask.y[i], mask.x[j]);
      if (!classes.empty() && mask.x[j] >= 0) number = classes[static_cast<std::size_t>(number)];
      out[j] = static_cast<T>(number);
    }
  }
}

bool take_numbers(const cache::Found& found, cache::Store& store, const Mask& mask, Buffer& memory,
                  png::Numbers& numbers) {
  const cache::Entry& entry = found.entry;
  if (entry.width != mask.width || entry.height != mask.height || entry.channels > 2) return false;
  numbers = {entry.width, entry.height, entry.channels, store.read(found, 0, entry.height, memory)};
  return numbers.data != nullptr;
}

// The numbers of a file, which are in `source` or `memory`. With a cache, they or the file's bytes come from there, or go
// there.
bool get_numbers(const Mask& mask, const cache::Caching& caching, Source& source, Buffer& memory,
                 png::Numbers& numbers) {
  cache::Store* const store = caching.store;
  const std::optional<files::Stamp> stamp = store == nullptr ? std::nullopt : files::stamp_of(mask.path);
  cache::Key key;
  if (stamp) {
    key = cache::key_of_file(mask.path, *stamp, "", caching.how);
    if (const std::optional<cache::Found> found = store->find(key)) {
      const auto bytes = [&](Buffer& buffer) { return store->read(*found, 0, found->entry.height, buffer); };
      if (!caching.raw && take_numbers(*found, *store, mask, memory, numbers)) return true;
      if (caching.raw && source.load(found->entry.bytes(), bytes)) {
        return png::read_numbers(source.bytes(), mask.width, mask.height, memory, numbers);
      }
    }
  }
  std::string note;
  if (source.read(mask.path, &note) != Status::ok) return false;
  const bool is_read = png::read_numbers(source.bytes(), mask.width, mask.height, memory, numbers);
  if (!stamp || files::stamp_of(mask.path) != stamp || files::may_change_unseen(*stamp)) return is_read;
  Header header{};
  header.width = mask.width;
  header.height = mask.height;
  header.orientation = 1;
  header.bytes = static_cast<std::int64_t>(source.bytes().size);
  if (caching.raw) {
    cache::put_bytes(*store, key, source.bytes(), header);
  } else if (is_read) {
    const std::ptrdiff_t row = std::ptrdiff_t{numbers.width} * numbers.bytes;
    store->put(key, {const_cast<std::uint8_t*>(numbers.data), numbers.width, numbers.height, row}, numbers.bytes,
               header);
  }
  return is_read;
}

}  // namespace

const char* check_masks(const std::vector<Mask>& masks, const MaskSlots& slots) {
  for (const Mask& mask : masks) {
    if (!lie_within(mask.y, slots.rows, mask.height) || !lie_within(mask.x, slots.columns, mask.width)) {
      return "a mask has no such pixels";
    }
  }
  return nullptr;
}

bool read_masks(const std::vector<Mask>& masks, const MaskSlots& slots, std::int64_t fill, const Classes& classes,
                const cache::Caching& caching, const Workers& workers, std::uint8_t* done) {
  return parallel_for(static_cast<int>(masks.size()), workers, [&](int index) {
    static thread_local Buffer memory;
    const auto i = static_cast<std::size_t>(index);
    Source source;
    png::Numbers numbers{};
    done[i] = 0;
    if (!get_numbers(masks[i], caching, source, memory, numbers)) return;
    if (!all_known(numbers, classes)) return;
    const std::size_t size = static_cast<std::size_t>(slots.rows) * static_cast<std::size_t>(slots.columns);
    if (slots.bytes == 1) {
      show(numbers, masks[i], slots, fill, classes, static_cast<std::uint8_t*>(slots.data) + i * size);
    } else {
      show(numbers, masks[i], slots, fill, classes, static_cast<std::int64_t*>(slots.data) + i * size);
    }
    done[i] = 1;
  });
}

}  // namespace pixfeed
