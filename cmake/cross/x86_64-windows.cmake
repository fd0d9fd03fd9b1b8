set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_SYSTEM_PROCESSOR AMD64)
set(CMAKE_CROSSCOMPILING_EMULATOR wine)
set(triple x86_64-windows-gnu)
# A part of AVX-512 for clang, which zig switches off if nobody asks for it.
set(CMAKE_C_FLAGS_INIT -mevex512)
set(CMAKE_CXX_FLAGS_INIT -mevex512)
include(${CMAKE_CURRENT_LIST_DIR}/zig.cmake)
