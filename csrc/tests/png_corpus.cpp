// png_corpus --seeds DIR: writes a small corpus for csrc/fuzz/png_fuzz.cpp.
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/png_files.h"

namespace {

using namespace pixfeed::testing;
namespace fs = std::filesystem;

void write_seed(const fs::path& folder, int number, const File& input) {
  std::ofstream(folder / ("seed_" + std::to_string(number) + ".png"), std::ios::binary)
      .write(reinterpret_cast<const char*>(input.data()), static_cast<std::streamsize>(input.size()));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3 || std::string(argv[1]) != "--seeds") return 1;
  fs::create_directories(argv[2]);
  constexpr int kColors[] = {0, 2, 3, 4, 6};
  int number = 0;
  for (const int color : kColors) {
    for (int variant = 0; variant < 4; ++variant) {
      PngRecipe recipe{3 + 5 * variant, 19 - 4 * variant, color, variant == 3 && color != 3 ? 16 : 8};
      if (variant == 2 && (color == 0 || color == 3)) recipe.depth = 2;
      recipe.cut = variant == 1 ? 20 : 1 << 16;
      recipe.smooth = variant == 2;
      File input{static_cast<std::uint8_t>(variant % 2),
                 static_cast<std::uint8_t>(37 * number)};  // its kind, a request
      const File file = make_png(recipe);
      input.insert(input.end(), file.begin(), file.end());
      write_seed(argv[2], number++, input);
    }
  }
  for (std::uint8_t kind = 0; kind < 15; ++kind) {
    File input{2, static_cast<std::uint8_t>(53 * kind), kind, 11, 9, 255, 1, 50};
    for (int i = 0; i < 300; ++i) input.push_back(static_cast<std::uint8_t>(i * 7));
    write_seed(argv[2], number++, input);
  }
  return 0;
}
