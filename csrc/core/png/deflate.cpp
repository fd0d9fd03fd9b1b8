// The only file that includes libdeflate.h.
#include "core/png/deflate.h"

#include <libdeflate.h>

#include <memory>

#include "core/png/blocks.h"

namespace pixfeed::png {
namespace {

struct Free {
  void operator()(libdeflate_decompressor* p) const { libdeflate_free_decompressor(p); }
};

// This thread's; nullptr if memory is short.
libdeflate_decompressor* decompressor() {
  thread_local const std::unique_ptr<libdeflate_decompressor, Free> kept(libdeflate_alloc_decompressor());
  return kept.get();
}

// zlib may refuse a distance beyond the window that the header claims, which libdeflate does not look at.
bool fits_window(const std::uint8_t* data, std::size_t data_size, std::size_t size) {
  if (data_size < 2) return false;
  const int bits = 8 + (data[0] >> 4);
  return bits == 15 || size <= std::size_t{1} << bits;
}

// What libdeflate does not look at.
bool is_legal(const std::uint8_t* data, std::size_t data_size, std::size_t size) {
  return fits_window(data, data_size, size) && blocks_are_legal(data + 2, data_size - 2);
}

}  // namespace

std::uint32_t crc32(std::uint32_t crc, const std::uint8_t* data, std::size_t size) {
  return libdeflate_crc32(crc, data, size);
}

bool inflate_all(const std::uint8_t* data, std::size_t data_size, std::uint8_t* out, std::size_t size) {
  libdeflate_decompressor* const mine = decompressor();
  if (mine == nullptr || !is_legal(data, data_size, size)) return false;
  std::size_t read = 0;
  return libdeflate_zlib_decompress_ex(mine, data, data_size, out, size, &read, nullptr) == LIBDEFLATE_SUCCESS &&
         read == data_size;
}

// NOTE [start of a stream]: libdeflate writes what it decodes in order and stops with INSUFFICIENT_SPACE when the next
// literal, match (at most 258 bytes) or stored block (less than 2^16) does not fit. So what was wanted is there by then.
// Its documentation does not promise that; the tests of this folder hold it to it.
bool inflate_start(const std::uint8_t* data, std::size_t data_size, std::uint8_t* out, std::size_t wanted) {
  const std::size_t room = wanted + kInflateSlack;
  libdeflate_decompressor* const mine = decompressor();
  if (mine == nullptr || !is_legal(data, data_size, room)) return false;
  std::size_t size = 0;
  switch (libdeflate_zlib_decompress(mine, data, data_size, out, room, &size)) {
    case LIBDEFLATE_SUCCESS:
      return size >= wanted;
    case LIBDEFLATE_INSUFFICIENT_SPACE:
      return true;
    default:
      return false;
  }
}

const char* deflate_version() { return "libdeflate " LIBDEFLATE_VERSION_STRING; }

}  // namespace pixfeed::png
