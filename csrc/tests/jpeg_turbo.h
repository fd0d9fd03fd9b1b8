// libjpeg-turbo as the tests and the fuzzer use it: the decoder to compare with, and a maker of small files.
#pragma once

#include <jpeglib.h>

#include <csetjmp>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "core/jpeg/decode.h"

namespace pixfeed::testing {

struct Picture {
  int width = 0;
  int height = 0;
  std::vector<std::uint8_t> rgb;
};

enum class Verdict { clean, warned, failed };

struct TurboErrors {
  jpeg_error_mgr manager;  // first: libjpeg only knows this member
  std::jmp_buf back;
};

inline void turbo_failed(j_common_ptr info) { std::longjmp(reinterpret_cast<TurboErrors*>(info->err)->back, 1); }
inline void turbo_silent(j_common_ptr) {}

// What libjpeg-turbo gives for a file. `picture` has a size as soon as the header could be read, but no pixels if it
// failed or is too large.
inline Verdict turbo_decode(const std::uint8_t* bytes, std::size_t size, Picture& picture,
                            long max_pixels = 1L << 28) {
  jpeg_decompress_struct info;
  TurboErrors errors;
  info.err = jpeg_std_error(&errors.manager);
  errors.manager.error_exit = turbo_failed;
  errors.manager.output_message = turbo_silent;
  if (setjmp(errors.back) != 0) {
    jpeg_destroy_decompress(&info);
    picture.rgb.clear();
    return Verdict::failed;
  }
  jpeg_create_decompress(&info);
  jpeg_mem_src(&info, bytes, size);
  jpeg_read_header(&info, TRUE);
  info.out_color_space = JCS_RGB;
  info.dct_method = JDCT_ISLOW;
  info.do_fancy_upsampling = TRUE;
  picture.width = static_cast<int>(info.image_width);
  picture.height = static_cast<int>(info.image_height);
  if (static_cast<long>(picture.width) * picture.height > max_pixels) {
    turbo_failed(reinterpret_cast<j_common_ptr>(&info));
  }
  jpeg_start_decompress(&info);
  const std::size_t row = 3 * static_cast<std::size_t>(info.output_width);
  picture.rgb.resize(row * info.output_height);
  while (info.output_scanline < info.output_height) {
    JSAMPROW at = picture.rgb.data() + row * info.output_scanline;
    jpeg_read_scanlines(&info, &at, 1);
  }
  jpeg_finish_decompress(&info);
  const bool warned = errors.manager.num_warnings != 0;
  jpeg_destroy_decompress(&info);
  return warned ? Verdict::warned : Verdict::clean;
}

// Takes a picture's rows; complains if they do not come once each, from top to bottom.
class Collector : public RowSink {
 public:
  Collector(int width, int height, int wanted_from = 0, int wanted_to = 1 << 30)
      : width_(width), height_(height), from_(wanted_from), to_(wanted_to),
        rgb(3 * static_cast<std::size_t>(width) * static_cast<std::size_t>(height), 0xA5) {}

  bool begin(int width, int height) override {
    next_ = 0;
    return width == width_ && height == height_;
  }
  void take(int y, const std::uint8_t* pixels) override {
    if (y < next_ || y >= height_ || !wants(y)) {
      std::fprintf(stderr, "row %d comes at the wrong time\n", y);
      std::abort();
    }
    next_ = y + 1;
    ++taken;
    for (std::size_t i = 0; i < 3 * static_cast<std::size_t>(width_); ++i) {
      rgb[3 * static_cast<std::size_t>(width_) * static_cast<std::size_t>(y) + i] = pixels[i];
    }
  }
  Area area() const override {
    const int top = std::min(from_, height_), bottom = std::min(to_, height_);
    return {0, top, width_, bottom - top};
  }
  bool wants(int y) const override { return y >= from_ && y < to_; }

 private:
  int width_, height_, from_, to_;
  int next_ = 0;

 public:
  std::vector<std::uint8_t> rgb;
  int taken = 0;
};

// A small file to make.
struct Recipe {
  int width = 16;
  int height = 16;
  int components = 3;
  int h = 1, v = 1;     // luma's sampling factors; those of the others are 1 x 1
  int quality = 90;
  bool noise = false;   // or smooth
  bool optimise = false;
  int restart = 0;      // in MCUs
  unsigned seed = 1;
};

inline std::vector<std::uint8_t> make_jpeg(const Recipe& recipe) {
  jpeg_compress_struct info;
  jpeg_error_mgr errors;
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &bytes, &size);
  info.image_width = static_cast<JDIMENSION>(recipe.width);
  info.image_height = static_cast<JDIMENSION>(recipe.height);
  info.input_components = recipe.components;
  info.in_color_space = recipe.components == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, recipe.quality, TRUE);
  info.comp_info[0].h_samp_factor = recipe.h;
  info.comp_info[0].v_samp_factor = recipe.v;
  info.optimize_coding = recipe.optimise ? TRUE : FALSE;
  info.restart_interval = static_cast<unsigned>(recipe.restart);
  jpeg_start_compress(&info, TRUE);
  unsigned random = recipe.seed * 2654435761U + 1;
  std::vector<std::uint8_t> row(static_cast<std::size_t>(recipe.width * recipe.components));
  for (int y = 0; y < recipe.height; ++y) {
    for (int x = 0; x < recipe.width; ++x) {
      for (int c = 0; c < recipe.components; ++c) {
        random = random * 1664525U + 1013904223U;
        const int smooth = 128 + (x * (c + 2) + y * (5 - 2 * c)) % 160 - (x * y * (c + 1) / 16) % 120;
        row[static_cast<std::size_t>(x * recipe.components + c)] =
            static_cast<std::uint8_t>(recipe.noise ? static_cast<int>(random >> 24) : smooth);
      }
    }
    JSAMPROW at = row.data();
    jpeg_write_scanlines(&info, &at, 1);
  }
  jpeg_finish_compress(&info);
  std::vector<std::uint8_t> out(bytes, bytes + size);
  jpeg_destroy_compress(&info);
  std::free(bytes);
  return out;
}

}  // namespace pixfeed::testing
