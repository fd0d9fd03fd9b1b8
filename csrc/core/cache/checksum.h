// Checksums and keys, by xxhash: XXH3 is as fast as memory, and cryptographic strength is not needed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace pixfeed::cache {

// 128 bits that say of what picture, made how.
struct Key {
  std::uint64_t low = 0, high = 0;
  bool operator==(const Key&) const = default;
};

// XXH3 of 64 bits.
std::uint64_t checksum(const void* data, std::size_t size);

// XXH3 of 128 bits over two strings; ("ab", "c") and ("a", "bc") have different keys.
Key key_of(std::string_view what, std::string_view how);

// "xxhash 0.8.3"
std::string checksum_version();

}  // namespace pixfeed::cache
