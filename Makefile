# Each target sets up what it needs, then does its one job. Without make: see "Without make" in README.md.
PYTHON ?= python3
VENV ?= .venv
# The study that `make study` trains.
STUDY ?= studies/cifar10-first-batch.toml
# LIGHT=1 installs no PyTorch: variations with a pretrained network are skipped.
LIGHT ?=
# PyTorch's own index of builds without GPU support, 0.2 GB in place of 3 GB on Linux; it is asked for 2 seconds at most.
# TORCH_INDEX= (empty) takes PyTorch, with GPU support, from the ordinary registry.
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu
RUN := $(VENV)/bin/python -m
KERNELS := $(wildcard src/ceteris/engines/lanes/kernels/*.hpp) src/ceteris/engines/lanes/kernels/module.cpp

.PHONY: study test test-elsewhere check bench layers spread simulate soak soak-ray fuzz sanitize arm clean
.DELETE_ON_ERROR:

# The founding study on the first batch of CIFAR-10; leaves results/cifar10-first-batch.
study: $(VENV)/$(if $(filter-out 0,$(LIGHT)),.light,.full)
	$(VENV)/bin/ceteris run $(STUDY) --shapes-if-no-cifar10

# Two processes that take a file at a time, so that what its tests share is made once; in the order of tests/conftest.py.
BY_FILE = --dist loadscope --no-loadscope-reorder

# The whole test suite.
test: $(VENV)/.development
	$(RUN) pytest -n 2 $(BY_FILE)

# As on other machines: every build of the kernels, PyTorch with narrower vectors and with two threads, and the whole suite
# in another order (SEED=7 repeats one).
SEED ?= $(shell date +%s)
OTHER_KERNELS = tests/engines/lanes tests/engines/test_support.py tests/execution/test_kill.py tests/formats tests/inference \
	tests/export/test_check.py tests/test_running.py
OTHER_VECTORS = tests/engines tests/inference tests/export tests/explore/test_grad_cam.py tests/report/test_layer_view.py
test-elsewhere: $(VENV)/.development
	for name in $$($(VENV)/bin/python -c "from ceteris.engines.lanes.kernels import *; print(*usable_instruction_sets())"); \
	do echo "== CETERIS_ISA=$$name"; CETERIS_ISA=$$name $(RUN) pytest -q -n 2 $(OTHER_KERNELS) || exit 1; done
	ONEDNN_MAX_CPU_ISA=AVX2 ATEN_CPU_CAPABILITY=avx2 OMP_NUM_THREADS=2 $(RUN) pytest -q -n 2 $(OTHER_VECTORS)
	ONEDNN_MAX_CPU_ISA=SSE41 ATEN_CPU_CAPABILITY=default $(RUN) pytest -q -n 2 $(OTHER_VECTORS)
	$(RUN) pytest -q -n 2 $(BY_FILE) --random-order --random-order-seed=$(SEED)

# Lint, format and types.
check: $(VENV)/.development
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/clang-format --dry-run --Werror $(KERNELS) tests/engines/lanes/bits.cpp
	$(RUN) mypy

# Training and decoding side by side with PyTorch (and Keras, if installed); wants real images and a quiet machine.
bench: $(VENV)/.development
	$(VENV)/bin/python bench/engines.py --write bench/README.md
	$(VENV)/bin/python bench/engines.py --networks baseline resnet20 residual --only lanes expert --batch-sizes 32 128 \
	--seconds 3 --section networks --write bench/README.md
	$(VENV)/bin/python bench/transfer.py
	$(VENV)/bin/python bench/decoding.py --write bench/README.md

# Where the kernels spend their time, layer by layer, on one core.
layers:
	mkdir -p build
	$(CXX) -march=native -fno-predictive-commoning $(filter-out %/bits.cpp,$(BITS)) bench/layers.cpp -o build/layers
	for name in residual resnet20; do for size in 128 32; do build/layers $$name $$size 2; done; done

# One packed batch on one core and on THREADS, in turn, minibatch by minibatch; wants a quiet machine.
THREADS ?= 2
spread:
	mkdir -p build
	$(CXX) -march=native -fno-predictive-commoning $(filter-out %/bits.cpp,$(BITS)) bench/layers.cpp -o build/layers
	for name in residual resnet20 baseline; do for size in 128 32; do build/layers $$name $$size 10 1 $(THREADS); done; done

# What the statistics claim, in thousands of simulated studies whose truth is known: one program per claim.
simulate: $(VENV)/.development
	CETERIS_FAMILIES=10000 $(RUN) pytest -q tests/statistics/test_simulated_studies.py; status=$$?; for file in bench/simulations/*.py; do $(RUN) bench.simulations.$$(basename $$file .py) || status=1; done; exit $$status

# Kills a study again and again, at times of chance and at every call of the system, before it may finish.
soak: $(VENV)/.development
	CETERIS_KILLS=40 $(RUN) pytest tests/execution/test_kill.py tests/soak -n 2
	CETERIS_MACHINES=32 $(RUN) pytest tests/execution/test_machines.py tests/locks/test_lock.py

# Kills workers, nodes and the driver of a Ray cluster of this machine fifty times, at times of chance, while a study trains.
soak-ray: $(VENV)/.development
	CETERIS_RAY_KILLS=50 $(RUN) pytest tests/soak/test_ray.py -s

# Ten thousand image files damaged by chance, where the suite takes a tenth of them.
fuzz: $(VENV)/.development
	CETERIS_MUTATIONS=10000 $(RUN) pytest tests/datasets/test_decoding.py -k mutated -s

# The kernels under the address and undefined-behaviour sanitizers of the compiler, on every build. Python is started without
# `site` (-S), because an editable installation would come before what is compiled here.
SANITIZED := build/sanitized
sanitize: $(VENV)/.development
	$(RUN) pip install --quiet --no-deps --upgrade --target $(SANITIZED) --config-settings=cmake.define.CETERIS_SANITIZE=ON .
	for name in $$($(VENV)/bin/python -c "from ceteris.engines.lanes.kernels import *; print(*usable_instruction_sets())"); do \
	export CETERIS_ISA=$$name LD_PRELOAD="$$($(CXX) -print-file-name=libasan.so) $$($(CXX) -print-file-name=libubsan.so)" ASAN_OPTIONS=detect_leaks=0 \
	UBSAN_OPTIONS=print_stacktrace=1 PYTHONPATH=$(SANITIZED):$$($(VENV)/bin/python -c "import sysconfig; print(sysconfig.get_path('purelib'))"); \
	$(VENV)/bin/python -S -c "import ceteris; assert '$(SANITIZED)' in ceteris.__file__, ceteris.__file__" || exit 1; \
	$(VENV)/bin/python -S -m pytest -q tests/engines/lanes || exit 1; unset LD_PRELOAD PYTHONPATH; done

# Bits of small networks over every layer kind and optimizer, from the kernels for x86 (AVX2) and, under emulation, for ARM (NEON).
# On Debian and Ubuntu: apt-get install g++-aarch64-linux-gnu qemu-user
BITS = -std=c++17 -pthread -O3 -ffp-contract=off -fno-math-errno -fno-trapping-math -Wall -Wextra -Wno-psabi -Wno-maybe-uninitialized \
	-Wno-uninitialized -I src/ceteris/engines/lanes/kernels tests/engines/lanes/bits.cpp
arm:
	mkdir -p build
	$(MAKE) --no-print-directory -j 2 build/bits-x86 build/bits-arm
	for threads in 1 3; do build/bits-x86 $$threads | diff tests/engines/lanes/bits.txt - || exit 1; done
	qemu-aarch64 build/bits-arm | diff tests/engines/lanes/bits.txt -
	@echo "The same bits on ARM as on x86."
build/bits-x86: tests/engines/lanes/bits.cpp $(KERNELS)
	$(CXX) -mavx2 -mfma $(BITS) -o $@
build/bits-arm: tests/engines/lanes/bits.cpp $(KERNELS)
	aarch64-linux-gnu-g++ -static $(BITS) -o $@

clean:
	rm -rf $(VENV) build

# What follows installs. A step that fails says so, and the same command tries it again.
TOO_OLD = error: ceteris needs Python 3.11 or later, which $(PYTHON) is not. Name another: make $(MAKECMDGOALS) PYTHON=python3.12
NO_VENV = error: no virtual environment could be made in $(VENV). On Debian and Ubuntu, install python3-venv; then run the same command again.
NO_PACKAGES = error: pip could not install what is needed, as its last lines say. Run the same command again; pip keeps what it has downloaded.
LESS = PyTorch alone is left out by `make study LIGHT=1`.
BUILDS = Then the kernels of the lanes engine are compiled, which takes about a minute.

$(VENV)/bin/python:
	@echo "== A virtual environment in $(VENV), with a current pip: 2 MB to download"
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" || { echo "$(TOO_OLD)" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "$(NO_VENV)" >&2; exit 1; }
	@$(RUN) pip install --upgrade "pip>=25.1" || { echo "$(NO_PACKAGES)" >&2; exit 1; }

# Takes PyTorch from TORCH_INDEX if that answers in time; a thread asks, because looking up a name cannot be cut short.
PROBE = import os, sys, threading, urllib.request as web; \
	ask = lambda: (web.urlopen(sys.argv[1], timeout=2).close(), os._exit(0)); \
	asking = threading.Thread(target=ask, daemon=True); asking.start(); asking.join(2); os._exit(1)
define torch
@if $(VENV)/bin/python -c "import torch, torchvision" 2>/dev/null; then \
	echo "== PyTorch and torchvision are installed already"; \
elif [ -n "$(TORCH_INDEX)" ] && [ "$$(uname)" = Linux ] \
	&& $(VENV)/bin/python -c "$(PROBE)" "$(TORCH_INDEX)/torch/" 2>/dev/null \
	&& echo "== PyTorch and torchvision without GPU support: 0.2 GB to download, 1 GB on the disk" \
	&& $(RUN) pip install --index-url "$(TORCH_INDEX)" torch torchvision; then :; \
else \
	echo "== PyTorch and torchvision with GPU support: on Linux 3 GB to download, 5 GB on the disk; elsewhere 0.3 GB"; \
fi
endef

# PyTorch is needed for pretrained networks, and where the lanes engine could not be compiled.
$(VENV)/.full: $(VENV)/bin/python pyproject.toml CMakeLists.txt $(KERNELS)
	$(torch)
	@echo "== ceteris and its libraries: 90 MB to download, 0.3 GB on the disk. $(BUILDS)"
	@$(RUN) pip install --editable ".[torch]" || { echo '$(NO_PACKAGES) $(LESS)' >&2; exit 1; }
	@touch $@

$(VENV)/.light: $(VENV)/bin/python pyproject.toml CMakeLists.txt $(KERNELS)
	@echo "== ceteris and its libraries, without PyTorch: 90 MB to download, 0.3 GB on the disk. $(BUILDS)"
	@$(RUN) pip install --editable . || { echo "$(NO_PACKAGES)" >&2; exit 1; }
	@$(VENV)/bin/python -c "import ceteris.engines.lanes._portable" 2>/dev/null \
		|| { echo "== The lanes engine was not compiled: PyTorch is needed in its place"; $(MAKE) $(VENV)/.full; }
	@touch $@

$(VENV)/.development: $(VENV)/bin/python pyproject.toml CMakeLists.txt $(KERNELS)
	$(torch)
	@echo "== ceteris, its extras and the tools of its developers: 0.6 GB to download. $(BUILDS)"
	@$(RUN) pip install --editable ".[torch,onnx,explore,tensorboard,mlflow,wandb,parquet,ray]" --group dev \
		|| { echo "$(NO_PACKAGES)" >&2; exit 1; }
	@touch $@
