# PIXFEED_CODECS=system: the libraries that are installed, where they are new enough for the same pixels as OpenCV's and
# Pillow's. Appends to `missing` what is not there, or too old.
find_package(JPEG QUIET)
find_package(PNG 1.6.39 QUIET)
find_path(WEBP_INCLUDE_DIR webp/decode.h)
find_library(WEBP_LIBRARY NAMES webpdecoder webp)  # the decoder alone, where it stands by itself
if(WEBP_INCLUDE_DIR AND WEBP_LIBRARY)
  set(WebP_FOUND TRUE)
  if(NOT TARGET WebP::webpdecoder)
    add_library(WebP::webpdecoder UNKNOWN IMPORTED)
    set_target_properties(WebP::webpdecoder PROPERTIES
      IMPORTED_LOCATION ${WEBP_LIBRARY} INTERFACE_INCLUDE_DIRECTORIES ${WEBP_INCLUDE_DIR})
  endif()
endif()
find_path(DEFLATE_INCLUDE_DIR libdeflate.h)  # its older versions come without a file for CMake
find_library(DEFLATE_LIBRARY deflate)
if(DEFLATE_INCLUDE_DIR AND DEFLATE_LIBRARY)
  set(Deflate_FOUND TRUE)
  if(NOT TARGET Deflate::deflate)
    add_library(Deflate::deflate UNKNOWN IMPORTED)
    set_target_properties(Deflate::deflate PROPERTIES
      IMPORTED_LOCATION ${DEFLATE_LIBRARY} INTERFACE_INCLUDE_DIRECTORIES ${DEFLATE_INCLUDE_DIR})
  endif()
endif()
find_package(hwy 1.0.3 CONFIG QUIET)
if(JPEG_FOUND)
  include(CheckCXXSourceCompiles)
  set(CMAKE_REQUIRED_LIBRARIES JPEG::JPEG)
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
if(NOT WebP_FOUND)
  list(APPEND missing WebP)
endif()
if(NOT hwy_FOUND)
  list(APPEND missing "hwy (Highway 1.0.3 or newer)")
endif()
if(NOT missing)
  message(STATUS "Codecs: the system's, which are new enough (libpng ${PNG_VERSION_STRING}, Highway ${hwy_VERSION})")
endif()
