// A folder for one test.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

struct Folder {
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "pixfeed-XXXXXX").string();
    path = mkdtemp(name.data());
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path); }
  std::string path;
};
