# Everything runs from this checkout: nothing of it is installed anywhere but in .venv.
PYTHON ?= python3 python3.14 python3.13 python3.12 python3.11
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes --no-deps -r
SOURCES = $(wildcard api schema billing sandbox tests bench)
CONTRACT := $(wildcard ../shared/tools/check_contract.py)
RECORD := var/stripe-exchanges
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header

.DEFAULT_GOAL := help
.PHONY: help serve otel test check audit alerts format bench crashes fuzz lock clean

help: ## show this
	@sed -nE 's/^([a-z]+):.*## (.*)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 14

serve: $(VENV)/run.stamp ## start Assent with the sandbox, on a SQLite file
	@$(BIN)/assent serve --sandbox

otel: $(VENV)/otel.stamp ## add OpenTelemetry, for traces

test: $(VENV)/dev.stamp ## run every test, on SQLite and PostgreSQL, then hold what the sandbox answered to Stripe's contract
	@rm -rf $(RECORD) && mkdir -p $(RECORD)
	@ASSENT_RECORD_STRIPE=$(CURDIR)/$(RECORD) $(BIN)/python -m pytest --numprocesses=auto
	@$(BIN)/python -m tests.check_recorded $(RECORD)

check: $(VENV)/dev.stamp ## format, lint, types, import arrows, schema, contract, rules of the repository
	@$(BIN)/ruff format --check --quiet --output-format concise
	@$(BIN)/ruff check --quiet --output-format concise
	@$(BIN)/mypy $(SOURCES)
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/assent schema | diff --unified schema/schema.graphql - \
		|| { echo 'Not current: $(BIN)/assent schema > schema/schema.graphql' >&2; exit 1; }
ifneq ($(CONTRACT),)
	@$(BIN)/python $(CONTRACT) schema/schema.graphql
endif
	@$(BIN)/python -m pytest --quiet tests/test_repository.py

audit: $(VENV)/dev.stamp ## ask for known vulnerabilities of what is locked; says so loudly where nobody answers
	@$(BIN)/python -m tests.audit $(wildcard *.lock)

alerts: ## let Prometheus's promtool judge the alert rules by tests/alerts.yml
	@command -v promtool >/dev/null || { echo 'promtool is missing; it is in the package prometheus.' >&2; exit 1; }
	@promtool test rules tests/alerts.yml

format: $(VENV)/dev.stamp ## write what ruff can write
	@$(BIN)/ruff check --fix-only --quiet
	@$(BIN)/ruff format --quiet

bench: $(VENV)/dev.stamp ## run every benchmark, one after the other
	@set -e; for each in $(sort $(filter-out bench/bench_crashes.py,$(wildcard bench/bench_*.py))); do $(BIN)/python $$each; done

crashes: $(VENV)/dev.stamp ## play the crash matrix, an hour or two; ARGS='--every 10' plays a part of it
	@$(BIN)/python -m bench.bench_crashes $(ARGS)

fuzz: $(VENV)/dev.stamp ## send 200 generated documents for every field as every kind of caller
	@$(BIN)/python -m bench.fuzz

lock: $(VENV)/dev.stamp ## resolve the dependencies anew, into locks with hashes and without addresses
	@$(LOCK) --upgrade --output-file requirements.lock pyproject.toml
	@$(LOCK) --constraint requirements.lock --output-file requirements-otel.lock --extra otel pyproject.toml
	@$(LOCK) --constraint requirements-otel.lock --output-file requirements-dev.lock --extra otel --group dev pyproject.toml
	@! grep --line-number '://' requirements.lock requirements-otel.lock requirements-dev.lock

clean: ## remove the environment and every cache; data in var/ stays
	@rm -rf $(VENV) .*_cache .hypothesis dist
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/run.stamp: requirements.lock | $(BIN)/assent
	@echo "Installing $<"
	@$(PIP) $<
	@touch $@

$(VENV)/dev.stamp: requirements-dev.lock | $(BIN)/assent
	@echo "Installing $<"
	@$(PIP) $<
	@touch $@

$(VENV)/otel.stamp: requirements-otel.lock | $(BIN)/assent
	@echo "Installing $<"
	@$(PIP) $<
	@touch $@

# The command, and a .pth file through which the environment finds the packages of the checkout.
$(BIN)/assent: | $(BIN)/python
	@pwd > "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/assent.pth"
	@printf '%s\n' '#!$(CURDIR)/$(BIN)/python' 'from api.cli import main' 'main()' > $@
	@chmod +x $@

$(BIN)/python:
	@for each in $(PYTHON); do \
		if "$$each" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			"$$each" -m venv $(VENV) || { rm -rf $(VENV); exit 1; }; exit; \
		fi; \
	done; \
	echo 'Assent needs Python 3.11 or later; name one: make PYTHON=/path/to/python3' >&2; exit 1
