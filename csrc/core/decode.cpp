#include "decode.h"

namespace pixfeed {

Status decode(Bytes bytes, const Header& header, const DecodeOptions& options, RowSink& sink, Scratch& scratch,
              std::string* note) {
  switch (header.format) {
    case Format::jpeg:
      return decode_jpeg(bytes, header, options, sink, scratch, note);
    case Format::png:
      return decode_png(bytes, header, options, sink, scratch, note);
    case Format::unknown:
      break;
  }
  return Status::unsupported;
}

}  // namespace pixfeed
