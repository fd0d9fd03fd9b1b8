// Format to decoder: the one place that knows which codec reads what.
#pragma once

#include <string>

#include "core/header.h"
#include "core/request.h"
#include "core/row_sink.h"
#include "core/scratch.h"
#include "core/source.h"

namespace pixfeed {

struct DecodeOptions {
  bool strict = false;  // refuse what the codec reads with a mere warning
  bool turbo = false;   // decode every JPEG with libjpeg-turbo, none with our own decoder
  bool libpng = false;  // decode every PNG with libpng, none with our own path
  // A JPEG that is cut off is `recovered`, with the pixels that libjpeg makes up, if at least this share of its rows of
  // MCUs is there: 0 to 1, where 1 means never. One scan only: in the others no row is complete. Not when strict.
  double min_recovered = 1;
  bool defer = false;  // say `unsupported` where this build's codec is known to differ from OpenCV's (see decode_jpeg)
};

// The stored picture, row by row, into `sink`; pixels as OpenCV gives them, in the order R, G, B. Formats other than
// JPEG have no reduced sizes. Never throws for bad bytes. On failure `note` has the codec's own words, and rows may
// already have been taken.
Status decode(Bytes bytes, Format format, const Request& request, const DecodeOptions& options, RowSink& sink,
              Scratch& scratch, std::string* note);

// One a codec; called by decode() only.
Status decode_jpeg(Bytes bytes, const Request& request, const DecodeOptions& options, RowSink& sink, Scratch& scratch,
                   std::string* note);
Status decode_png(Bytes bytes, const Request& request, const DecodeOptions& options, RowSink& sink, Scratch& scratch,
                  std::string* note);
Status decode_webp(Bytes bytes, const Request& request, const DecodeOptions& options, RowSink& sink, Scratch& scratch,
                   std::string* note);

// For decoders of gray rows: each of `width` values three times.
inline void gray_to_rgb(const std::uint8_t* gray, int width, std::uint8_t* rgb) {
  for (int x = 0; x < width; ++x, rgb += 3) rgb[0] = rgb[1] = rgb[2] = gray[x];
}

// "libjpeg-turbo 2.1.5", "libpng 1.6.39": what runs, not what was compiled against, where the library can say so.
std::string jpeg_version();
std::string png_version();
std::string inflate_version();  // of the zlib that libpng uses
std::string webp_version();

}  // namespace pixfeed
