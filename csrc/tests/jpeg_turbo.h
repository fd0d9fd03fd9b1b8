// libjpeg-turbo as the tests and the fuzzer use it: the decoder to compare with, and a maker of small files.
#pragma once

#include <jpeglib.h>

#include <csetjmp>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "core/jpeg/decode.h"
#include "tests/collector.h"

namespace pixfeed::testing {

enum class Verdict { clean, warned, failed };

struct TurboErrors {
  jpeg_error_mgr manager;  // first: libjpeg only knows this member
  std::jmp_buf back;
};

inline void turbo_failed(j_common_ptr info) { std::longjmp(reinterpret_cast<TurboErrors*>(info->err)->back, 1); }
inline void turbo_silent(j_common_ptr) {}

// What libjpeg-turbo gives for a file. `picture` has a size as soon as the header could be read, but no pixels if it
// failed or the file has more than `max_pixels`. Only `rows` rows are asked for; the others are 0.
inline Verdict turbo_decode(const std::uint8_t* bytes, std::size_t size, Picture& picture, const Request& request = {},
                            long max_pixels = 1L << 28, int rows = 1 << 30) {
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
  info.out_color_space = request.gray ? JCS_GRAYSCALE : JCS_RGB;
  info.scale_num = 1;
  info.scale_denom = static_cast<unsigned>(request.reduced);
  info.dct_method = JDCT_ISLOW;
  info.do_fancy_upsampling = TRUE;
  jpeg_calc_output_dimensions(&info);
  picture.width = static_cast<int>(info.output_width);
  picture.height = static_cast<int>(info.output_height);
  if (static_cast<long>(info.image_width) * info.image_height > max_pixels) {
    turbo_failed(reinterpret_cast<j_common_ptr>(&info));
  }
  jpeg_start_decompress(&info);
  const std::size_t width = info.output_width;
  picture.rgb.assign(3 * width * info.output_height, 0);
  while (info.output_scanline < info.output_height && static_cast<int>(info.output_scanline) < rows) {
    JSAMPROW at = picture.rgb.data() + 3 * width * info.output_scanline;
    jpeg_read_scanlines(&info, &at, 1);
    if (!request.gray) continue;
    for (std::size_t x = width; x-- > 0;) at[3 * x] = at[3 * x + 1] = at[3 * x + 2] = at[x];
  }
  if (info.output_scanline == info.output_height) jpeg_finish_decompress(&info);
  const bool warned = errors.manager.num_warnings != 0;
  jpeg_destroy_decompress(&info);
  return warned ? Verdict::warned : Verdict::clean;
}

// A gray file's quantised coefficients, block by block, and how to dequantise them.
struct Coefficients {
  int across = 0, down = 0;  // blocks
  std::vector<std::int16_t> blocks;
  int quant[64];
};

inline Coefficients turbo_coefficients(const std::vector<std::uint8_t>& file) {
  jpeg_decompress_struct info;
  jpeg_error_mgr errors;
  info.err = jpeg_std_error(&errors);
  jpeg_create_decompress(&info);
  jpeg_mem_src(&info, file.data(), file.size());
  jpeg_read_header(&info, TRUE);
  jvirt_barray_ptr* arrays = jpeg_read_coefficients(&info);
  const jpeg_component_info& component = info.comp_info[0];
  Coefficients out;
  out.across = static_cast<int>(component.width_in_blocks);
  out.down = static_cast<int>(component.height_in_blocks);
  for (int i = 0; i < 64; ++i) out.quant[i] = component.quant_table->quantval[i];
  for (int y = 0; y < out.down; ++y) {
    JBLOCKARRAY row = info.mem->access_virt_barray(reinterpret_cast<j_common_ptr>(&info), arrays[0],
                                                   static_cast<JDIMENSION>(y), 1, FALSE);
    for (int x = 0; x < out.across; ++x) out.blocks.insert(out.blocks.end(), row[0][x], row[0][x] + 64);
  }
  jpeg_finish_decompress(&info);
  jpeg_destroy_decompress(&info);
  return out;
}

// A small file to make.
struct Recipe {
  int width = 16;
  int height = 16;
  int components = 3;
  int h = 1, v = 1;  // luma's sampling factors
  int chroma_h = 1, chroma_v = 1;
  int quality = 90;
  bool noise = false;   // or smooth
  bool gentle = false;  // so smooth that it has no detail at all
  bool optimise = false;
  int restart = 0;  // in MCUs
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
  for (int c = 1; c < recipe.components; ++c) {
    info.comp_info[c].h_samp_factor = recipe.chroma_h;
    info.comp_info[c].v_samp_factor = recipe.chroma_v;
  }
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
        const int gentle = 60 + (x * (c + 1) + y * (3 - c)) / 16;
        const int value = recipe.noise ? static_cast<int>(random >> 24) : recipe.gentle ? gentle : smooth;
        row[static_cast<std::size_t>(x * recipe.components + c)] = static_cast<std::uint8_t>(value);
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

// Components, luma's sampling factors, and those of the others.
inline constexpr int kSamplings[][5] = {{1, 1, 1, 1, 1}, {3, 1, 1, 1, 1}, {3, 2, 1, 1, 1}, {3, 2, 2, 1, 1},
                                        {3, 1, 2, 1, 1}, {3, 4, 1, 1, 1}, {3, 4, 2, 1, 1}, {3, 3, 1, 1, 1},
                                        {3, 1, 4, 1, 1}, {3, 2, 2, 2, 1}, {3, 2, 2, 1, 2}, {3, 1, 1, 2, 2},
                                        {3, 2, 1, 1, 2}, {3, 1, 1, 4, 1}};
inline constexpr std::size_t kFinerChroma = 11;
static_assert(kSamplings[kFinerChroma][1] < kSamplings[kFinerChroma][3]);

inline Recipe recipe_of(const int (&sampling)[5]) {
  Recipe recipe;
  recipe.components = sampling[0];
  recipe.h = sampling[1];
  recipe.v = sampling[2];
  recipe.chroma_h = sampling[3];
  recipe.chroma_v = sampling[4];
  return recipe;
}

}  // namespace pixfeed::testing
