// The one file that includes xxhash.
#include "core/cache/checksum.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace pixfeed::cache {

std::uint64_t checksum(const void* data, std::size_t size) { return XXH3_64bits(data, size); }

Key key_of(std::string_view what, std::string_view how) {
  const XXH128_hash_t hash = XXH3_128bits_withSeed(what.data(), what.size(), XXH3_64bits(how.data(), how.size()));
  return {hash.low64, hash.high64};
}

std::string checksum_version() {
  return "xxhash " + std::to_string(XXH_VERSION_MAJOR) + "." + std::to_string(XXH_VERSION_MINOR) + "." +
         std::to_string(XXH_VERSION_RELEASE);
}

}  // namespace pixfeed::cache
