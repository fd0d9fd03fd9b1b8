#!/usr/bin/env bash
# Installs what benchmarks.peers compares pixfeed with, into .venv-peers; what cannot be had is left out, and the
# benchmark names it. Usage: install.sh PYTHON [--cuda | --judge]
# --cuda: torchvision, torchcodec and timm as well, into .venv-peers-cuda. --judge: only what tests/judge_*.py need, which
# is torchvision, timm and pixfeed, into .venv-peers-cuda.
set -u
cd "$(dirname "$0")/../.." || exit 1
python=${1:-python3}

environment() { # folder
  [ -x "$1/bin/python" ] || "$python" -m venv "$1" || exit 1
  pip=("$1/bin/python" -m pip --disable-pip-version-check -q)
  "${pip[@]}" install --upgrade "pip>=25.1"
}
try() { # name, command...
  local name=$1
  shift
  "$@" || echo "pixfeed: $name could not be installed; the benchmark goes without it."
}

if [ "${2:-}" = --judge ]; then
  environment .venv-peers-cuda
  "${pip[@]}" install "torch>=2.14" "torchvision>=0.29" "timm>=1.0.31" "pillow>=13" "opencv-python-headless>=4.8" "rich>=13" \
    "scikit-build-core>=0.11" "pybind11>=3.0" cmake ninja &&
    "${pip[@]}" install --no-build-isolation --no-deps -e .
  exit
fi

environment .venv-peers
# "setuptools<81" has pkg_resources, which FFCV is built with.
"${pip[@]}" install -c constraints.txt numpy torch "scikit-build-core>=0.11" "pybind11>=3.0" cmake ninja \
  "setuptools<81" wheel "opencv-python-headless>=4.8" "pillow>=10" --group demo || exit 1
"${pip[@]}" install --no-build-isolation --no-deps . || exit 1
try simplejpeg "${pip[@]}" install simplejpeg
try imagecodecs "${pip[@]}" install imagecodecs # its spng is measured by benchmarks.formats
try kornia-rs "${pip[@]}" install --no-deps kornia-rs
try TurboLoader "${pip[@]}" install --no-deps turboloader==2.39.0 # NumPy is there
try tf.data "${pip[@]}" install tensorflow-cpu
try Grain "${pip[@]}" install grain
try DALI "${pip[@]}" install nvidia-dali-cuda120 # the wheel works without a GPU, too
try SPDL "${pip[@]}" install spdl-core spdl-io
# FFCV asks for opencv-python, which would lie over the headless one.
try FFCV "${pip[@]}" install -c constraints.txt numba terminaltables assertpy fastargs psutil tqdm pytorch-pfn-extras
try FFCV timeout 600 "${pip[@]}" install --no-build-isolation --no-deps ffcv

# On PyPI torchvision and torchcodec exist for torch's CUDA build only, which brings gigabytes of libraries. They work
# without a GPU.
if [ "${2:-}" = --cuda ]; then
  environment .venv-peers-cuda
  try "torchvision, torchcodec" "${pip[@]}" install "torch>=2.14" "torchvision>=0.29" "torchcodec>=0.17"
  try timm "${pip[@]}" install "timm>=1.0.31"
fi
exit 0
