// Names of some lines of a list file, as paths.
// The plain twin is read_names in python/pixfeed/backends/plain.py.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/list.h"

namespace pixfeed {

// How a name stands in its bytes.
struct NameFormat {
  bool whole = false;  // the name is all of them
  char delimiter = 0;  // else: it ends at a delimiter or at the end of its line, or it is quoted; 0: it ends at a blank
};

// Appends to `paths` the name in each of the bytes begins[i] to ends[i], joined with `folder` as os.path.join does it.
// False if the source ends before that, or cannot be read.
bool read_names(const ListSource& source, const std::vector<std::int64_t>& begins,
                const std::vector<std::int64_t>& ends, NameFormat format, const std::string& folder,
                std::vector<std::string>& paths);

}  // namespace pixfeed
