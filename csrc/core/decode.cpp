// Which decoder reads which format.
#include "core/decode.h"

namespace pixfeed {

Status decode(Bytes bytes, Format format, const Request& request, const DecodeOptions& options, RowSink& sink,
              Scratch& scratch, std::string* note) {
  switch (format) {
    case Format::jpeg:
      return decode_jpeg(bytes, request, options, sink, scratch, note);
    case Format::png:
      return decode_png(bytes, request, options, sink, scratch, note);
    case Format::webp:
      return decode_webp(bytes, request, options, sink, scratch, note);
    case Format::unknown:
      break;
  }
  return Status::unsupported;
}

}  // namespace pixfeed
