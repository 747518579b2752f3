# What can be made. Each target says what it does and how far it is; `make help` lists them.
PYTHON ?= python3
VENV ?= .venv
ORACLES ?= .venv-oracles
RELEASE ?= .venv-release
RELEASE_PYTHON ?= $(shell bash .ci/debian servers $(PYTHON))
PROXIES := .venv-bench
JOBS ?= 2
ARGS ?=
BIN := $(VENV)/bin
PIP := -m pip install --quiet --disable-pip-version-check --require-hashes
CODE := $(wildcard src tests bench)
SOURCES := $(shell find src -type f -not -path '*/__pycache__/*')

.DEFAULT_GOAL := help
.PHONY: help setup release check check-lint check-types check-contracts check-tests test test-sources test-release demo country reference bench guard oracles tools clean

help: ## say what can be made
	@grep -E '^[a-z]+:.*## ' Makefile | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 20

setup: $(VENV)/.ready ## make the virtual environment with pinned, hashed packages (about a minute, once)

$(VENV)/.ready: requirements/dev.txt requirements/build.txt requirements/multi-buffer.txt pyproject.toml
	@bash .ci/debian python $(PYTHON)
	@echo "setup 1/5: virtual environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@echo "setup 2/5: packages of requirements/dev.txt, each checked against its hash"
	@$(BIN)/python $(PIP) -r requirements/dev.txt
	@echo "setup 3/5: packages of requirements/build.txt"
	@$(BIN)/python $(PIP) -r requirements/build.txt
	@echo "setup 4/5: what verifies eight signatures at a time, where the processor can"
	@bash deploy/multi-buffer $(VENV)
	@echo "setup 5/5: lienthong itself"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@
	@echo "setup: ready"

release: $(RELEASE)/.ready ## build the compiled wheel that is deployed (dist), and an environment with it as on a server

$(RELEASE)/.ready: $(VENV)/.ready deploy/wheel deploy/native.py $(SOURCES)
	@bash .ci/debian compiler $(PYTHON)
	@echo "release 1/3: the wheel, compiled (a minute or two)"
	@rm -rf dist && mkdir dist && bash deploy/wheel $(BIN)/python dist
	@echo "release 2/3: virtual environment of $(RELEASE_PYTHON) in $(RELEASE), packages of requirements/dev.txt"
	@$(RELEASE_PYTHON) -m venv --clear $(RELEASE)
	@$(RELEASE)/bin/python $(PIP) -r requirements/dev.txt
	@bash deploy/multi-buffer $(RELEASE)
	@echo "release 3/3: the wheel into it"
	@$(RELEASE)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --force-reinstall dist/*.whl
	@touch $@
	@echo "release: ready"

oracles: $(ORACLES)/.ready ## make the environment of stranger's tools that check our evidence

$(ORACLES)/.ready: requirements/oracles.txt
	@bash .ci/debian python $(PYTHON)
	@echo "oracles: packages of requirements/oracles.txt in $(ORACLES)"
	@$(PYTHON) -m venv $(ORACLES)
	@$(ORACLES)/bin/python $(PIP) -r requirements/oracles.txt
	@touch $@

tools: ## install the Debian tools that tests and the bench need (as root; else says which are missing, and fails)
	@bash .ci/debian tools

check: setup ## lint, types, contracts, architecture and unit tests (under a minute)
	@echo "check: lint, types, contracts, then tests of architecture and units"
	@$(MAKE) --no-print-directory --keep-going --output-sync=target --jobs=$(JOBS) check-lint check-types check-contracts check-tests
	@echo "check: green"

check-lint:
	@$(BIN)/ruff check --quiet $(CODE) && echo "lint: clean"

check-types:
	@$(BIN)/mypy

check-contracts:
	@$(BIN)/lint-imports --no-logo

check-tests:
	@$(BIN)/pytest $(wildcard tests/unit) tests/architecture -m "not slow" --numprocesses=$(JOBS)

test: setup tools oracles release ## everything: lint, types, contracts, all tests, on the compiled wheel too (under 15 minutes)
	@echo "test: lint, types, contracts; tests of the sources; then all others on the wheel, $(JOBS) at a time, a file each"
	@$(MAKE) --no-print-directory --keep-going check-lint check-types check-contracts test-sources test-release

test-sources:
	@$(BIN)/pytest $(wildcard tests/unit) tests/architecture tests/docs --numprocesses=$(JOBS) --dist=loadfile -rs $(ARGS)

test-release:
	@$(RELEASE)/bin/pytest tests --ignore=tests/architecture --ignore=tests/docs --numprocesses=$(JOBS) --dist=loadfile -rs $(ARGS)

demo: setup ## set up the miniature country, play the story, verify what was logged, stop
	@$(BIN)/lienthong country demo $(ARGS)

country: setup ## the same country, left running, with addresses and lines to try
	@$(BIN)/lienthong country up $(ARGS)

reference: setup ## make the pages of docs/reference that come from the code
	@$(BIN)/python -m tests.docs.pages

$(PROXIES)/.ready: requirements/bench.txt
	@bash .ci/debian python $(PYTHON)
	@echo "bench: traefik and caddy of requirements/bench.txt in $(PROXIES)"
	@$(PYTHON) -m venv $(PROXIES)
	@$(PROXIES)/bin/python $(PIP) -r requirements/bench.txt || \
		echo "bench: they are not made for this machine, which is measured without them"
	@touch $@

bench: tools release $(PROXIES)/.ready ## measure the compiled wheel (JSON); ARGS="--help" says what can be measured
	@$(RELEASE)/bin/python -m bench $(ARGS)

guard: tools release ## compare the trunk's ratios to nginx with bench/guard.json (a minute, two where it is worse)
	@$(RELEASE)/bin/python -m bench guard $(ARGS)

clean: ## take away all that make has made, virtual environments and the country's data too
	@rm -rf $(VENV) $(ORACLES) $(RELEASE) $(PROXIES) var build dist .mypy_cache .ruff_cache .hypothesis .import_linter_cache .pytest_cache
	@find src tests $(wildcard bench) -name __pycache__ -type d -prune -exec rm -rf {} +
	@echo "clean: done"
