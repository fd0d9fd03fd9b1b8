# PIXFEED_CODECS=vendored: the codecs are built from archives.cmake, static and position-independent, under the names of
# targets that the system's libraries have. They lie in build/codecs/, by what they were made of, so that one build serves
# the wheels of all Pythons.
include(ExternalProject)
include(${CMAKE_CURRENT_LIST_DIR}/archives.cmake)
if(PIXFEED_ARCHIVES AND NOT IS_DIRECTORY "${PIXFEED_ARCHIVES}")
  message(FATAL_ERROR "PIXFEED_ARCHIVES is '${PIXFEED_ARCHIVES}', which is no folder: give the full path of one that has \
the archives of cmake/archives.cmake, or leave it empty to download them")
endif()

# The assembly of libjpeg-turbo, without which it is several times slower.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
  find_program(PIXFEED_NASM NAMES nasm yasm)
  if(NOT PIXFEED_NASM)
    list(APPEND missing "nasm (which libjpeg-turbo is built with)")
    return()
  endif()
endif()

# The place of an archive with this hash: in PIXFEED_ARCHIVES under whatever name, or its URL.
function(pixfeed_locate name version url hash result)
  set(${result} ${url} PARENT_SCOPE)
  if(PIXFEED_ARCHIVES)
    string(REGEX REPLACE "([][*?])" "[\\1]" folder "${PIXFEED_ARCHIVES}")
    file(GLOB files LIST_DIRECTORIES false "${folder}/*")
    foreach(file IN LISTS files)
      if(NOT EXISTS ${file})  # a link to nowhere
        continue()
      endif()
      file(SHA256 ${file} found)
      if(found STREQUAL hash)
        set(${result} ${file} PARENT_SCOPE)
        return()
      endif()
    endforeach()
    message(FATAL_ERROR "PIXFEED_ARCHIVES: no file in '${PIXFEED_ARCHIVES}' is the archive of ${name} ${version}. "
      "Get ${url} (SHA-256 ${hash}) and put it there")
  endif()
endfunction()

# pixfeed_build(NAME TARGET target-there LIBRARY file [SUBDIR folder] [INCLUDE folder...] [AFTER name...]
#   [OPTIONS option...])
# makes the imported target pixfeed::NAME and sets NAME_build, its build folder, where LIBRARY and configured headers lie.
# SUBDIR: where its CMakeLists.txt lies, if not at the top. Folders of INCLUDE are relative to the sources.
function(pixfeed_build name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "TARGET;LIBRARY;SUBDIR" "INCLUDE;AFTER;OPTIONS")
  list(GET pixfeed_archive_${name} 0 version)
  list(GET pixfeed_archive_${name} 1 url)
  list(GET pixfeed_archive_${name} 2 hash)
  list(LENGTH pixfeed_archive_${name} length)
  set(folder "")
  if(length GREATER 3)
    list(GET pixfeed_archive_${name} 3 folder)
  endif()
  cmake_path(APPEND folder "${arg_SUBDIR}" OUTPUT_VARIABLE subdir)  # empty if both are
  pixfeed_locate(${name} ${version} ${url} ${hash} archive)
  message(STATUS "Codecs: ${name} ${version} from ${archive}")

  set(options -DCMAKE_BUILD_TYPE=Release -DCMAKE_POSITION_INDEPENDENT_CODE=ON -DCMAKE_C_VISIBILITY_PRESET=hidden
    -DCMAKE_CXX_VISIBILITY_PRESET=hidden -DCMAKE_VISIBILITY_INLINES_HIDDEN=ON -DBUILD_SHARED_LIBS=OFF
    -DBUILD_TESTING=OFF ${arg_OPTIONS})
  # What this build was told about compilers and platforms.
  foreach(variable IN ITEMS CMAKE_TOOLCHAIN_FILE CMAKE_C_COMPILER CMAKE_CXX_COMPILER CMAKE_C_COMPILER_LAUNCHER
      CMAKE_CXX_COMPILER_LAUNCHER CMAKE_OSX_ARCHITECTURES CMAKE_OSX_DEPLOYMENT_TARGET CMAKE_OSX_SYSROOT CMAKE_MSVC_RUNTIME_LIBRARY)
    if(${variable} AND NOT (CMAKE_TOOLCHAIN_FILE AND variable MATCHES "COMPILER$"))
      list(APPEND options -D${variable}=${${variable}})
    endif()
  endforeach()
  string(SHA256 key "${hash};${options};${CMAKE_CXX_COMPILER_VERSION};${CMAKE_C_FLAGS};${CMAKE_CXX_FLAGS}")
  string(SUBSTRING ${key} 0 12 key)
  set(base ${PROJECT_SOURCE_DIR}/build/codecs/${name}-${version}-${key})
  set(source ${base}/source/${folder})
  set(build ${base}/build)
  set(output ${build}/${arg_LIBRARY})
  add_library(pixfeed::${name} STATIC IMPORTED GLOBAL)
  if(NOT EXISTS ${base}/built)
    ExternalProject_Add(pixfeed_${name}
      PREFIX ${base} SOURCE_DIR ${base}/source SOURCE_SUBDIR ${subdir} BINARY_DIR ${build}
      URL ${archive} URL_HASH SHA256=${hash} DOWNLOAD_NAME ${name}-${version}.tar.gz DOWNLOAD_EXTRACT_TIMESTAMP ON
      CMAKE_ARGS ${options} -DCMAKE_INSTALL_PREFIX=${base}/installed -Wno-dev  # nothing is installed, but it is asked for
      BUILD_COMMAND ${CMAKE_COMMAND} --build ${build} --target ${arg_TARGET} --config Release
      INSTALL_COMMAND ${CMAKE_COMMAND} -E touch ${base}/built
      BUILD_BYPRODUCTS ${output}
      USES_TERMINAL_BUILD ON)  # one after the other, each on all cores
    # The texts that a wheel's metadata has are those of what is in it.
    file(GLOB licenses ${PROJECT_SOURCE_DIR}/licenses/${name}/*)
    set(compare "")
    foreach(license IN LISTS licenses)
      get_filename_component(file ${license} NAME)
      list(APPEND compare COMMAND ${CMAKE_COMMAND} -E compare_files --ignore-eol ${license} ${source}/${file})
    endforeach()
    ExternalProject_Add_Step(pixfeed_${name} licenses DEPENDEES download DEPENDERS configure ${compare})
    add_dependencies(pixfeed::${name} pixfeed_${name})
    foreach(other IN LISTS arg_AFTER)
      if(TARGET pixfeed_${other})
        add_dependencies(pixfeed_${name} pixfeed_${other})
      endif()
    endforeach()
  endif()
  set(includes ${build})
  foreach(include IN LISTS arg_INCLUDE)
    list(APPEND includes ${source}/${include})
  endforeach()
  file(MAKE_DIRECTORY ${includes})  # an imported target's folders must be there
  set_target_properties(pixfeed::${name} PROPERTIES
    IMPORTED_LOCATION ${output} INTERFACE_INCLUDE_DIRECTORIES "${includes}")
  set(${name}_build ${build} PARENT_SCOPE)
endfunction()

# Names of library files: Microsoft's toolchain has its own.
set(lib lib)
set(a .a)
set(static "")
if(MSVC)
  set(lib "")
  set(a .lib)
  set(static -static)
endif()

pixfeed_build(libjpeg-turbo TARGET jpeg-static LIBRARY ${lib}jpeg${static}${a} INCLUDE src
  OPTIONS -DENABLE_SHARED=OFF -DWITH_TURBOJPEG=OFF -DWITH_TOOLS=OFF -DWITH_TESTS=OFF -DREQUIRE_SIMD=ON)
# The compatible interface, which libpng knows. Only inflating is ours, but libpng's file has both sides.
if(MSVC)
  set(z zlibstatic.lib)
else()
  set(z libz.a)
endif()
pixfeed_build(zlib-ng TARGET zlib-ng LIBRARY ${z}
  OPTIONS -DZLIB_COMPAT=ON -DWITH_GZFILEOP=OFF -DWITH_NATIVE_INSTRUCTIONS=OFF)
get_target_property(zlib pixfeed::zlib-ng IMPORTED_LOCATION)
set(png libpng16.a)
if(MSVC)
  set(png libpng16_static.lib)
endif()
pixfeed_build(libpng TARGET png_static LIBRARY ${png} INCLUDE . AFTER zlib-ng
  OPTIONS -DPNG_SHARED=OFF -DPNG_FRAMEWORK=OFF -DPNG_TESTS=OFF -DPNG_TOOLS=OFF -DZLIB_LIBRARY=${zlib}
    -DZLIB_INCLUDE_DIR=${zlib-ng_build})
target_link_libraries(pixfeed::libpng INTERFACE pixfeed::zlib-ng)
if(UNIX)
  target_link_libraries(pixfeed::libpng INTERFACE m)
endif()
set(deflate libdeflate.a)
if(MSVC)
  set(deflate deflatestatic.lib)
endif()
pixfeed_build(libdeflate TARGET libdeflate_static LIBRARY ${deflate} INCLUDE .
  OPTIONS -DLIBDEFLATE_BUILD_SHARED_LIB=OFF -DLIBDEFLATE_BUILD_GZIP=OFF
    -DLIBDEFLATE_COMPRESSION_SUPPORT=OFF)  # with gzip, whose CRC-32 is PNG's
set(off "")
foreach(part IN ITEMS ANIM_UTILS CWEBP DWEBP GIF2WEBP IMG2WEBP VWEBP WEBPINFO LIBWEBPMUX WEBPMUX EXTRAS)
  list(APPEND off -DWEBP_BUILD_${part}=OFF)
endforeach()
pixfeed_build(libwebp TARGET webpdecoder LIBRARY libwebpdecoder${a} INCLUDE src OPTIONS ${off})
pixfeed_build(highway TARGET hwy LIBRARY ${lib}hwy${a} INCLUDE .
  OPTIONS -DHWY_ENABLE_CONTRIB=OFF -DHWY_ENABLE_EXAMPLES=OFF -DHWY_ENABLE_TESTS=OFF -DHWY_ENABLE_INSTALL=OFF
    -DHWY_WARNINGS_ARE_ERRORS=OFF)
set_property(TARGET pixfeed::highway PROPERTY INTERFACE_COMPILE_DEFINITIONS HWY_STATIC_DEFINE)
# Its functions are inlined; the target stands for the header.
pixfeed_build(xxhash TARGET xxhash LIBRARY ${lib}xxhash${a} SUBDIR cmake_unofficial INCLUDE .
  OPTIONS -DXXHASH_BUILD_XXHSUM=OFF)

add_library(JPEG::JPEG ALIAS pixfeed::libjpeg-turbo)
add_library(PNG::PNG ALIAS pixfeed::libpng)
add_library(Deflate::deflate ALIAS pixfeed::libdeflate)
add_library(WebP::webpdecoder ALIAS pixfeed::libwebp)
add_library(hwy::hwy ALIAS pixfeed::highway)
add_library(xxHash::xxhash ALIAS pixfeed::xxhash)

# What a wheel contains, for programs that look for known faults: CycloneDX 1.6, where PEP 770 has it.
if(DEFINED SKBUILD)
  set(components "")
  foreach(name IN LISTS pixfeed_archives)
    list(GET pixfeed_archive_${name} 0 version)
    list(GET pixfeed_archive_${name} 1 url)
    list(GET pixfeed_archive_${name} 2 hash)
    list(APPEND components "    {\"type\": \"library\", \"bom-ref\": \"${name}\", \"name\": \"${name}\", \"version\": \"${version}\",
     \"purl\": \"pkg:generic/${name}@${version}?download_url=${url}&checksum=sha256:${hash}\",
     \"hashes\": [{\"alg\": \"SHA-256\", \"content\": \"${hash}\"}],
     \"externalReferences\": [{\"type\": \"distribution\", \"url\": \"${url}\"}]}")
  endforeach()
  list(JOIN components ",\n" components)
  file(CONFIGURE OUTPUT pixfeed.cdx.json @ONLY CONTENT
"{
  \"bomFormat\": \"CycloneDX\",
  \"specVersion\": \"1.6\",
  \"version\": 1,
  \"metadata\": {\"component\": {\"type\": \"library\", \"bom-ref\": \"pixfeed\", \"name\": \"pixfeed\",
    \"version\": \"@SKBUILD_PROJECT_VERSION_FULL@\", \"purl\": \"pkg:pypi/pixfeed@@SKBUILD_PROJECT_VERSION_FULL@\"}},
  \"components\": [
@components@
  ]
}
")
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/pixfeed.cdx.json DESTINATION ${SKBUILD_METADATA_DIR}/sboms COMPONENT python)
endif()

# All of them, for who needs only their headers.
add_custom_target(pixfeed_codecs)
foreach(name IN LISTS pixfeed_archives)
  if(TARGET pixfeed_${name})
    add_dependencies(pixfeed_codecs pixfeed_${name})
  endif()
endforeach()
