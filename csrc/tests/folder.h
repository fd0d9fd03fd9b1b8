// A folder for one test.
#pragma once

#include <filesystem>
#include <random>
#include <string>

struct Folder {
  Folder() {
    std::random_device random;
    std::filesystem::path place;
    do {
      place = std::filesystem::temp_directory_path() / ("pixfeed-" + std::to_string(random()));
    } while (!std::filesystem::create_directory(place));
    path = place.string();
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path); }
  std::string path;
};
