# `make` alone shows what there is.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed

.DEFAULT_GOAL := help
.PHONY: help .venv demo run test unit functional browser chromium redis-server sure format bench chaos env-example
.PHONY: covered uncovered style types openapi docs hooks audit sbom pin-images freeze release clean

help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z.-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.venv: $(STAMP) ## Create and fill the virtual environment

$(STAMP): requirements.txt requirements-dev.txt constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12 ...")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $(STAMP)

demo: $(STAMP) ## See the whole loop on this machine: 25 members, Koji and Mixpanel played by the sandbox
	@$(BIN)/python -m ops.local.demo

run: $(STAMP) ## Run everything against what .env names, until Ctrl-C
	@$(BIN)/python -m ops.local.run

# All at once: some need the processor, others mostly wait. The unit tests stand back (nice), since the
# others look at the clock.
SYNC := $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)
test: $(STAMP) style chromium redis-server ## Check style and types, run every test, measure coverage
	@echo "Every kind of test runs at once; that takes some minutes."
	@$(MAKE) --no-print-directory -j5 $(SYNC) functional browser covered uncovered types

# Until Python 3.12 coverage doubles what every line costs, also of what is not measured: it is left
# out where other houses are tested, and by the marker `no_cover` where one test runs much code again.
UNCOVERED := tests/unit/ops/console tests/unit/sandbox $(wildcard tests/unit/test_*.py)
covered: $(STAMP)
	nice $(BIN)/python -m pytest tests/unit $(UNCOVERED:%=--ignore=%) -n 2 -q \
	  --cov --cov-branch --cov-report=term:skip-covered --cov-fail-under=95

uncovered: $(STAMP)
	nice $(BIN)/python -m pytest $(UNCOVERED) -q

unit: $(STAMP) ## Run the unit tests alone
	$(BIN)/python -m pytest tests/unit -n 2 -q

functional: $(STAMP) redis-server ## Run the tests over real processes alone
	$(BIN)/python -m pytest tests/functional -q -n 3 --dist loadfile

browser: $(STAMP) chromium ## Run the console in a real browser (UPDATE_SCREENSHOTS=1 writes docs/images anew)
	$(BIN)/python -m pytest tests/browser -q

chromium:
	@command -v chromium >/dev/null || { \
	  command -v apt-get >/dev/null && test "$$(id -u)" = 0 && apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null; } || { \
	  echo "The browser tests need Chromium: install the package chromium, then again."; exit 1; }

redis-server:
	@command -v redis-server >/dev/null || { \
	  command -v apt-get >/dev/null && test "$$(id -u)" = 0 && apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq redis-server >/dev/null; } || { \
	  echo "The test of TLS needs a Redis that speaks it: install the package redis-server, then again."; exit 1; }

bench: $(STAMP) ## Measure against bare floors and other queues; writes benchmarks/results.md
	test -x .venv-bench/bin/python || $(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-bench.txt
	.venv-bench/bin/python -m benchmarks $(BENCH)

chaos: $(STAMP) ## Run the fault harness (SEEDS="1 2 3"); non-zero if anything was lost or doubled
	$(BIN)/python -m tests.chaos --seeds $(or $(SEEDS),1 2 3)

sure: style types ## Lint, format and type checks

style: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/mypy

format: $(STAMP) ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

env-example: $(STAMP) ## Write .env.example and the README's table anew from the settings
	$(BIN)/python -m ops.settings_docs

openapi: $(STAMP) ## Write docs/openapi.yaml anew from the schemas of ingress
	$(BIN)/python -m ingress.openapi

docs: ## Build the site of all documents into site/
	test -x .venv-docs/bin/python || $(PYTHON) -m venv .venv-docs
	.venv-docs/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-docs.txt
	NO_MKDOCS_2_WARNING=1 .venv-docs/bin/mkdocs build --quiet --strict
	@echo "site/index.html is the front page"

TOOLS := .venv-tools/.installed
$(TOOLS): requirements-tools.txt
	test -x .venv-tools/bin/python || $(PYTHON) -m venv .venv-tools
	.venv-tools/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-tools.txt
	touch $(TOOLS)

hooks: $(STAMP) $(TOOLS) ## Check style, types and documents before each commit
	.venv-tools/bin/pre-commit install

audit: $(STAMP) $(TOOLS) ## Look for known vulnerabilities; 1 = found, 2 = could not be checked
	@$(BIN)/python -m ops.audit

sbom: $(STAMP) $(TOOLS) ## Write sbom.json (CycloneDX): what a running bridge is made of
	test -x .venv-runtime/bin/python || $(PYTHON) -m venv --without-pip .venv-runtime
	$(BIN)/python -m pip --python .venv-runtime/bin/python install --quiet --disable-pip-version-check -r requirements.txt
	PYTHONWARNINGS=ignore::UserWarning .venv-tools/bin/cyclonedx-py environment .venv-runtime/bin/python --output-reproducible \
	  --pyproject pyproject.toml --mc-type application -o sbom.json

deploy-check: $(STAMP) $(TOOLS) ## Check every deploy file by its tool, then run each service of docker-compose.yml by hand
	@$(BIN)/python -m ops.deploy_check

pin-images: ## Hold the images of others to the digests that their tags have now; needs docker
	@deploy/pin-images.sh

freeze: $(STAMP) ## Keep a ledger as the code of now writes it (VERSION=0.2.0), for tests of upgrades
	@$(BIN)/python -m tests.frozen "$(VERSION)"

release: test ## Commit and tag a version (VERSION=0.2.0); publishes nothing
	@$(BIN)/python -m ops.release "$(VERSION)"

clean: ## Remove what was installed and produced
	rm -rf .venv .venv-bench .venv-docs .venv-runtime .venv-tools .run site sbom.json .coverage .coverage.* htmlcov .mypy_cache .ruff_cache .pytest_cache .hypothesis
