# The compiler of `make portability`, as a toolchain: the clang that comes with zig, and its headers and C libraries of
# the platform that `triple` names. $ENV{ZIG} is the program.
set(CMAKE_C_COMPILER $ENV{ZIG} cc -target ${triple})
set(CMAKE_CXX_COMPILER $ENV{ZIG} c++ -target ${triple})
# CMake wants each of these to be one program.
foreach(tool IN ITEMS ar ranlib)
  set(program ${CMAKE_BINARY_DIR}/zig-${tool})
  if(NOT EXISTS ${program})
    file(WRITE ${program} "#!/bin/sh\nexec $ENV{ZIG} ${tool} \"$@\"\n")
    file(CHMOD ${program} PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE)
  endif()
  string(TOUPPER ${tool} name)
  set(CMAKE_${name} ${program})
  set(CMAKE_C_COMPILER_${name} ${program})
  set(CMAKE_CXX_COMPILER_${name} ${program})
endforeach()
