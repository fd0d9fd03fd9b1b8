#pragma once

#include <pybind11/pybind11.h>

void bind_pictures(pybind11::module_& m);  // take
