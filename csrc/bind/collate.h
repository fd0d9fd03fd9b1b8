// What collate.cpp adds to the extension.
#pragma once

#include <pybind11/pybind11.h>

void bind_collate(pybind11::module_& m);
