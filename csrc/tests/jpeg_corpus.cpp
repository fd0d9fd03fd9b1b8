// jpeg_corpus --seeds DIR: writes a small corpus for the fuzzer.
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/jpeg_turbo.h"

namespace {

using namespace pixfeed::testing;
namespace fs = std::filesystem;

void write_seeds(const fs::path& folder) {
  fs::create_directories(folder);
  int n = 0;
  for (const auto& sampling : kSamplings) {
    for (int variant = 0; variant < 4; ++variant) {
      Recipe recipe = recipe_of(sampling);
      recipe.width = 9 + 7 * variant;
      recipe.height = 31 - 6 * variant;
      recipe.quality = 35 + 20 * variant;
      recipe.noise = variant % 2 != 0;
      recipe.optimise = variant > 1;
      recipe.restart = variant == 3 ? 2 : 0;
      const auto file = make_jpeg(recipe);
      std::ofstream(folder / ("seed_" + std::to_string(n++) + ".jpg"), std::ios::binary)
          .write(reinterpret_cast<const char*>(file.data()), static_cast<std::streamsize>(file.size()));
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3 || std::string(argv[1]) != "--seeds") return 1;
  write_seeds(argv[2]);
  return 0;
}
