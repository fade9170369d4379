# One word each; every verb makes the environment that it needs. All that must be there before:
# python3 (3.11 or newer), make and a package index that pip can reach.
#
#   make serve              the exchange on 127.0.0.1:3001        ARGS="--port 0" for more flags
#   make test               lint, types, all tests                TESTS=tests/test_book.py for a part
#   make clients            real clients against it, and a record of what they did
#   make lint | types | bench | load | docs | build | clean

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
TESTS ?= tests
JOBS ?= auto
ARGS ?=

# A slow index is not a broken one. What the caller's environment says counts.
export PIP_DEFAULT_TIMEOUT ?= 120
export PIP_RETRIES ?= 10
export PIP_DISABLE_PIP_VERSION_CHECK ?= 1
# Else pyright asks the network for its latest version before each run.
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1

.DELETE_ON_ERROR:
.PHONY: help serve test clients lint format types mypy pyright bench load docs build clean links

help:
	@sed -n 's/^#   //p' $(firstword $(MAKEFILE_LIST))

serve: $(VENV)/.with-run
	@exec $(BIN)/hlsim serve $(ARGS)

test: lint types
	$(BIN)/python -m pytest -q -n $(JOBS) --dist worksteal $(ARGS) $(TESTS)

clients: $(VENV)/.with-dev
	HLSIM_REQUIRE_NODE=1 HLSIM_WRITE_CLIENTS=1 $(BIN)/python -m pytest -q $(ARGS) tests/test_real_clients.py
	$(BIN)/python docs/generate.py

lint: $(VENV)/.with-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(VENV)/.with-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Two, so that `make -j2` runs them side by side.
types: mypy pyright

mypy: $(VENV)/.with-dev links
	$(BIN)/mypy

pyright: $(VENV)/.with-dev links
	$(BIN)/pyright --pythonpath $(BIN)/python

bench: $(VENV)/.with-run
	$(BIN)/hlsim bench $(ARGS)

load: $(VENV)/.with-load
	$(BIN)/python loadtests/run.py $(ARGS)

docs: $(VENV)/.with-run
	$(BIN)/python docs/generate.py $(ARGS)

build: $(VENV)/.with-dev
	rm -rf build dist
	$(BIN)/python -m build --no-isolation $(ARGS)

clean:
	rm -rf build dist reports typings *.egg-info .coverage* .hypothesis
	rm -rf .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

# The type checkers read paths, not pyproject.toml: give them the tree that users import.
links:
	@mkdir -p typings/hlsim
	@find typings/hlsim -type l -delete
	@ln -sfn ../../matching ../../scenarios ../../server ../../sim typings/hlsim/
	@ln -sfn ../../src/hlsim/scenario typings/hlsim/
	@for file in src/hlsim/*.py src/hlsim/py.typed; do ln -sf ../../$$file typings/hlsim/; done
	@ln -sfn ../../src/hlsim/own_time typings/hlsim/

# -- the environment -------------------------------------------------------------------------------
# A stamp is written when all of its step has worked, so a broken download is simply tried again.

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo 'hlsim needs Python 3.11 or newer: make PYTHON=/path/to/python3' >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

# setuptools first, and no isolated builds: an isolated one would download it again each time.
$(VENV)/.with-setuptools: $(VENV)/.made
	$(BIN)/python -m pip install -q 'setuptools>=77'
	@touch $@

$(VENV)/.with-run: $(VENV)/.with-setuptools pyproject.toml
	$(BIN)/python -m pip install -q --no-build-isolation -e .
	@touch $@

$(VENV)/.with-dev: $(VENV)/.with-setuptools pyproject.toml
	$(BIN)/python -m pip install -q --no-build-isolation -e '.[dev]'
	@touch $@ $(VENV)/.with-run

$(VENV)/.with-load: $(VENV)/.with-setuptools pyproject.toml
	$(BIN)/python -m pip install -q --no-build-isolation -e '.[dev,load]'
	@touch $@ $(VENV)/.with-run $(VENV)/.with-dev
