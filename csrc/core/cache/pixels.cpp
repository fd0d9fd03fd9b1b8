// Keys of sources; rows out of a cache, and into it.
#include "core/cache/pixels.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "core/decode.h"

namespace pixfeed::cache {
namespace {

constexpr std::size_t kChunk = 256 << 10;  // bytes of rows that are read at once: they stay in the CPU's cache

}  // namespace

Key key_of_file(const std::string& path, const files::Stamp& stamp, const std::string& more, const std::string& how) {
  static_assert(sizeof(files::Stamp) == 4 * sizeof(std::int64_t));
  std::string what = path;
  what.push_back('\0');
  what.append(reinterpret_cast<const char*>(&stamp), sizeof(stamp));
  what.append(more);
  return key_of(what, how);
}

Key key_of_bytes(Bytes bytes, const std::string& more, const std::string& how) {
  return key_of({reinterpret_cast<const char*>(bytes.data), bytes.size}, how + '\0' + more);
}

void Keeping::put(const ImageView& picture, bool gray, Scratch& scratch) const {
  if (!gray) return store->put(key, picture, 3, header);
  const auto pixels = static_cast<std::size_t>(picture.width) * static_cast<std::size_t>(picture.height);
  std::uint8_t* packed = scratch.codec.get(pixels);
  if (packed == nullptr) return;
  for (std::size_t i = 0; i < pixels; ++i) packed[i] = picture.data[3 * i];
  store->put(key, {packed, picture.width, picture.height, picture.width}, 1, header);
}

void put_bytes(Store& store, const Key& key, Bytes bytes, const Header& header) {
  if (bytes.size == 0 || bytes.size > std::numeric_limits<std::int32_t>::max()) return;
  const int size = static_cast<int>(bytes.size);
  store.put(key, {const_cast<std::uint8_t*>(bytes.data), size, 1, size}, 1, header);
}

Status push_rows(const Kept& kept, RowSink& sink, Scratch& scratch) {
  const Entry& entry = kept.found.entry;
  if (!sink.begin(entry.width, entry.height)) return Status::corrupt;
  const Area area = sink.area();
  const int most = std::max(1, static_cast<int>(kChunk / entry.row_bytes()));
  std::uint8_t* rgb = entry.channels == 1 ? scratch.row_of_cache.get(std::size_t{3} * entry.row_bytes()) : nullptr;
  if (entry.channels == 1 && rgb == nullptr) return Status::out_of_memory;
  for (int y = area.y; y < area.bottom();) {
    if (!sink.wants(y)) {
      ++y;
      continue;
    }
    const int count = std::min(most, area.bottom() - y);
    const std::uint8_t* rows = kept.store->read(kept.found, y, count, scratch.codec);
    if (rows == nullptr) return Status::gone;
    for (const int end = y + count; y < end; ++y, rows += entry.row_bytes()) {
      if (!sink.wants(y)) continue;
      if (entry.channels == 1) {
        gray_to_rgb(rows + area.x, area.width, rgb);
        sink.put_row(y, rgb);
      } else {
        sink.put_row(y, rows + std::ptrdiff_t{3} * area.x);
      }
    }
  }
  return Status::ok;
}

}  // namespace pixfeed::cache
