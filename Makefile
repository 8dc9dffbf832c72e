# andon: the targets in path order. `make run` starts everything, Ctrl-C stops it.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
ANDON := $(BIN)/andon
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
ARGS ?=

# The first Python >= 3.11 on the PATH; `make PYTHON=... setup` takes another one.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
  $$p -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)

.PHONY: setup run status health logs stop restart clean test check lint bench docs lock help

setup: $(VENV)/.run ## Put andon and its locked dependencies into .venv

run: setup ## Start everything in this terminal (ARGS="--without simulator" and the like)
	@exec $(ANDON) up $(ARGS)

status: setup ## Show each service
	@$(ANDON) status $(ARGS)

health: setup ## Check each service; fails where one is not well
	@$(ANDON) health $(ARGS)

logs: setup ## Show the services' log lines
	@$(ANDON) logs $(ARGS)

stop: setup ## Stop what `make run` started
	@$(ANDON) down $(ARGS)

restart: stop run ## Stop, then start again

clean: ## Remove .venv and caches; asks before it removes data (CONFIRM=1 says yes)
	@if [ -x $(ANDON) ]; then \
	  state=$$($(ANDON) config show --json | $(BIN)/python -c \
	    'import json, sys; print(json.load(sys.stdin)["state_dir"]["value"])'); \
	  if [ -d "$$state/run" ]; then \
	    answer="$(if $(filter 1,$(CONFIRM)),y,n)"; \
	    if [ "$$answer" = n ] && [ -t 0 ]; then \
	      read -r -p "Remove all data in $$state too? [y/N] " answer; fi; \
	    if [ "$$answer" = y ]; then \
	      $(ANDON) down || true; \
	      for room in broker postgres logs run ledger secrets; do rm -rf "$$state/$$room"; done; \
	      echo "Removed the data in $$state."; \
	    else echo "Kept the data in $$state (CONFIRM=1 removes it)."; fi; \
	  fi; fi
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist
	@find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

test: lint ## Run every test (sets itself up; as root in CI also the system packages)
	@.ci/system-packages
	@$(BIN)/python -m pytest $(ARGS)

check: lint ## The quick look, under a minute: ruff, mypy, house and kernel tests
	@$(BIN)/python -m pytest -q -m "not slow" tests/house tests/kernel $(ARGS)

lint: $(VENV)/.dev
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .
	@$(BIN)/mypy --no-error-summary

bench: setup ## Measure this computer beside references (docs/benchmarks.md)
	@$(ANDON) bench $(ARGS)

docs: $(VENV)/.dev ## Write the generated pages of docs/ again
	@$(ANDON) docs

lock: ## Resolve the dependencies again (needs uv)
	@uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header \
	  --python-version 3.11 --upgrade pyproject.toml requirements/build.in -o requirements/run.txt
	@uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header \
	  --python-version 3.11 --extra dev -c requirements/run.txt pyproject.toml \
	  requirements/build.in -o requirements/dev.txt

help: ## Show the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# --- stamps: what is up to date is not done again -----------------------------------------------

$(VENV)/.python:
	@[ -n "$(PYTHON)" ] || { echo "andon needs python3 >= 3.11 with venv" \
	  "(on Debian: apt-get install python3 python3-venv)." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.run: requirements/run.txt pyproject.toml | $(VENV)/.python
	@echo "Installing andon into $(VENV)" >&2
	@$(PIP) install --require-hashes -r requirements/run.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.run
	@echo "Installing the development tools into $(VENV)" >&2
	@$(PIP) install --require-hashes -r requirements/dev.txt
	@touch $@
