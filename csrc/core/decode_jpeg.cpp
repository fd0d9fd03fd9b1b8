// The only file that includes jpeglib.h. Codes against libjpeg-turbo's libjpeg API (6.2 or later).
#include "core/decode.h"

#include <cstdio>  // jpeglib.h needs FILE
// clang-format off
#include <jpeglib.h>
#include <jerror.h>
// clang-format on

#include <csetjmp>
#include <cstring>

#include "core/jpeg/decode.h"

namespace pixfeed {
namespace {

// One decompressor, made anew for every picture: one that is kept would decode a file without Huffman tables with
// those of the file before it.
struct Turbo {
  jpeg_decompress_struct info;
  jpeg_error_mgr error;
  jpeg_source_mgr source;
  std::jmp_buf escape;
  bool reading_scans;    // the end of the bytes need not be an error
  bool rows_missing;     // an error now means that the picture cannot be had
  double min_recovered;  // 1 where nothing can be recovered
  bool ended;            // bytes past the end were asked for
  bool cut_off;          // and rows were made up, because bits are lacking
  unsigned good_rows;    // of MCUs, before the first warning
  char note[JMSG_LENGTH_MAX];

  Turbo();
  ~Turbo() { jpeg_destroy_decompress(&info); }
  Turbo(const Turbo&) = delete;
};

Turbo& self(j_common_ptr info) { return *static_cast<Turbo*>(info->client_data); }

// libjpeg calls this when it cannot go on. It must not return.
[[noreturn]] void on_error(j_common_ptr info) {
  Turbo& turbo = self(info);
  (*info->err->format_message)(info, turbo.note);
  std::longjmp(turbo.escape, 1);
}

// A picture lacks bits that the file ended without: goes on if enough of it is there.
void judge(j_decompress_ptr info) {
  Turbo& turbo = self(reinterpret_cast<j_common_ptr>(info));
  if (turbo.min_recovered >= 1) ERREXIT(info, JERR_INPUT_EOF);
  turbo.cut_off = true;
  std::snprintf(turbo.note, sizeof(turbo.note), "%u %% of the rows are there",
                100 * turbo.good_rows / info->total_iMCU_rows);
  if (turbo.good_rows >= turbo.min_recovered * info->total_iMCU_rows) return;
  info->err->msg_code = JERR_INPUT_EOF;
  std::longjmp(turbo.escape, 1);
}

// Nothing is printed; the first warning is kept for `strict`. Level -1 is a warning, others are traces.
void on_message(j_common_ptr info, int level) {
  if (level >= 0) return;
  Turbo& turbo = self(info);
  if (info->err->num_warnings++ == 0) {
    (*info->err->format_message)(info, turbo.note);
    turbo.good_rows = turbo.info.input_iMCU_row;
  }
  if (turbo.ended && info->err->msg_code == JWRN_HIT_MARKER) judge(&turbo.info);  // it makes bits up from now on
}

// Called if another marker stands where a restart marker is due, which libjpeg then looks for further on.
boolean resync(j_decompress_ptr info, int desired) {
  const boolean found = jpeg_resync_to_restart(info, desired);
  if (self(reinterpret_cast<j_common_ptr>(info)).ended) judge(info);
  return found;
}

// All bytes were there from the start, so this is the end of the file. libjpeg looks ahead: bits may still suffice for
// every pixel. So an end-of-image marker is made up, as libjpeg's own sources do, and a warning tells if they don't.
boolean on_end_of_bytes(j_decompress_ptr info) {
  static const JOCTET kEndOfImage[2] = {0xFF, JPEG_EOI};
  Turbo& turbo = self(reinterpret_cast<j_common_ptr>(info));
  if (!turbo.reading_scans) ERREXIT(info, JERR_INPUT_EOF);
  turbo.ended = true;
  info->src->next_input_byte = kEndOfImage;
  info->src->bytes_in_buffer = sizeof(kEndOfImage);
  return TRUE;
}

void skip(j_decompress_ptr info, long count) {
  jpeg_source_mgr* source = info->src;
  if (count <= 0) return;
  if (static_cast<std::size_t>(count) > source->bytes_in_buffer) {
    source->bytes_in_buffer = 0;
    on_end_of_bytes(info);
    return;
  }
  source->next_input_byte += count;
  source->bytes_in_buffer -= static_cast<std::size_t>(count);
}

Turbo::Turbo() : info{} {
  info.err = jpeg_std_error(&error);
  error.error_exit = on_error;
  error.emit_message = on_message;
  info.client_data = this;
  source.init_source = [](j_decompress_ptr) {};
  source.fill_input_buffer = on_end_of_bytes;
  source.skip_input_data = skip;
  source.resync_to_restart = resync;
  source.term_source = [](j_decompress_ptr) {};
}

Status status_of(int message_code) {
  switch (message_code) {
    case JERR_INPUT_EOF:
      return Status::truncated;
    case JERR_OUT_OF_MEMORY:
      return Status::out_of_memory;
    case JERR_IMAGE_TOO_BIG:
      return Status::too_large;
    case JERR_BAD_PRECISION:
    case JERR_ARITH_NOTIMPL:
    case JERR_SOF_UNSUPPORTED:
    case JERR_CONVERSION_NOTIMPL:
    case JERR_COMPONENT_COUNT:
    case JERR_NOT_COMPILED:
    case JERR_FRACT_SAMPLE_NOTIMPL:
    case JERR_CCIR601_NOTIMPL:
      return Status::unsupported;
    default:
      return Status::corrupt;
  }
}

// Inverted CMYK, as Adobe writes it, to RGB: OpenCV's formula (icvCvt_CMYK2BGR_8u_C4C3R).
void cmyk_to_rgb(const std::uint8_t* cmyk, int width, std::uint8_t* rgb) {
  for (int x = 0; x < width; ++x, cmyk += 4, rgb += 3) {
    const int k = cmyk[3];
    for (int c = 0; c < 3; ++c) rgb[c] = static_cast<std::uint8_t>(k - ((255 - cmyk[c]) * k >> 8));
  }
}

// A progressive picture whose scans leave its low frequencies unfinished is smoothed by libjpeg-turbo, and versions
// before 3.0.1 did that wrongly at some edges (its ChangeLog, 3.0.1, item 2). OpenCV and Pillow carry a newer one.
bool smoothed_by_old_rules(const jpeg_decompress_struct& info) {
#if defined(LIBJPEG_TURBO_VERSION_NUMBER) && LIBJPEG_TURBO_VERSION_NUMBER >= 3000001
  (void)info;
#else
  constexpr int kSmoothed = 9;  // coefficients 1 to 9, the first of them in zigzag order
  if (info.progressive_mode && info.coef_bits != nullptr) {
    for (int c = 0; c < info.num_components; ++c) {
      for (int k = 1; k <= kSmoothed; ++k) {
        if (info.coef_bits[c][k] != 0) return true;
      }
    }
  }
#endif
  return false;
}

constexpr int kRows = 4;  // libjpeg hands out at most this many rows a call (its largest vertical sampling factor)

// OpenCV's formula for the same picture in gray (icvCvt_CMYK2Gray_8u_C4C1R).
void cmyk_to_gray(const std::uint8_t* cmyk, int width, std::uint8_t* gray) {
  for (int x = 0; x < width; ++x, cmyk += 4) {
    const int k = cmyk[3];
    int rgb[3];
    for (int c = 0; c < 3; ++c) rgb[c] = k - ((255 - cmyk[c]) * k >> 8);
    // 0.299, 0.587 and 0.114 in 14 bits
    gray[x] = static_cast<std::uint8_t>((rgb[0] * 4899 + rgb[1] * 9617 + rgb[2] * 1868 + (1 << 13)) >> 14);
  }
}

// Whether the scans of a picture that has several bring all bits of all its coefficients. Of a progressive one libjpeg
// keeps how many low bits are lacking, or -1; any component that had a scan has its quantisation table.
bool scans_complete(const jpeg_decompress_struct& info) {
  for (int c = 0; c < info.num_components; ++c) {
    if (info.comp_info[c].quant_table == nullptr) return false;
    for (int k = 0; info.progressive_mode && k < DCTSIZE2; ++k) {
      if (info.coef_bits[c][k] != 0) return false;
    }
  }
  return true;
}

// After the last row. What the file lacks or has too much by then does no harm, unless it is to be strict.
Status outcome(const Turbo& turbo, bool strict) {
  if (strict && turbo.ended) return Status::truncated;
  if (strict && turbo.error.num_warnings > 0) return Status::corrupt;
  return turbo.cut_off ? Status::recovered : Status::ok;
}

// The frame that longjmp comes back to: every local is trivial. Rows go to `sink` between the calls into libjpeg, so
// no C++ frame is ever jumped over.
Status run(Turbo& turbo, Bytes bytes, const Request& request, const DecodeOptions& options, RowSink& sink,
           Buffer& buffer) {
  jpeg_decompress_struct& info = turbo.info;
  turbo.reading_scans = false;
  turbo.rows_missing = true;
  turbo.min_recovered = 1;
  turbo.ended = turbo.cut_off = false;
  turbo.good_rows = 0;
  turbo.note[0] = '\0';
  if (setjmp(turbo.escape) != 0) {
    const int code = info.err->msg_code;
    if (turbo.rows_missing) {  // made-up bytes may be at fault
      return turbo.ended && code != JERR_OUT_OF_MEMORY ? Status::truncated : status_of(code);
    }
    ++info.err->num_warnings;  // an error behind the picture
    return outcome(turbo, options.strict);
  }
  jpeg_create_decompress(&info);
  info.src = &turbo.source;
  turbo.source.next_input_byte = bytes.data;
  turbo.source.bytes_in_buffer = bytes.size;
  info.err->num_warnings = 0;
  jpeg_read_header(&info, TRUE);

  const bool cmyk = info.num_components == 4;
  info.out_color_space = cmyk ? JCS_CMYK : request.gray ? JCS_GRAYSCALE : JCS_RGB;
  info.scale_num = 1;
  info.scale_denom = static_cast<unsigned>(request.reduced);
  info.dct_method = JDCT_ISLOW;
  info.do_fancy_upsampling = TRUE;
  if (!options.strict && !jpeg_has_multiple_scans(&info) && !info.arith_code) {
    turbo.min_recovered = options.min_recovered;
  }
  turbo.reading_scans = info.arith_code == FALSE;  // an arithmetic coder leaves zeros at the end out
  jpeg_start_decompress(&info);
  if (turbo.ended && jpeg_has_multiple_scans(&info) && !scans_complete(info)) ERREXIT(&info, JERR_INPUT_EOF);
  const bool whole = info.output_width == info.image_width && info.output_height == info.image_height;
  if (!sink.begin(static_cast<int>(info.output_width), static_cast<int>(info.output_height))) {
    // A lossless one, which libjpeg-turbo reads from 3.0 on, but does not reduce. The opencv backend resizes it.
    return request.reduced > 1 && whole ? Status::unsupported : Status::corrupt;
  }
  const bool approximate = request.low_pass && request.reduced > 1;
  if (options.defer && !approximate && smoothed_by_old_rules(info)) return Status::unsupported;

  const Area area = sink.area();
  const int end = request.whole ? static_cast<int>(info.output_height) : area.bottom();
  const std::size_t stride = static_cast<std::size_t>(info.output_width) * 4;
  std::uint8_t* rows = buffer.get((kRows + 2) * stride);
  if (rows == nullptr) ERREXIT1(&info, JERR_OUT_OF_MEMORY, 0);
  JSAMPROW pointers[kRows];
  for (int i = 0; i < kRows; ++i) pointers[i] = rows + static_cast<std::size_t>(i) * stride;
  std::uint8_t* const converted = rows + kRows * stride;
  std::uint8_t* const luma = converted + stride;

  while (info.output_scanline < info.output_height) {
    if (static_cast<int>(info.output_scanline) >= end) return outcome(turbo, options.strict);
    const int y = static_cast<int>(info.output_scanline);
    const int n = static_cast<int>(jpeg_read_scanlines(&info, pointers, kRows));
    for (int i = 0; i < n; ++i) {
      if (!sink.wants(y + i)) continue;
      const std::uint8_t* row = pointers[i] + static_cast<std::ptrdiff_t>(area.x) * info.output_components;
      if (request.gray) {
        if (cmyk) cmyk_to_gray(row, area.width, luma);
        gray_to_rgb(cmyk ? luma : row, area.width, converted);
      } else if (cmyk) {
        cmyk_to_rgb(row, area.width, converted);
      }
      sink.put_row(y + i, cmyk || request.gray ? converted : row);
    }
  }
  turbo.rows_missing = false;
  turbo.reading_scans = true;
  jpeg_finish_decompress(&info);
  return outcome(turbo, options.strict);
}

}  // namespace

Status decode_jpeg(Bytes bytes, const Request& request, const DecodeOptions& options, RowSink& sink, Scratch& scratch,
                   std::string* note) {
  if (!options.turbo && jpeg::decode(bytes.data, bytes.size, request, sink) == jpeg::Outcome::done) return Status::ok;
  Turbo turbo;
  const Status status = run(turbo, bytes, request, options, sink, scratch.codec);
  if (status != Status::ok) *note = turbo.note;
  return status;
}

std::string jpeg_version() {
  // The library only says its version in the text of a trace; the header's number is what it was built against.
#define PIXFEED_TEXT_(x) #x
#define PIXFEED_TEXT(x) PIXFEED_TEXT_(x)
#ifdef LIBJPEG_TURBO_VERSION
  return "libjpeg-turbo " PIXFEED_TEXT(LIBJPEG_TURBO_VERSION);
#else
  return "libjpeg " PIXFEED_TEXT(JPEG_LIB_VERSION);
#endif
}

}  // namespace pixfeed
