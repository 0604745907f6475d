# The two commands of the README: `make app` and `make test`. Both make their own virtual environment in .venv.
PYTHON ?= python3.11
VENV   := .venv
BIN    := $(VENV)/bin
PORT   ?= 8501

# Waiting threads sleep: on a busy machine spinning ones slow the training tests many times over.
export OMP_WAIT_POLICY ?= PASSIVE
# Our matrices are small: the threads of numpy's linear algebra would only wait for each other.
export OPENBLAS_NUM_THREADS ?= 1

.DEFAULT_GOAL := help
.PHONY: help app test check audit perf lint types install chromium clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

app: $(VENV)/.app ## install the app and serve it on http://localhost:8501
	$(BIN)/advisor app --port $(PORT)

install: $(VENV)/.dev ## install everything: app, reports, benchmark and the tools of development

test: $(VENV)/.dev chromium ## install everything, then lint, type-check and run every test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/advisor rules check
	$(BIN)/advisor rules test
	$(BIN)/python -m pytest

check: ## what a commit needs: lint, types, arrows and the fast tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -m "not slow and not browser and not wheel"

audit: $(VENV)/.dev ## ask osv.dev about known weaknesses of the installed packages
	.ci/audit

# What ours is measured against gets environments of its own; they carry their own .gitignore.
perf: $(VENV)/.dev $(VENV)-perf/.peers $(VENV)-perf-ring/.peers ## measure speed: engines, commands, scoring, training
	$(BIN)/advisor models pull smollm2-135m
	$(BIN)/python -m perf

# The browser tests drive Debian's Chromium; where it is missing and may be installed, it is.
chromium:
	@command -v chromium >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
	  && apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null; } \
	  || echo "chromium is not installed; the browser tests will be skipped (Debian: apt-get install chromium)"

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.app: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable '.[app]'
	@touch $@

# torch first and pinned: left to itself, pip fetches the build with gigabytes of GPU libraries.
$(VENV)/.dev: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet torch==2.13.0
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@ $(VENV)/.app

$(VENV)-perf/.peers: perf/requirements-peers.txt
	$(PYTHON) -m venv $(VENV)-perf
	@echo '*' > $(VENV)-perf/.gitignore
	$(VENV)-perf/bin/python -m pip install --quiet --requirement $<
	@touch $@

$(VENV)-perf-ring/.peers: perf/requirements-ring-peers.txt
	$(PYTHON) -m venv $(VENV)-perf-ring
	@echo '*' > $(VENV)-perf-ring/.gitignore
	$(VENV)-perf-ring/bin/python -m pip install --quiet torch==2.13.0
	$(VENV)-perf-ring/bin/python -m pip install --quiet --requirement $<
	@touch $@

clean: ## remove the virtual environment and everything that can be made again
	rm -rf $(VENV) $(VENV)-perf $(VENV)-perf-ring dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
