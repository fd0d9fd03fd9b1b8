#!/usr/bin/env bash
# Installs the system packages that the extension is built from, if any is missing: as root or with sudo. Without
# either it prints the one line to run and goes on; pixfeed then works through OpenCV.
# Usage: system_packages.sh [--tests | --fuzz | --peers | --wheel | --aarch64-linux | --x86_64-windows] PYTHON
# --tests: for the tests of the C++ core, too; --fuzz: for `make fuzz` as well; --peers: for `make bench-peers`;
# --wheel: for `make wheel`; --aarch64-linux, --x86_64-windows: for `make test-arm` and `make test-windows`.
set -u
for_=
case ${1:-} in --tests | --fuzz | --peers | --wheel | --aarch64-linux | --x86_64-windows)
  for_=${1#--}
  shift
  ;;
esac
python=${1:-python3}

missing=()
need() { # packages, test command...
  local packages
  read -ra packages <<<"$1"
  shift
  "$@" >/dev/null 2>&1 || missing+=("${packages[@]}")
}
# shellcheck disable=SC2329 # need calls it
compiles() { echo "#include <cstdio>
#include <$1>" | c++ -std=c++20 -fsyntax-only -x c++ -; }
need g++ c++ --version
need libjpeg-dev compiles jpeglib.h
need libpng-dev compiles png.h
need libdeflate-dev compiles libdeflate.h
need libwebp-dev compiles webp/decode.h
need libhwy-dev compiles hwy/highway.h
need libxxhash-dev compiles xxhash.h
need python3-venv "$python" -c 'import ensurepip, venv'
need python3-dev "$python" -c 'import os, sysconfig; os.stat(sysconfig.get_paths()["include"] + "/Python.h")'
if [ -n "$for_" ] && [ "$for_" != peers ] && [ "$for_" != wheel ]; then
  need doctest-dev compiles doctest/doctest.h
fi
if [ "$for_" = fuzz ]; then
  need "clang libclang-rt-dev" sh -c "command -v clang++ || command -v clang++-14"
elif [ "$for_" = wheel ]; then
  need nasm sh -c "command -v nasm || [ $(uname -m) != x86_64 ]"
elif [ "$for_" = aarch64-linux ]; then
  need qemu-user qemu-aarch64 --version
  need libc6-arm64-cross test -e /usr/aarch64-linux-gnu/lib
elif [ "$for_" = x86_64-windows ]; then
  need nasm nasm --version
  need "wine wine64" sh -c "command -v wine"
elif [ "$for_" = peers ]; then
  need ffmpeg ffmpeg -version # SPDL
  need pkg-config pkg-config --version
  need "libopencv-dev libturbojpeg0-dev" pkg-config --exists opencv4 libturbojpeg # FFCV
fi
[ ${#missing[@]} -eq 0 ] && exit 0

line="apt-get install -y ${missing[*]}"
if ! command -v apt-get >/dev/null; then
  echo "pixfeed: these are missing, under their Debian names: ${missing[*]}. Without them it works through OpenCV."
  exit 0
fi
if [ "$(id -u)" -eq 0 ]; then
  as_root=()
elif command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
  as_root=(sudo)
else
  echo "pixfeed: for the native backend run: sudo $line. Going on without it, through OpenCV."
  exit 0
fi
echo "pixfeed: installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq </dev/null
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${missing[@]}" </dev/null >/dev/null ||
  echo "pixfeed: that failed. Run: sudo $line. Going on without it, through OpenCV."
exit 0
