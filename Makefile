# `make run` starts the app and `make test` proves it; both first make what they need.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
COMPILE = $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 \
	--fork-strategy fewest --no-annotate --no-header --quiet

.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: run test test-units test-browser lint format reference lock

run: .venv/app
	MALLOC_ARENA_MAX=2 $(BIN)/streamlit run serve.py

test: test-units test-browser

test-units: .venv/dev
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile --ignore tests/e2e

# Alone: the frames that they see take the processor.
test-browser: .venv/dev
	$(BIN)/python -m pytest tests/e2e

lint: .venv/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/mypy --platform win32 --cache-dir .mypy_cache/windows app.py serve.py fer_core pages
	$(BIN)/hadolint Dockerfile

format: .venv/dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The pages of the Python package, from its docstrings.
reference: .venv/dev
	$(BIN)/python -m docs.reference reference

# Pin everything again from pyproject.toml, the same on every Python.
lock: .venv/dev
	$(COMPILE) --upgrade --extra app --extra train -o requirements.txt
	$(COMPILE) --extra app --generate-hashes -c requirements.txt -o requirements-serve.txt
	$(COMPILE) --extra app --extra train --generate-hashes -c requirements.txt -o requirements-train.txt
	$(COMPILE) --extra app --extra export -c requirements.txt -o requirements-export.txt
	$(COMPILE) --extra app --extra train --extra ray -c requirements.txt -o requirements-ray.txt
	$(COMPILE) --extra dev -c requirements.txt -o requirements-dev.txt

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || \
		{ echo "Python 3.11, 3.12 or 3.13 is needed: make PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv .venv

.venv/app: requirements.txt | .venv/bin/python
	@echo "Installing into .venv: some 3 GB on disk, a few minutes the first time."
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

.venv/dev: requirements-dev.txt | .venv/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@ .venv/app
