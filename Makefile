# `make demo` and `make test` do their own set-up on a machine with Python >= 3.11, a C++ compiler, make and Node >= 20.

PYTHON ?= python3
VENV   ?= .venv
ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
else
BIN := $(VENV)/bin
endif
PY  := $(BIN)/python

.PHONY: setup demo test lint python-tests client-tests browser-tests client bench clean

# One stamp per dependency declaration: set-up runs again when pyproject.toml changes.
STAMP := $(VENV)/.installed
setup: $(STAMP)
$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Hunch needs Python 3.11 or newer, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	@echo "Installing (llama.cpp is compiled the first time: about 5 minutes on 2 cores)"
	$(PY) -m pip install --quiet --editable '.[dev]'
	@touch $@

NODE_STAMP := vscode-client/node_modules/.installed
$(NODE_STAMP): vscode-client/package-lock.json
	cd vscode-client && npm ci --ignore-scripts
	@touch $@

demo: setup
	$(BIN)/hunch demo

test: lint python-tests client-tests browser-tests

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/hunch check

python-tests: setup
	$(BIN)/pytest -m "not browser"

client: $(NODE_STAMP)
	cd vscode-client && npm run --silent package

client-tests: setup $(NODE_STAMP)
	cd vscode-client && npm run --silent check && npm test --silent

browser-tests: setup client
	$(BIN)/pytest -m browser

clean:
	rm -rf $(VENV) build dist artifacts vscode-client/node_modules vscode-client/dist vscode-client/out
