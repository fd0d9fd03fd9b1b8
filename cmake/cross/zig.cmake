# The compiler of `make portability`, as a toolchain: the clang that comes with zig, and its headers and C libraries of
# the platform that `triple` names. $ENV{ZIG} is the program. Its tools have to be one word each: libpng calls them.
foreach(tool IN ITEMS cc c++ ar ranlib)
  set(zig_${tool} ${CMAKE_BINARY_DIR}/zig-${tool})
  set(options "")
  set(linking "")
  if(tool MATCHES "^c")
    set(options "-target ${triple}")
    # zig builds the C library anew for each set of CPU flags that it links with, which takes a minute: none.
    set(linking "case \" $* \" in *' -c '*) ;; *)
  for word; do shift; case $word in -m*) ;; *) set -- \"$@\" \"$word\" ;; esac; done ;;
esac
")
  endif()
  if(NOT EXISTS ${zig_${tool}})
    file(WRITE ${zig_${tool}} "#!/bin/sh\n${linking}exec $ENV{ZIG} ${tool} ${options} \"$@\"\n")
    file(CHMOD ${zig_${tool}} PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE)
  endif()
endforeach()
set(CMAKE_C_COMPILER ${zig_cc})
set(CMAKE_CXX_COMPILER ${zig_c++})
foreach(tool IN ITEMS ar ranlib)
  string(TOUPPER ${tool} name)
  foreach(variable IN ITEMS CMAKE_${name} CMAKE_C_COMPILER_${name} CMAKE_CXX_COMPILER_${name})
    set(${variable} ${zig_${tool}})
  endforeach()
endforeach()
set(CMAKE_CXX_SCAN_FOR_MODULES OFF)  # there are none, and zig has no program that looks for them
