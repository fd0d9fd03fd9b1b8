#!/usr/bin/env bash
# Builds the codecs that go into wheels, static, from their own repositories at fixed commits, into PREFIX.
# Used inside the manylinux images, whose own libjpeg-turbo (1.5) does not give the pixels that OpenCV's gives.
# libjpeg-turbo: the version that OpenCV 5 carries. Needs git, cmake, a compiler, zlib and, for x86-64, nasm.
# Usage: build_codecs.sh PREFIX
set -euo pipefail
prefix=${1:?usage: build_codecs.sh PREFIX}

build() { # name, repository, commit, cmake options...
  local name=$1 url=$2 commit=$3
  shift 3
  git init -q "$name"
  git -C "$name" fetch -q --depth 1 "$url" "$commit"
  git -C "$name" checkout -q FETCH_HEAD
  cmake -S "$name" -B "$name/build" -DCMAKE_BUILD_TYPE=Release -DCMAKE_POSITION_INDEPENDENT_CODE=ON \
    -DCMAKE_INSTALL_PREFIX="$prefix" -DCMAKE_INSTALL_LIBDIR=lib "$@" -Wno-dev >"$name.log" 2>&1 ||
    { cat "$name.log"; exit 1; }
  cmake --build "$name/build" --parallel --target install >>"$name.log" 2>&1 || { tail -50 "$name.log"; exit 1; }
  echo "built $name"
}

command -v nasm >/dev/null || [ "$(uname -m)" != x86_64 ] || dnf install -y -q nasm
command -v dnf >/dev/null && dnf install -y -q zlib-devel git
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# libjpeg-turbo 3.1.2
build libjpeg-turbo https://github.com/libjpeg-turbo/libjpeg-turbo 4e151a4ad91001b3aa8c2ece2205c15f487ce320 \
  -DENABLE_SHARED=0 -DWITH_TURBOJPEG=0 -DWITH_TOOLS=0 -DREQUIRE_SIMD=1
# libpng 1.6.58
build libpng https://github.com/pnggroup/libpng 3061454d980de7d53608f594194cfac722721d2a \
  -DPNG_SHARED=OFF -DPNG_TESTS=OFF -DPNG_TOOLS=OFF
# libdeflate 1.25: the decoder alone
build libdeflate https://github.com/ebiggers/libdeflate c8c56a20f8f621e6a966b716b31f1dedab6a41e3 \
  -DLIBDEFLATE_BUILD_SHARED_LIB=OFF -DLIBDEFLATE_BUILD_GZIP=OFF -DLIBDEFLATE_COMPRESSION_SUPPORT=OFF \
  -DLIBDEFLATE_GZIP_SUPPORT=OFF
# libwebp 1.6.0: the decoder alone
build libwebp https://github.com/webmproject/libwebp 4fa21912338357f89e4fd51cf2368325b59e9bd9 \
  -DBUILD_SHARED_LIBS=OFF -DWEBP_BUILD_CWEBP=OFF -DWEBP_BUILD_DWEBP=OFF -DWEBP_BUILD_GIF2WEBP=OFF \
  -DWEBP_BUILD_IMG2WEBP=OFF -DWEBP_BUILD_VWEBP=OFF -DWEBP_BUILD_WEBPINFO=OFF -DWEBP_BUILD_WEBPMUX=OFF \
  -DWEBP_BUILD_EXTRAS=OFF -DWEBP_BUILD_ANIM_UTILS=OFF
# highway 1.2.0
build highway https://github.com/google/highway 457c891775a7397bdb0376bb1031e6e027af1c48 \
  -DBUILD_TESTING=OFF -DHWY_ENABLE_TESTS=OFF -DHWY_ENABLE_EXAMPLES=OFF -DHWY_ENABLE_CONTRIB=OFF
