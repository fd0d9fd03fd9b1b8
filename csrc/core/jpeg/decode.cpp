// The rows of MCUs, from the file's bytes to the sink: a few MCUs' coefficients at a time become samples while they
// are in the first cache, and a row of MCUs' samples become pixels while they are in the second. The picture as a
// whole is never anywhere.
#include "decode.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>

#include "bit_reader.h"
#include "entropy.h"
#include "geometry.h"
#include "huffman.h"
#include "idct.h"
#include "markers.h"
#include "planes.h"

namespace pixfeed::jpeg {
namespace {

constexpr int kKinds = 3;         // of BlockKind
constexpr int kChunkBlocks = 96;  // decoded in one go
static_assert(kChunkBlocks * kMaxBlockBytes + 16 <= static_cast<int>(ByteFeed::kSlack));

// Everything a thread needs to decode one picture; kept for the next one.
struct Decoder {
  Header header;
  Geometry geometry;
  ByteFeed feed;
  Planes planes;
  McuLayout layout;    // of MCUs that are needed
  McuLayout unneeded;  // and of others, once one came along: `blocks` is 0 before
  alignas(64) std::int16_t coefs[(kChunkBlocks + 1) * 64];  // one more: entropy decoding writes past the last
  std::uint8_t last[kChunkBlocks];                          // see decode_mcus
  BlockRef blocks[3][kKinds][kChunkBlocks];
  int dc[3];

  bool start(const std::uint8_t* bytes, std::size_t size, const Request& request);
  bool run(const std::uint8_t* end, const Request& request, RowSink& sink);
  bool lay_out_unneeded();
  bool transform(int mcus, int first_mcu, int mcu_row, bool low_pass);
};

// See McuLayout::Block: for `size` x `size` samples of a block.
int enough_for(int size, bool low_pass) {
  if (size == 1) return 0;
  if (size == 8 || !low_pass) return 63;
  return size == 4 ? kEnoughFor4 : kEnoughFor2;
}

bool Decoder::start(const std::uint8_t* bytes, std::size_t size, const Request& request) {
  if (!parse_header(bytes, size, header)) return false;
  geometry = Geometry(header, request.gray, request.reduced);
  layout.blocks = unneeded.blocks = 0;
  for (int c = 0; c < header.components; ++c) {
    const Component& component = header.component[c];
    const DcTable* dc_codes = dc_table(header.dc[component.dc]);
    const AcTable* ac_codes = ac_table(header.ac[component.ac]);
    if (dc_codes == nullptr || ac_codes == nullptr) return false;
    const int enough = c < geometry.components ? enough_for(geometry.plane[c].size, request.low_pass) : 0;
    const SkipTable* skip = nullptr;
    if (enough < 63) {
      skip = skip_table(header.ac[component.ac]);
      if (skip == nullptr) return false;
    }
    for (int i = 0; i < component.h * component.v; ++i) {
      layout.block[layout.blocks++] = {dc_codes, ac_codes, skip, enough, c};
    }
  }
  return true;
}

// False if there is no memory.
bool Decoder::lay_out_unneeded() {
  for (int i = 0; i < layout.blocks; ++i) {
    unneeded.block[i] = layout.block[i];
    unneeded.block[i].enough = 0;
    unneeded.block[i].skip = skip_table(header.ac[header.component[layout.block[i].component].ac]);
    if (unneeded.block[i].skip == nullptr) return false;
  }
  unneeded.blocks = layout.blocks;
  return true;
}

// The coefficients of `mcus` MCUs to samples, from the MCU `first_mcu` of its row's needed ones on.
bool Decoder::transform(int mcus, int first_mcu, int mcu_row, bool low_pass) {
  // Sorted by component and kind: the vectors take several blocks at once, which must have both in common.
  BlockRef* ends[3][kKinds];
  bool good = true;
  int place = 0;  // in the MCU
  for (int c = 0; c < geometry.components; ++c) {
    const Component& component = header.component[c];
    const int size = geometry.plane[c].size;
    const int dc_quant = header.quant[component.quant][0];
    for (int kind = 0; kind < kKinds; ++kind) ends[c][kind] = blocks[c][kind];
    std::uint8_t* const first = planes.mcu_row(c, mcu_row) + std::ptrdiff_t{geometry.plane[c].mcu_width} * first_mcu;
    for (int v = 0; v < component.v; ++v) {
      for (int h = 0; h < component.h; ++h, ++place) {
        std::uint8_t* samples = first + size * (v * planes.stride(c) + h);
        if (size == 1) {
          good &= idct_single(coefs + 64 * place, layout.blocks, mcus, dc_quant, samples, component.h);
          continue;
        }
        for (int i = place; i < mcus * layout.blocks; i += layout.blocks, samples += size * component.h) {
          *ends[c][static_cast<int>(block_kind(last[i]))]++ = {coefs + 64 * i, samples};
        }
      }
    }
  }
  for (int c = 0; c < geometry.components; ++c) {
    const std::int16_t* quant = header.quant[header.component[c].quant];
    const int size = geometry.plane[c].size;
    for (int kind = 0; kind < kKinds; ++kind) {
      const auto n = static_cast<std::size_t>(ends[c][kind] - blocks[c][kind]);
      const auto of_kind = static_cast<BlockKind>(kind);
      if (size == 8) {
        good &= idct(of_kind, blocks[c][kind], n, quant, planes.stride(c));
      } else if (low_pass) {
        idct_low(size, blocks[c][kind], n, quant, planes.stride(c));
      } else {
        good &= idct_reduced(size, of_kind, blocks[c][kind], n, quant, planes.stride(c));
      }
    }
  }
  return good;
}

bool Decoder::run(const std::uint8_t* end, const Request& request, RowSink& sink) {
  const int chunk = kChunkBlocks / layout.blocks;
  int restart_in = header.restart_interval;
  int next_restart = 0;
  feed.start(header.scan, end);
  std::fill_n(dc, 3, 0);

  for (int row = 0; row < geometry.mcus_down; ++row) {
    if (!request.whole && planes.complete(row)) return true;
    const bool wanted = planes.wanted(sink, row);
    for (int column = 0; column < geometry.mcus_across;) {
      if (header.restart_interval != 0 && restart_in == 0) {
        if (feed.finish() != 0xD0 + next_restart) return false;
        feed.start(feed.position(), end);
        std::fill_n(dc, 3, 0);
        restart_in = header.restart_interval;
        next_restart = (next_restart + 1) & 7;
      }
      const bool needed = wanted && column >= planes.first_mcu() && column < planes.end_mcu();
      if (!needed && unneeded.blocks == 0 && !lay_out_unneeded()) return false;
      int until = geometry.mcus_across;
      if (wanted && column < planes.end_mcu()) until = needed ? planes.end_mcu() : planes.first_mcu();
      int mcus = std::min(chunk, until - column);
      if (header.restart_interval != 0) mcus = std::min(mcus, restart_in);
      feed.fill();
      if (!decode_mcus(feed.reader, needed ? layout : unneeded, mcus, dc, coefs, last) || !feed.within()) return false;
      if (needed && !transform(mcus, column - planes.first_mcu(), row, request.low_pass)) return false;
      column += mcus;
      restart_in -= mcus;
    }
    if (wanted) planes.close(row);
    planes.emit(sink, row);
  }
  return !request.whole || feed.finish() == 0xD9;
}

}  // namespace

Outcome decode(const std::uint8_t* bytes, std::size_t size, const Request& request, RowSink& sink) {
  thread_local std::unique_ptr<Decoder> decoder;
  if (decoder == nullptr) decoder.reset(new (std::nothrow) Decoder);
  if (decoder == nullptr || !decoder->start(bytes, size, request)) return Outcome::declined;
  const Geometry& geometry = decoder->geometry;
  if (!sink.begin(geometry.width, geometry.height)) return Outcome::declined;
  if (!decoder->planes.start(geometry, sink.area())) return Outcome::declined;
  return decoder->run(bytes + size, request, sink) ? Outcome::done : Outcome::declined;
}

}  // namespace pixfeed::jpeg
