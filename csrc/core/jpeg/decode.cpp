// The rows of MCUs, from the file's bytes to the sink: a few MCUs' coefficients at a time become samples while they
// are in the first cache, and a row of MCUs' samples become pixels while they are in the second. The picture as a
// whole is never anywhere.
#include "core/jpeg/decode.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>

#include "core/jpeg/bit_reader.h"
#include "core/jpeg/entropy.h"
#include "core/jpeg/geometry.h"
#include "core/jpeg/huffman.h"
#include "core/jpeg/idct.h"
#include "core/jpeg/markers.h"
#include "core/jpeg/planes.h"
#include "core/jpeg/skip/block_starts.h"
#include "core/jpeg/skip/low_coefficients.h"

namespace pixfeed::jpeg {
namespace {

constexpr int kKinds = 3;         // of BlockKind
constexpr int kChunkBlocks = 96;  // decoded in one go
// Room past the last block. Low coefficients lie in rows of blocks, at most 10, each of which may be written one block
// too far. Kernels read up to a block past the end, and decode_mcus writes as far.
constexpr int kSpareBlocks = 10 + 1;
static_assert(kLowSlack <= 64);
static_assert(kChunkBlocks * kMaxBlockBytes + 32 <= static_cast<int>(ByteFeed::kSlack));

// Everything a thread needs to decode one picture; kept for the next one.
struct Decoder {
  ScanHeader header;
  Geometry geometry;
  ByteFeed feed;
  Planes planes;
  bool low_only;       // of the MCUs that are needed, only their lowest frequencies are: low_coefficients reads them
  LowLayout low;       // what is read of those MCUs if low_only
  McuLayout layout;    // what is read of them otherwise; always filled in
  LowLayout unneeded;  // what is read of other MCUs: their DC. `blocks` is 0 until there is one
  SkipLayout skip;     // how block_starts gets past both
  int chunk;           // MCUs decoded in one go
  alignas(64) std::int16_t coefs[(kChunkBlocks + kSpareBlocks) * 64];
  std::uint8_t last[kChunkBlocks];  // see decode_mcus
  BlockRef blocks[3][kKinds][kChunkBlocks];
  BlockStarts starts;  // for low_coefficients
  int dc[3];

  bool start(const std::uint8_t* bytes, std::size_t size, const Request& request);
  bool run(const std::uint8_t* end, const Request& request, RowSink& sink);
  bool lay_out_skipping();
  int least_bits() const;
  bool transform(int mcus, int first_mcu, int mcu_row, bool low_pass);
  bool transform_low(int mcus, int first_mcu, int mcu_row);
};

// See McuLayout::Block: for `size` x `size` samples of a block.
int enough_for(int size, bool low_pass) {
  if (size == 1) return 0;
  return size == 4 && low_pass ? kEnoughFor4 : 63;
}

bool Decoder::start(const std::uint8_t* bytes, std::size_t size, const Request& request) {
  if (!parse_header(bytes, size, header)) return false;
  geometry = Geometry(header, request.gray, request.reduced);
  layout.blocks = low.blocks = unneeded.blocks = 0;
  // At a quarter or less no component has more than 4 x 4 samples a block, whatever the sampling.
  low_only = request.low_pass && request.reduced >= 4;
  if (request.reduced == 8) {
    low_only = true;
    for (int c = 0; c < geometry.components; ++c) low_only &= request.low_pass || geometry.plane[c].size == 1;
  }
  for (int c = 0; c < header.components; ++c) {
    const Component& component = header.component[c];
    const DcTable* dc_codes = dc_table(header.dc[component.dc]);
    const AcTable* ac_codes = ac_table(header.ac[component.ac]);
    if (dc_codes == nullptr || ac_codes == nullptr) return false;
    const int enough = c < geometry.components ? enough_for(geometry.plane[c].size, request.low_pass) : 0;
    const SkipTable* skip = nullptr;
    if (!low_only && enough < 63) {
      skip = skip_table(header.ac[component.ac]);
      if (skip == nullptr) return false;
    }
    for (int i = 0; i < component.h * component.v; ++i) {
      layout.block[layout.blocks++] = {dc_codes, ac_codes, skip, enough, c};
    }
  }
  chunk = kChunkBlocks / layout.blocks;
  return !low_only || lay_out_skipping();
}

// False if there is no memory.
bool Decoder::lay_out_skipping() {
  int first = 0;
  for (int c = 0; c < header.components; ++c) {
    const Component& component = header.component[c];
    const HuffmanSpec& ac = header.ac[component.ac];
    const SkipTables* tables = skip_tables(header.dc[component.dc], ac);
    const SymbolTable* symbols = symbol_table(ac);
    if (tables == nullptr || symbols == nullptr) return false;
    const int size = low_only && c < geometry.components ? geometry.plane[c].size : 1;
    const int room = LowLayout::coefs(size);
    for (int v = 0; v < component.v; ++v) {
      for (int h = 0; h < component.h; ++h, ++low.blocks) {
        const McuLayout::Block& block = layout.block[low.blocks];
        low.block[low.blocks] = {block.dc, block.ac, symbols, c, size, first + room * h, room * component.h};
        unneeded.block[low.blocks] = {block.dc, block.ac, symbols, c, 1, 0, 0};
        skip.block[low.blocks] = {&tables->whole, &tables->rest, &block.dc->codes, &block.ac->codes};
      }
      first += room * (chunk * component.h + 1);  // a row of blocks lies by itself, with one to spare
    }
  }
  unneeded.blocks = skip.blocks = low.blocks;
  return true;
}

// That an MCU takes. With 8 or more, none fits into the padding in front of a restart marker.
int Decoder::least_bits() const {
  const auto shortest = [](const HuffmanSpec& spec) {
    int length = 1;
    while (length < 16 && spec.counts[length - 1] == 0) ++length;
    return length;
  };
  int bits = 0;
  for (int c = 0; c < header.components; ++c) {
    const Component& component = header.component[c];
    bits += component.h * component.v * (shortest(header.dc[component.dc]) + shortest(header.ac[component.ac]));
  }
  return bits;
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
          good &= idct_single(coefs + 64 * place, 64 * layout.blocks, mcus, dc_quant, samples, component.h);
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
        idct_low_4(blocks[c][kind], n, quant, planes.stride(c));
      } else {
        good &= idct_reduced(size, of_kind, blocks[c][kind], n, quant, planes.stride(c));
      }
    }
  }
  return good;
}

// The same for coefficients from decode_low_mcus.
bool Decoder::transform_low(int mcus, int first_mcu, int mcu_row) {
  bool good = true;
  const LowLayout::Block* block = low.block;
  for (int c = 0; c < geometry.components; ++c) {
    const Component& component = header.component[c];
    const Geometry::Plane& plane = geometry.plane[c];
    const std::int16_t* quant = header.quant[component.quant];
    const std::ptrdiff_t stride = planes.stride(c);
    const int n = mcus * component.h;
    std::uint8_t* samples = planes.mcu_row(c, mcu_row) + std::ptrdiff_t{plane.mcu_width} * first_mcu;
    for (int v = 0; v < component.v; ++v, block += component.h, samples += plane.size * stride) {
      const std::int16_t* row = coefs + block->first;
      if (plane.size == 1) {
        good &= idct_single(row, LowLayout::coefs(1), n, quant[0], samples, 1);
      } else if (plane.size == 2) {
        idct_low_2(row, n, quant, samples, stride);
      } else {
        idct_low_4_of_6(row, n, quant, samples, stride);
      }
    }
  }
  return good;
}

bool Decoder::run(const std::uint8_t* end, const Request& request, RowSink& sink) {
  int restart_in = header.restart_interval;
  int next_restart = 0;
  const bool through_restarts = low_only && header.restart_interval != 0 && least_bits() >= 8;
  feed.start(header.scan, end, through_restarts);
  starts.clear();
  std::fill_n(dc, 3, 0);

  for (int row = 0; row < geometry.mcus_down; ++row) {
    if (!request.whole && planes.complete(row)) return true;
    const bool wanted = planes.wanted(sink, row);
    for (int column = 0; column < geometry.mcus_across;) {
      if (header.restart_interval != 0 && restart_in == 0) {
        if (through_restarts) {
          if (!feed.pass_restart()) return false;
        } else {
          if (feed.finish() != 0xD0 + next_restart) return false;
          feed.start(feed.position(), end);
        }
        std::fill_n(dc, 3, 0);
        restart_in = header.restart_interval;
        next_restart = (next_restart + 1) & 7;
      }
      const bool needed = wanted && column >= planes.first_mcu() && column < planes.end_mcu();
      if (!needed && unneeded.blocks == 0 && !lay_out_skipping()) return false;
      int until = geometry.mcus_across;
      if (wanted && column < planes.end_mcu()) until = needed ? planes.end_mcu() : planes.first_mcu();
      // Of a segment, and as far as this goes on.
      int ahead = until - column;
      if (low_only) ahead = geometry.mcus_across * (geometry.mcus_down - row) - column;
      if (header.restart_interval != 0 && !through_restarts) ahead = std::min(ahead, restart_in);
      int mcus = std::min({chunk, until - column, ahead});
      if (header.restart_interval != 0) mcus = std::min(mcus, restart_in);
      if (needed && !low_only) {
        feed.fill();
        if (!decode_mcus(feed.reader, layout, mcus, dc, coefs, last) || !feed.within()) return false;
        if (!transform(mcus, column - planes.first_mcu(), row, request.low_pass)) return false;
      } else {
        mcus = starts.find(feed, skip, mcus, ahead);
        if (mcus == 0 || !decode_low_mcus(feed.bytes(), starts.starts(), needed ? low : unneeded, mcus, dc, coefs))
          return false;
        starts.pass(feed, mcus * low.blocks);
        if (!feed.within(mcus == restart_in)) return false;
        if (needed && !transform_low(mcus, column - planes.first_mcu(), row)) return false;
      }
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
