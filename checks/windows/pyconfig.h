// What Python.h and pybind11 need of the pyconfig.h that CPython has for Windows: for checks/portability.py.
// Included first, so that the pyconfig.h of this machine is left out.
#pragma once
#define Py_PYCONFIG_H
#define MS_WINDOWS
#define MS_WIN32
#define MS_WIN64
#define HAVE_DECLSPEC_DLL
#define NT_THREADS
#define HAVE_STDDEF_H
#define HAVE_SYS_STAT_H
#define HAVE_SYS_TYPES_H
#define HAVE_WCHAR_H
#define SIZEOF_SHORT 2
#define SIZEOF_INT 4
#define SIZEOF_LONG 4
#define SIZEOF_LONG_LONG 8
#define SIZEOF_FLOAT 4
#define SIZEOF_DOUBLE 8
#define SIZEOF_VOID_P 8
#define SIZEOF_SIZE_T 8
#define SIZEOF_TIME_T 8
#define SIZEOF_WCHAR_T 2
#define HAVE_PY_SSIZE_T
typedef long long Py_ssize_t;
#define PY_SSIZE_T_MAX 9223372036854775807LL
