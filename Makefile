# Each target sets up what it needs, then does its one job. Without make: see "Without make" in README.md.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python -m
KERNELS := $(wildcard src/ceteris/engines/lanes/kernels/*.hpp) src/ceteris/engines/lanes/kernels/module.cpp

.PHONY: study test check bench soak fuzz clean

# The founding study on the first batch of CIFAR-10; leaves results/cifar10-first-batch.
study: $(VENV)/.study
	$(VENV)/bin/ceteris run studies/cifar10-first-batch.toml --shapes-if-no-cifar10

# The whole test suite.
test: $(VENV)/.development
	$(RUN) pytest -n 2

# Lint, format and types.
check: $(VENV)/.development
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/clang-format --dry-run --Werror $(KERNELS)
	$(RUN) mypy

# Training and decoding side by side with PyTorch (and Keras, if installed); wants real images and a quiet machine.
bench: $(VENV)/.development
	$(VENV)/bin/python bench/engines.py --write bench/README.md
	$(VENV)/bin/python bench/transfer.py
	$(VENV)/bin/python bench/decoding.py --write bench/README.md

# Kills a study again and again, at times of chance and at every call of the system, before it may finish: takes long.
soak: $(VENV)/.development
	CETERIS_KILLS=40 $(RUN) pytest tests/execution/test_kill.py tests/soak -n 2

# Ten thousand image files damaged by chance, where the suite takes a tenth of them.
fuzz: $(VENV)/.development
	CETERIS_MUTATIONS=10000 $(RUN) pytest tests/data/test_decoding.py -k mutated -s

clean:
	rm -rf $(VENV) build

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --upgrade "pip>=25.1"

# PyTorch is needed only where the lanes engine could not be compiled.
$(VENV)/.study: $(VENV)/bin/python pyproject.toml CMakeLists.txt $(KERNELS)
	$(VENV)/bin/pip install --quiet --editable .
	$(VENV)/bin/python -c "import ceteris.engines.lanes._portable" 2>/dev/null || $(VENV)/bin/pip install --quiet --editable ".[torch]"
	touch $@

$(VENV)/.development: $(VENV)/bin/python pyproject.toml CMakeLists.txt $(KERNELS)
	$(VENV)/bin/pip install --quiet --editable ".[torch,onnx,explore,tensorboard,mlflow,wandb]" --group dev
	touch $@
