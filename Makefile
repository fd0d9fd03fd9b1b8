# Everything is set up by itself: system packages (cmake/system_packages.sh), .venv, the package. CI calls `make test`.
.DEFAULT_GOAL := help
.PHONY: help demo test test-quick test-core asan tsan tidy fuzz hostile bench bench-peers lint lint-python lint-spelling \
  lint-shell lint-cpp lint-github format types judge judge-transforms wheel check-wheel portability \
  test-arm test-windows setup clean
SHELL := /bin/bash

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check
DATA   ?=
LIST   ?=

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## */\t/' | awk -F'\t' '{printf "make %-16s %s\n", $$1, $$2}'
	@echo
	@echo "make demo DATA=folder LIST=file runs it on your own pictures: FILE has lines such as '0.jpg 0'."

demo: setup  ## the main job on real pictures: list file to batches, speeds, and a contact sheet (demo.png)
	$(BIN)/python -m examples.demo $(if $(DATA),--data "$(DATA)") $(if $(LIST),--list "$(LIST)")

# The tests run in as many processes as there are cores. The slowest ten are listed; the last line says how many passed.
JOBS   ?= $(shell nproc)
PYTEST := $(BIN)/python -m pytest --numprocesses $(JOBS) --maxprocesses 8 --dist worksteal --durations 10
test: setup test-core  ## every test, on both backends
	$(PYTEST)

test-quick: setup  ## nearly all of the Python tests, without the slow ones: two minutes on two cores
	$(PYTEST) -m "not slow"

# $(call build,PRESET): configures and builds quietly; shows what was said if it fails.
build = { $(BIN)/cmake --preset $(1) $(2) >build-$(1).log 2>&1 && \
  $(BIN)/cmake --build --preset $(1) --parallel $$(nproc) >>build-$(1).log 2>&1 || { cat build-$(1).log; exit 1; }; \
  rm -f build-$(1).log; }

test-core: setup  ## the tests of the C++ core
	@if $(BIN)/python -c 'import pixfeed._native' 2>/dev/null; then \
	  bash cmake/system_packages.sh --tests $(PYTHON) && $(call build,release) && \
	  $(BIN)/ctest --preset release --parallel $$(nproc); \
	else echo "The native backend was not built: its core is not tested."; fi

# Python itself is not instrumented, so the sanitizer comes in first, and leaks of others are none of our business.
ASAN_TESTS ?= $(addprefix tests/test_,pixels.py reading.py regions.py scaled.py strict.py errors.py)
asan: setup  ## C++ tests and some of the Python tests with the address and undefined behaviour sanitizers
	@bash cmake/system_packages.sh --tests $(PYTHON)
	@$(call build,asan,-DPython_EXECUTABLE=$(CURDIR)/$(BIN)/python -Dpybind11_DIR=$$($(BIN)/python -m pybind11 --cmakedir))
	$(BIN)/ctest --preset asan --parallel $$(nproc)
	LD_PRELOAD="$$(gcc -print-file-name=libasan.so) $$(gcc -print-file-name=libstdc++.so)" ASAN_OPTIONS=detect_leaks=0 \
	  PYTHONPATH=csrc/tests PIXFEED_BUILD=build/asan PIXFEED_REQUIRE_NATIVE=1 \
	  $(BIN)/python -m pytest -p own_extension -q $(ASAN_TESTS)

# setarch: the sanitizer needs the usual places in memory, which newer kernels draw at random.
tsan: setup  ## the tests of the pool with the thread sanitizer
	@bash cmake/system_packages.sh --tests $(PYTHON)
	@$(call build,tsan)
	setarch $$(uname -m) -R $(BIN)/ctest --preset tsan

# Kernels are left out: clang-tidy would look at each of them once per CPU target, which takes minutes. So is what only
# Windows has the headers for.
tidy: setup  ## clang-tidy (.clang-tidy says what it looks for)
	$(PIP) install -q clang-tidy==21.1.6
	@bash cmake/system_packages.sh --tests $(PYTHON)
	@$(BIN)/cmake --preset dev -DPIXFEED_EXTENSION=ON -DPython_EXECUTABLE=$(CURDIR)/$(BIN)/python \
	  -Dpybind11_DIR=$$($(BIN)/python -m pybind11 --cmakedir) >build-dev.log || { cat build-dev.log; exit 1; }; rm -f build-dev.log
	@set -o pipefail; grep -L foreach_target csrc/core/*.cpp csrc/core/*/*.cpp csrc/core/*/*/*.cpp csrc/bind/*.cpp | \
	  grep -v '^csrc/core/platform.*_windows' | \
	  xargs -P $$(nproc) -n 6 $(BIN)/clang-tidy -quiet -p build/dev 2>&1 | { grep -vE 'warnings generated|Processing file' || true; }

MINUTES ?= 1
COUNT ?= 20000
fuzz: setup  ## our JPEG decoder and PNG path beside libjpeg-turbo and libpng, MINUTES=n each, on mutated files (clang)
	@bash cmake/system_packages.sh --fuzz $(PYTHON)
	@CXX=$$(command -v clang++ || command -v clang++-14) && CC=$$(command -v clang || command -v clang-14) || \
	  { echo "The fuzz targets need clang, which is missing."; exit 1; }; export CXX CC; $(call build,fuzz)
	cd build/fuzz && for format in jpeg png; do \
	  csrc/tests/$${format}_corpus --seeds corpus_$$format && csrc/fuzz/$${format}_fuzz -max_len=4096 \
	    -max_total_time=$$((60 * $(MINUTES))) -print_final_stats=1 -verbosity=0 corpus_$$format || \
	  { for file in crash-* timeout-* oom-*; do if [ -e $$file ]; then echo "$$file, in base64:"; base64 $$file; fi; done; exit 1; }; done

hostile: setup  ## odd and mutated files of every format, on both backends and by cv2 and Pillow, COUNT=n of them
	$(BIN)/python tests/hostile --count $(COUNT)

OWN := $(if $(DATA),--data "$(DATA)") $(if $(LIST),--list "$(LIST)")
bench: setup  ## pixfeed against the pure-Python path, cv2 and Pillow: tables, JSON and charts in benchmarks/results/
	$(BIN)/python -m benchmarks.reading $(OWN)
	$(BIN)/python -m benchmarks.formats $(OWN)
	$(BIN)/python -m benchmarks.format_batches $(OWN)
	$(BIN)/python -m benchmarks.resize $(OWN)
	$(BIN)/python -m benchmarks.collate
	$(BIN)/python -m benchmarks.loader $(OWN)
	$(BIN)/python -m benchmarks.training $(OWN)
	$(BIN)/python -m benchmarks.recipes $(OWN)
	$(BIN)/python -m benchmarks.cache $(OWN)
	$(BIN)/python -m benchmarks.lists
	$(BIN)/python -m benchmarks.verdict $(OWN)
	$(BIN)/python -m benchmarks.sets

CUDA ?=
bench-peers:  ## pixfeed beside other loaders, installed into .venv-peers (CUDA=1: torchvision and torchcodec, 7 GB)
	@bash cmake/system_packages.sh --peers $(PYTHON)
	@bash benchmarks/peers/install.sh $(PYTHON) $(if $(CUDA),--cuda)
	.venv-peers/bin/python -m benchmarks.peers $(OWN)

# One target for each kind of file: .pre-commit-config.yaml calls those whose files a commit changes. They need neither a
# compiler nor torch.
lint: lint-python lint-spelling lint-shell lint-cpp lint-github  ## formatting, lint, spelling, shell scripts, workflows

lint-python: $(VENV)/.lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

lint-spelling: $(VENV)/.lint
	$(BIN)/codespell

SCRIPTS = $(wildcard .ci/run) $(shell find benchmarks cmake -name '*.sh')
lint-shell: $(VENV)/.lint
	$(BIN)/shellcheck $(SCRIPTS)

SOURCES = $(shell find csrc -name '*.cpp' -o -name '*.h')
lint-cpp: $(VENV)/.lint
	@echo "$(BIN)/clang-format --dry-run -Werror (csrc)"
	@$(BIN)/clang-format --dry-run -Werror $(SOURCES)

WORKFLOWS = $(wildcard .github/workflows/*.yml)
lint-github: $(VENV)/.lint
	@$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows $(WORKFLOWS)
	@$(BIN)/check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
	@$(BIN)/check-jsonschema --builtin-schema vendor.github-issue-config .github/ISSUE_TEMPLATE/config.yml
	@$(BIN)/check-jsonschema --builtin-schema vendor.github-issue-forms \
	  $(filter-out %/config.yml,$(wildcard .github/ISSUE_TEMPLATE/*.yml))
	@$(BIN)/check-jsonschema --builtin-schema vendor.citation-file-format --force-filetype yaml CITATION.cff
	$(BIN)/zizmor --quiet --offline .github
	@PATH="$(CURDIR)/$(BIN):$$PATH"; if command -v actionlint >/dev/null; then actionlint $(WORKFLOWS); fi

format: $(VENV)/.lint  ## mends what `make lint` finds, where a program can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	@echo "$(BIN)/clang-format -i (csrc)"
	@$(BIN)/clang-format -i $(SOURCES)

types: setup  ## mypy --strict over the package; _native.pyi against the extension
	$(PIP) install -q -c constraints.txt --group types
	$(BIN)/mypy
	MYPYPATH=python $(BIN)/python -m mypy.stubtest pixfeed._native --allowlist tests/stubtest_allowlist.txt

$(VENV)/.lint: pyproject.toml | $(BIN)/python
	$(PIP) install -q --group lint
	@touch $@

judge: setup  ## torch's own tests of its DataLoader on ours: TORCH_TESTS=path/to/pytorch/test/test_dataloader.py
	$(PIP) install -q -c constraints.txt expecttest psutil pytest-timeout
	$(BIN)/python tests/run_torch_tests.py "$(TORCH_TESTS)" --timeout 240 -q -rfE --tb=short

WRITE ?=
judge-transforms:  ## pixfeed's transforms against torchvision itself (installs 5 GB); WRITE=1 writes tests/golden/ anew
	@bash cmake/system_packages.sh $(PYTHON)
	@bash benchmarks/peers/install.sh $(PYTHON) --judge
	.venv-peers-cuda/bin/python tests/judge_transforms.py $(if $(WRITE),--write)
	.venv-peers-cuda/bin/python tests/judge_io.py $(if $(WRITE),--write)
	.venv-peers-cuda/bin/python tests/judge_mixing.py $(if $(WRITE),--write)
	.venv-peers-cuda/bin/python tests/judge_geometry.py $(if $(WRITE),--write)
	.venv-peers-cuda/bin/python tests/judge_colors.py $(if $(WRITE),--write)
	.venv-peers-cuda/bin/python tests/judge_policies.py $(if $(WRITE),--write)

# Pythons that a wheel is built for and tested with, besides the one of .venv: PYTHONS="python3.12 python3.13".
PYTHONS ?= $(PYTHON)
$(VENV)/.release: pyproject.toml | $(BIN)/python
	$(PIP) install -q -c constraints.txt --group release
	@touch $@

# CI: scikit-build-core waits 5 s for cmake to start, which is too short on a busy machine, and 20 s where CI is set.
wheel: $(VENV)/.release  ## a wheel with its codecs inside, in wheelhouse/, for each of PYTHONS (PIXFEED_ARCHIVES=folder: offline)
	@bash cmake/system_packages.sh --wheel $(PYTHON)
	rm -rf dist wheelhouse
	for python in $(PYTHONS); do CI=1 PIXFEED_NATIVE=on PIXFEED_CODECS=vendored \
	  $$python -m pip wheel -q --no-deps -w dist . || exit 1; done
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/auditwheel -v repair -w wheelhouse dist/*.whl

check-wheel: $(VENV)/.release  ## what is in the wheels of wheelhouse/, and a test of each in a clean environment
	$(BIN)/python checks/check_wheel.py wheelhouse/*.whl
	$(BIN)/python checks/try_wheel.py wheelhouse/*.whl

ZIGLANG := ziglang==0.14.1  # clang 19: Highway 1.3.0 does not know clang 22
portability: setup  ## every C++ file compiled for Arm Linux, macOS and Windows, by clang; warnings are errors
	@bash cmake/system_packages.sh --wheel $(PYTHON)
	$(PIP) install -q $(ZIGLANG)
	$(BIN)/cmake -S . -B build/portability -DPIXFEED_NATIVE=on -DPIXFEED_CODECS=vendored -DPIXFEED_EXTENSION=ON \
	  -DPIXFEED_WERROR=ON -DCMAKE_EXPORT_COMPILE_COMMANDS=ON -DPython_EXECUTABLE=$(CURDIR)/$(BIN)/python \
	  -Dpybind11_DIR=$$($(BIN)/python -m pybind11 --cmakedir) >/dev/null
	$(BIN)/cmake --build build/portability --target pixfeed_codecs >/dev/null
	$(BIN)/python checks/portability.py build/portability

# $(call test-on,PLATFORM): the C++ tests compiled for it (cmake/cross/) and run by its emulator.
test-on = bash cmake/system_packages.sh --$(1) $(PYTHON) && $(PIP) install -q $(ZIGLANG) && \
  export ZIG=$$($(BIN)/python -c 'import ziglang; print(ziglang.__path__[0])')/zig WINEDEBUG=-all && \
  $(BIN)/cmake -G Ninja -S . -B build/$(1) --toolchain $(CURDIR)/cmake/cross/$(1).cmake -DPIXFEED_NATIVE=on \
    -DPIXFEED_CODECS=vendored -DPIXFEED_TESTS=ON -DCMAKE_MAKE_PROGRAM=$(CURDIR)/$(BIN)/ninja >build-$(1).log && \
  $(BIN)/cmake --build build/$(1) >>build-$(1).log || { cat build-$(1).log; exit 1; }; rm -f build-$(1).log; \
  $(BIN)/ctest --test-dir build/$(1) --output-on-failure --parallel $$(nproc)

test-arm: setup  ## the tests of the C++ core on Arm Linux, by qemu
	@$(call test-on,aarch64-linux)

test-windows: setup  ## the tests of the C++ core on Windows, by wine
	@$(call test-on,x86_64-windows)

# Build requirements live in .venv, so that nothing is compiled twice; with a compiler the extension is brought up to
# date at every call, which takes a second when nothing has changed.
setup: $(VENV)/.installed
	@$(PIP) install -q --no-build-isolation --no-deps -e . || { \
	  echo "The extension could not be built (the reason stands above); going on with the pure-Python package."; \
	  [ -z "$$PIXFEED_REQUIRE_NATIVE" ] && PIXFEED_NATIVE=off $(PIP) install -q --no-build-isolation --no-deps -e .; }
	@$(BIN)/python -m pixfeed config

$(BIN)/python:
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || bash cmake/system_packages.sh $(PYTHON)
	$(PYTHON) -m venv $(VENV)
	$(PIP) install -q --upgrade "pip>=25.1"

$(VENV)/.installed: pyproject.toml constraints.txt cmake/system_packages.sh | $(BIN)/python
	@bash cmake/system_packages.sh $(PYTHON)
	$(PIP) install -q -c constraints.txt numpy torch "click>=8.1" "rich>=13" "jinja2>=3" "pillow>=10.1" "xxhash>=3.2" "scikit-build-core>=0.11" "pybind11>=3.0" cmake ninja
	$(BIN)/python -c 'import cv2' 2>/dev/null || $(PIP) install -q -c constraints.txt "opencv-python-headless>=4.8"
	$(PIP) install -q -c constraints.txt --group test --group demo --group examples
	@touch $@

clean:  ## everything that was made here
	rm -rf $(VENV) .venv-peers .venv-peers-cuda build dist wheelhouse demo.png mlp_digits.png segmentation_*.png demo_data \
	  benchmarks/results build-*.log
