// Format to decoder: the one place that knows which codec reads what.
#pragma once

#include <string>

#include "header.h"
#include "row_sink.h"
#include "scratch.h"
#include "source.h"

namespace pixfeed {

struct DecodeOptions {
  bool strict = false;   // refuse what the codec reads with a mere warning
  bool turbo = false;    // decode every JPEG with libjpeg-turbo, none with our own decoder
  bool defer = false;    // say `unsupported` where this build's codec is known to differ from OpenCV's (see decode_jpeg)
};

// The stored picture, row by row, into `sink`; colours as OpenCV's IMREAD_COLOR gives them, in the order R, G, B.
// Never throws for bad bytes. On failure `note` has the codec's own words, and rows may already have been taken.
Status decode(Bytes bytes, Format format, const DecodeOptions& options, RowSink& sink, Scratch& scratch,
              std::string* note);

// One a codec; called by decode() only.
Status decode_jpeg(Bytes bytes, const DecodeOptions& options, RowSink& sink, Scratch& scratch, std::string* note);
Status decode_png(Bytes bytes, const DecodeOptions& options, RowSink& sink, Scratch& scratch, std::string* note);

// "libjpeg-turbo 2.1.5", "libpng 1.6.39": what runs, not what was compiled against, where the library can say so.
std::string jpeg_version();
std::string png_version();

}  // namespace pixfeed
