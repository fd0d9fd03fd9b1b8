// What each file of this folder adds to the extension.
#pragma once

#include <pybind11/pybind11.h>

void register_batch(pybind11::module_& m);    // open, Opened, resample, cancel
void register_cache(pybind11::module_& m);    // Store, key_of
void register_collate(pybind11::module_& m);  // gather_tensors, gather_arrays, gather_bools, gather_ints, gather_floats
void register_info(pybind11::module_& m);     // codecs, simd_target, struct_offsets
void register_list(pybind11::module_& m);     // parse_list, collect_words
void register_masks(pybind11::module_& m);    // read_masks
void register_mix(pybind11::module_& m);      // mix
void register_names(pybind11::module_& m);    // read_names
void register_pictures(pybind11::module_& m);  // write_pictures
