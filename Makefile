# `make run` starts the app and `make test` proves it; both first make what they need.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin

.DELETE_ON_ERROR:
.PHONY: run test lint format lock

run: .venv/app
	MALLOC_ARENA_MAX=2 $(BIN)/streamlit run app.py

test: .venv/dev
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile --ignore tests/e2e
	$(BIN)/python -m pytest tests/e2e  # alone: what they see of a live picture takes the processor

lint: .venv/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/hadolint Dockerfile

format: .venv/dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Pin everything anew from pyproject.toml, the same on every Python.
lock: .venv/dev
	$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --fork-strategy fewest \
		--no-annotate --no-header --quiet --upgrade -o requirements.txt
	$(BIN)/uv pip compile --group serve --universal --python-version 3.11 --fork-strategy fewest \
		--no-annotate --no-header --quiet --generate-hashes -c requirements.txt \
		-o requirements-serve.txt
	$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --fork-strategy fewest \
		--no-annotate --no-header --quiet --extra export -c requirements.txt -o requirements-export.txt
	$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --fork-strategy fewest \
		--no-annotate --no-header --quiet --extra ray -c requirements.txt -o requirements-ray.txt
	$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --fork-strategy fewest \
		--no-annotate --no-header --quiet --extra dev --extra export --extra ray \
		-c requirements.txt -o requirements-dev.txt

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
