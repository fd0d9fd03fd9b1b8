// filter_row for CPUs with AVX-512 VBMI and VNNI (Intel since Ice Lake, AMD since Zen 4). Highway 1.0.3 has no names
// for these instructions, so this one room speaks to the CPU directly.
#pragma once

#include "core/resample/pillow_kernels.h"

namespace pixfeed::kernels {

// Whether this CPU has them, and Highway has not been told to do without.
bool has_vnni();

// As packed_bytes, lay_out and filter_row.
std::size_t vnni_packed_bytes(int n, int taps);
void vnni_prepare(RowFilter& filter);
void vnni_filter_row(const RowFilter& filter, const std::uint8_t* row, std::uint8_t* rgb);

}  // namespace pixfeed::kernels
