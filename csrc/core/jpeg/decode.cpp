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
  ByteFeed feed;
  Planes planes;
  McuLayout layout;
  alignas(64) std::int16_t coefs[(kChunkBlocks + 1) * 64];  // one more: entropy decoding writes past the last
  std::uint8_t last[kChunkBlocks];                          // see decode_mcus
  BlockRef blocks[3][kKinds][kChunkBlocks];
  int dc[3];

  bool start(const std::uint8_t* bytes, std::size_t size);
  bool run(const std::uint8_t* end, RowSink& sink);
  bool transform(int mcus, int first_mcu, int mcu_row);
};

bool Decoder::start(const std::uint8_t* bytes, std::size_t size) {
  if (!parse_header(bytes, size, header) || !planes.start(header)) return false;
  layout.blocks = 0;
  for (int c = 0; c < header.components; ++c) {
    const Component& component = header.component[c];
    const DcTable* dc_codes = dc_table(header.dc[component.dc]);
    const AcTable* ac_codes = ac_table(header.ac[component.ac]);
    if (dc_codes == nullptr || ac_codes == nullptr) return false;
    for (int i = 0; i < component.h * component.v; ++i) layout.block[layout.blocks++] = {dc_codes, ac_codes, c};
  }
  return true;
}

// The coefficients of `mcus` MCUs to samples, from the MCU `first_mcu` of its row on.
bool Decoder::transform(int mcus, int first_mcu, int mcu_row) {
  // Sorted by component and kind: the vectors take several blocks at once, which must have both in common.
  BlockRef* ends[3][kKinds];
  int place = 0;  // in the MCU
  for (int c = 0; c < header.components; ++c) {
    const Component& component = header.component[c];
    for (int kind = 0; kind < kKinds; ++kind) ends[c][kind] = blocks[c][kind];
    std::uint8_t* const first = planes.mcu_row(c, mcu_row) + std::ptrdiff_t{8} * component.h * first_mcu;
    for (int v = 0; v < component.v; ++v) {
      for (int h = 0; h < component.h; ++h, ++place) {
        std::uint8_t* samples = first + 8 * (v * planes.stride(c) + h);
        for (int i = place; i < mcus * layout.blocks; i += layout.blocks, samples += 8 * component.h) {
          *ends[c][static_cast<int>(block_kind(last[i]))]++ = {coefs + 64 * i, samples};
        }
      }
    }
  }
  bool good = true;
  for (int c = 0; c < header.components; ++c) {
    const std::int16_t* quant = header.quant[header.component[c].quant];
    for (int kind = 0; kind < kKinds; ++kind) {
      const auto n = static_cast<std::size_t>(ends[c][kind] - blocks[c][kind]);
      good &= idct(static_cast<BlockKind>(kind), blocks[c][kind], n, quant, planes.stride(c));
    }
  }
  return good;
}

bool Decoder::run(const std::uint8_t* end, RowSink& sink) {
  const int mcu_width = 8 * header.max_h;
  const int mcu_height = 8 * header.max_v;
  const int across = (header.width + mcu_width - 1) / mcu_width;
  const int down = (header.height + mcu_height - 1) / mcu_height;
  const int chunk = kChunkBlocks / layout.blocks;
  int restart_in = header.restart_interval;
  int next_restart = 0;
  feed.start(header.scan, end);
  std::fill_n(dc, 3, 0);

  for (int row = 0; row < down; ++row) {
    const bool wanted = planes.wanted(sink, row);
    for (int column = 0; column < across;) {
      if (header.restart_interval != 0 && restart_in == 0) {
        if (feed.finish() != 0xD0 + next_restart) return false;
        feed.start(feed.position(), end);
        std::fill_n(dc, 3, 0);
        restart_in = header.restart_interval;
        next_restart = (next_restart + 1) & 7;
      }
      int mcus = std::min(chunk, across - column);
      if (header.restart_interval != 0) mcus = std::min(mcus, restart_in);
      feed.fill();
      std::memset(coefs, 0, sizeof(coefs[0]) * 64 * static_cast<std::size_t>(mcus * layout.blocks));
      if (!decode_mcus(feed.reader, layout, mcus, dc, coefs, last) || !feed.within()) return false;
      if (wanted && !transform(mcus, column, row)) return false;
      column += mcus;
      restart_in -= mcus;
    }
    planes.emit(sink, row);
  }
  return feed.finish() == 0xD9;
}

}  // namespace

Outcome decode(const std::uint8_t* bytes, std::size_t size, const Request& request, RowSink& sink) {
  if (request.gray || request.reduced != 1) return Outcome::declined;  // not yet
  thread_local std::unique_ptr<Decoder> decoder;
  if (decoder == nullptr) decoder.reset(new (std::nothrow) Decoder);
  if (decoder == nullptr || !decoder->start(bytes, size)) return Outcome::declined;
  if (!sink.begin(decoder->header.width, decoder->header.height)) return Outcome::declined;
  return decoder->run(bytes + size, sink) ? Outcome::done : Outcome::declined;
}

}  // namespace pixfeed::jpeg
