.DEFAULT_GOAL := help
PYTHON ?= python3
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
LOCK = $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-annotate \
	--custom-compile-command "make lock" pyproject.toml

.PHONY: help
help:  ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1|\2/' | column -t -s '|'

$(VENV)/installed: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; set PYTHON=/path/to/python" if sys.version_info < (3, 11) else 0)'
	@echo "Installing the locked dependencies into $(VENV) (once) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	@touch $@

.PHONY: setup
setup: $(VENV)/installed  ## Create the virtual environment from the lock file

.PHONY: lock
lock: setup  ## Resolve pyproject.toml into the two lock files
	$(LOCK) --group dev -o requirements.lock
	$(LOCK) --constraint requirements.lock -o requirements-production.lock
