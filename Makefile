# Everything a developer does here. Needs python3 (3.11 or later) and make, nothing else:
# each target sets up what it uses.

PYTHON ?= python3
PYTEST_ARGS ?=
# Most tests wait for processes, most of the time: four side by side keep two cores busy.
SIDE_BY_SIDE ?= 4

SHELL := /bin/sh
BIN := .venv/bin
READY := .venv/.ready
CODE := $(wildcard src tests benchmarks .ci)
TYPED := $(wildcard src tests benchmarks)

.PHONY: help demo test check format bench docs clean packages
.DEFAULT_GOAL := help

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

demo: $(READY) ## See it work: a server, a worker and some jobs
	@$(BIN)/workhorse demo

test: $(READY) packages ## Run the tests (PYTEST_ARGS="-k name" for some of them)
	@$(BIN)/python -m pytest -n $(SIDE_BY_SIDE) --dist worksteal $(PYTEST_ARGS)

check: $(READY) ## Check style, types, layers and sizes
	@status=0; for step in "ruff check $(CODE)" "ruff format --check $(CODE)" "mypy $(TYPED)" \
	    "lint-imports --no-logo" "python -m pytest -q tests/style"; do \
	    echo "-- $$step"; $(BIN)/$$step || status=1; \
	done; exit $$status

format: $(READY) ## Format the code, and fix what can be fixed safely
	@$(BIN)/ruff check --fix-only $(CODE)
	@$(BIN)/ruff format $(CODE)

bench: $(READY) packages ## Measure it beside its peers (half an hour), write docs/benchmarks.md
	@$(BIN)/python -m benchmarks

docs: ## Say where the documentation is
	@echo "The documentation is in docs/; begin with docs/design/001-the-core.md."

clean: ## Remove caches and build products ('rm -r .venv' starts over)
	@rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find src tests .ci $(wildcard benchmarks) -name __pycache__ -type d -prune -exec rm -rf {} +

packages:
	@bash .ci/packages

$(READY): pyproject.toml .ci/venv.py
	@$(PYTHON) .ci/venv.py
