# Everything a developer or an operator's machine needs; nothing but Python >= 3.11 and pip is
# taken for granted. The environment lives in .venv and is made or brought up to date on the way.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.SUFFIXES:
# Checks run one after the other, so that the closing line of pytest stays the last one.
.NOTPARALLEL:

PYTHON ?= python3
PORT ?= 8000
PASSWORD ?=
ARGS ?=
BIN := .venv/bin
# Two cores carry three, since a good part of the suite waits: for plugins that hang, for servers
# that start. More only where there are more.
WORKERS ?= 3
SPLIT := $(addprefix tests/integration/,kernel identity gradebook web)
export PYTHON
# What is compiled is kept, also where the environment says otherwise, as images of containers do:
# the tests start some hundred interpreters.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help
help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' Makefile

##### Running
.PHONY: setup demo bench
setup: ## Prepare .venv to run Kundelik
	@tools/setup run

demo: setup ## Start with demo schools: make demo [PORT=8000] [PASSWORD=...]
	@exec $(BIN)/kundelik demo --port $(PORT) $(if $(PASSWORD),--password '$(PASSWORD)') $(ARGS)

bench: setup ## Measure the hot pages: make bench [ARGS=--json]
	@exec $(BIN)/kundelik bench $(ARGS)

##### Checking
.PHONY: dev browser test test-deep check lint types imports format
dev: ## Prepare .venv to develop Kundelik
	@tools/setup dev

browser: dev
	@$(BIN)/python tools/browser.py

test: browser ## Run all tests, a real browser included: make test [ARGS="-k diary"]
	@# First what touches the data sources, with the three of them as three separate databases.
	$(if $(ARGS),,KUNDELIK_TEST_SPLIT=1 $(BIN)/python -m pytest -q -n $(WORKERS) --dist loadgroup $(SPLIT))
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup $(ARGS)

test-deep: dev ## Let what takes random examples take ten times as many
	KUNDELIK_TEST_DEEP=1 $(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup $(ARGS) \
	    $$(grep -rlE '^(from|import) hypothesis' --include='test_*.py' tests plugins)

lint: dev ## Style, imports between floors, rules of the house
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python tools/imports.py
	$(BIN)/python tools/lint.py

types: dev ## mypy --strict over core, tools, tests and plugins
	$(BIN)/mypy
	@set -e; for folder in plugins/*/kundelik_*; do \
	    [ -d "$$folder" ] || continue; echo "mypy $$folder"; \
	    MYPYPATH="$${folder%/*}" $(BIN)/mypy "$$folder"; done

check: lint types test ## All of the above; what CI runs

format: dev ## Put code into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

##### Now and then
.PHONY: lock messages screens changelog
lock: dev ## Renew requirements/*.txt: make lock [ARGS=--upgrade]
	$(BIN)/python tools/lock.py $(ARGS)

messages: dev ## Bring the translations in line with the texts: make messages [ARGS=core]
	$(BIN)/python -m tools.messages $(ARGS)

screens: browser ## Take the screenshots of README.md from a fresh demo
	$(BIN)/python -m tools.screens

changelog: dev ## Show the next release notes, made of changes/
	$(BIN)/towncrier build --draft --version next
