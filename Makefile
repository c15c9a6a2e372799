.DEFAULT_GOAL := help
PYTHON ?= python3
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
LOCK = $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-annotate \
	--custom-compile-command "make lock" pyproject.toml
# The checks look at the settings only; nothing connects to this database, and nothing is signed with this key.
AS_IN_PRODUCTION = DEBUG=false DATABASE_URL=postgres://localhost/unused ALLOWED_HOSTS=enrollments.example.edu \
	JWT_SIGNING_KEY_FILE=var/development_signing_key.pem \
	SECRET_KEY="$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(64))')"

# Passwords written out in code are found by ruff; what the scan takes for one
# in a text is left out here, and so are two files with a published example key and the first line of a key file.
SECRETS = --disable-plugin KeywordDetector --exclude-secrets '^(secret-)?password$$|^eef4ab5eb923494c1ebd$$' \
	--exclude-files 'tests/access/test_own_tokens.py|tests/config/test_development_key.py'

.PHONY: help
help:  ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/installed: requirements.lock
	@command -v "$(PYTHON)" >/dev/null || { echo "$(PYTHON) is not there; set PYTHON=/path/to/python" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; set PYTHON=/path/to/python" if sys.version_info < (3, 11) else 0)'
	@echo "Installing the locked dependencies into $(VENV) (once) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	@touch $@

.PHONY: setup
setup: $(VENV)/installed  ## Create the virtual environment from the lock file

.PHONY: run
run: setup  ## Serve the demo on this machine (PORT=8000)
	@$(BIN)/python manage.py run_demo --port $(PORT)

.PHONY: demo
demo: setup  ## Send a school's rosters to the server that `make run` serves, and print what comes back
	@$(BIN)/python -m demo.client --url http://127.0.0.1:$(PORT)

.PHONY: test
test: setup  ## Run the tests on a real PostgreSQL, in parallel
	$(BIN)/python -m pytest --quiet --numprocesses auto

.PHONY: coverage
coverage: setup  ## Run the tests and tell which lines and branches they leave out, which takes longer
	$(BIN)/python -m pytest --quiet --numprocesses auto --cov --cov-report term:skip-covered

.PHONY: bench
bench: setup  ## Measure the service beside the limit of its database (a quarter of an hour; QUICK=1: two minutes)
	$(BIN)/python -m benchmarks $(if $(QUICK),--quick)

.PHONY: torture
torture: setup  ## Show with real processes that nothing is lost by load, races, faults and bad input (QUICK=1: briefly)
	$(BIN)/python -m torture $(if $(QUICK),--quick) $(if $(SEED),--seed $(SEED)) $(if $(CASES),--cases $(CASES))

.PHONY: lint
lint: setup  ## Check style, types, layering, spelling, migrations, the API schema, secrets, known vulnerabilities and the production settings
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m mypy .
	$(BIN)/lint-imports
	$(BIN)/codespell
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/python .ci/lint_migrations.py
	$(BIN)/python manage.py spectacular --validate --fail-on-warn --file /dev/null
	git ls-files -z -- ':!*.lock' ':!*.csv' ':!*.json' | xargs -0 $(BIN)/detect-secrets-hook $(SECRETS)
	$(BIN)/python .ci/audit.py requirements.lock
	$(AS_IN_PRODUCTION) $(BIN)/python manage.py check --deploy --fail-level WARNING

.PHONY: lock
lock: setup  ## Resolve pyproject.toml into the two lock files
	$(LOCK) --group dev -o requirements.lock
	$(LOCK) --constraint requirements.lock -o requirements-production.lock
