// Names of some lines of a list file, as paths: one read per name.
#include "core/list_names.h"

#include <algorithm>
#include <string_view>

#include "core/platform.h"

namespace pixfeed {
namespace {

// The bytes from `begin` to `end`, in `buffer` or in memory. False if there are fewer.
bool read(const ListSource& source, std::int64_t begin, std::int64_t end, std::string& buffer, std::string_view* data) {
  const std::size_t size = static_cast<std::size_t>(end - begin);
  if (source.file < 0) {
    if (static_cast<std::size_t>(end) > source.memory.size) return false;
    *data = {reinterpret_cast<const char*>(source.memory.data) + begin, size};
    return true;
  }
  buffer.resize(size);
  std::size_t got = 0;
  while (got < size) {
    const std::int64_t place = begin + static_cast<std::int64_t>(got);
    const std::int64_t n = platform::read_at(source.file, buffer.data() + got, size - got, place);
    if (n <= 0) return false;
    got += static_cast<std::size_t>(n);
  }
  *data = buffer;
  return true;
}

// RFC 4180: `field` begins with a quote; two quotes inside stand for one.
std::string unquoted(std::string_view field) {
  std::string name;
  for (std::size_t i = 1; i < field.size(); ++i) {
    if (field[i] == '"') {
      ++i;  // the second of two, or what comes after the field
      if (i == field.size() || field[i] != '"') break;
    }
    name += field[i];
  }
  return name;
}

std::string name_in(std::string_view data, NameFormat format) {
  if (format.whole) return std::string(data);
  if (format.delimiter == 0) {
    constexpr std::string_view kBlanks = " \t\v\f\r\n";
    const std::size_t begin = std::min(data.find_first_not_of(kBlanks), data.size());
    data.remove_prefix(begin);
    return std::string(data.substr(0, data.find_first_of(kBlanks)));
  }
  data = data.substr(0, data.find_first_of("\r\n"));
  if (!data.empty() && data.front() == '"') return unquoted(data);
  return std::string(data.substr(0, data.find(format.delimiter)));
}

}  // namespace

bool read_names(const ListSource& source, const std::vector<std::int64_t>& begins,
                const std::vector<std::int64_t>& ends, NameFormat format, const std::string& folder,
                std::vector<std::string>& paths) {
  std::string buffer;
  const std::string prefix = folder.empty() || folder.back() == '/' ? folder : folder + '/';
  for (std::size_t i = 0; i < begins.size(); ++i) {
    std::string_view data;
    if (begins[i] < 0 || ends[i] < begins[i] || !read(source, begins[i], ends[i], buffer, &data)) return false;
    std::string name = name_in(data, format);
    paths.push_back(!name.empty() && name.front() == '/' ? std::move(name) : prefix + name);
  }
  return true;
}

}  // namespace pixfeed
