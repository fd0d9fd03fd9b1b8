#pragma once

#include <pybind11/pybind11.h>

void bind_list(pybind11::module_& m);  // parse_list
