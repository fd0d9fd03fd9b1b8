// Rows are converted and handed on while they are in cache.
#include "core/png/decode.h"

#include "core/png/convert.h"
#include "core/png/layout.h"
#include "core/png/rows.h"

namespace pixfeed::png {

Outcome decode(Bytes file, const Request& request, RowSink& sink, Buffer& memory) {
  Layout layout;
  if (!read_layout(file, request, layout) || !sink.begin(layout.width, layout.height)) return Outcome::declined;
  const Area area = sink.area();
  const int count = request.whole ? layout.height : area.bottom();
  Rows rows;
  if (!rows.start(layout, count, Converter::memory(layout), memory)) return Outcome::declined;
  Converter converter;
  converter.start(layout, request.gray, rows.more());
  for (int y = 0; y < count; ++y) {
    const std::uint8_t* const row = rows.take();
    if (row == nullptr) return Outcome::declined;
    if (sink.needs(y)) sink.put_row(y, converter.convert(row, area.x, area.width));
  }
  return Outcome::done;
}

}  // namespace pixfeed::png
