# PIXFEED_CODECS=system: the libraries that are installed, where they are new enough for the same pixels as OpenCV's and
# Pillow's. Appends to `missing` what is not there, or too old.
find_package(JPEG QUIET)
find_package(PNG 1.6.39 QUIET)
# pixfeed_find(NAME target header library...): a library that comes without a file for CMake, or may.
macro(pixfeed_find name target header)
  find_path(${name}_INCLUDE_DIR ${header})
  find_library(${name}_LIBRARY NAMES ${ARGN})
  if(${name}_INCLUDE_DIR AND ${name}_LIBRARY)
    set(${name}_FOUND TRUE)
    if(NOT TARGET ${target})
      add_library(${target} UNKNOWN IMPORTED)
      set_target_properties(${target} PROPERTIES
        IMPORTED_LOCATION ${${name}_LIBRARY} INTERFACE_INCLUDE_DIRECTORIES ${${name}_INCLUDE_DIR})
    endif()
  endif()
endmacro()
pixfeed_find(WebP WebP::webpdecoder webp/decode.h webpdecoder webp)  # the decoder alone, where it stands by itself
pixfeed_find(Deflate Deflate::deflate libdeflate.h deflate)
pixfeed_find(XxHash xxHash::xxhash xxhash.h xxhash)
find_package(hwy 1.0.3 CONFIG QUIET)
if(JPEG_FOUND)
  include(CheckCXXSourceCompiles)
  set(CMAKE_REQUIRED_LIBRARIES JPEG::JPEG)
  if("${PIXFEED_JPEG_IS_NEW}" STREQUAL "")  # not asked yet, or too old then: it may have been updated
    unset(PIXFEED_JPEG_IS_NEW CACHE)
  endif()
  check_cxx_source_compiles("
#include <cstdio>
#include <jpeglib.h>
#if LIBJPEG_TURBO_VERSION_NUMBER < 2001000
#error too old
#endif
int main() {}" PIXFEED_JPEG_IS_NEW)
  unset(CMAKE_REQUIRED_LIBRARIES)
  if(NOT PIXFEED_JPEG_IS_NEW)
    list(APPEND missing "JPEG (libjpeg-turbo 2.1 or newer)")
  endif()
else()
  list(APPEND missing JPEG)
endif()
if(NOT PNG_FOUND)
  list(APPEND missing "PNG (libpng 1.6.39 or newer)")
endif()
if(NOT Deflate_FOUND)
  list(APPEND missing libdeflate)
endif()
if(NOT XxHash_FOUND)
  list(APPEND missing xxHash)
endif()
if(NOT WebP_FOUND)
  list(APPEND missing WebP)
endif()
if(NOT hwy_FOUND)
  list(APPEND missing "hwy (Highway 1.0.3 or newer)")
endif()
if(NOT missing)
  message(STATUS "Codecs: the system's, which are new enough (libpng ${PNG_VERSION_STRING}, Highway ${hwy_VERSION})")
endif()
