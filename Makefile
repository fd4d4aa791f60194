# The two commands that matter: make demo (DURATION=60 to end by itself) and make test.
SHELL := bash
.DEFAULT_GOAL := help
ENV := local/stack/env.sh
LINT := .build/lint/bin
LIBS := $(patsubst %/requirements.in,%,$(wildcard libs/*/requirements.in))
RUN := $(patsubst %/requirements.in,%,$(wildcard local/*/requirements.in services/*/requirements.in))
BENCHMARKS := $(patsubst benchmarks/bench_%.py,%,$(wildcard benchmarks/bench_*.py))
CONTRACT := $(patsubst %/requirements.in,%,$(wildcard tests/contract/requirements.in))
UNIT := $(RUN) $(LIBS)

.PHONY: help demo build build-test lock lint test test-unit test-integration chromium infra-test cost clean images monitoring-test compose-test alerts-test bench chaos

help: ## This list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1	\2/p' $(MAKEFILE_LIST) | while IFS=$$'\t' read -r name text; do printf '  %-18s %s\n' "$$name" "$$text"; done

demo: build ## The whole pipeline on this machine until Ctrl-C; DURATION=60 ends it after 60 s with the audit
	@local/stack/.venv/bin/stock-stack demo $(if $(DURATION),--duration $(DURATION)) $(if $(KEEP),--keep)

build: ## Kafka's jars and one environment a service
	@$(ENV) kafka && $(ENV) build $(RUN)

build-test: ## The same, with the test requirements added
	@$(ENV) kafka && $(ENV) test $(UNIT) $(CONTRACT)

lock: ## requirements*.in -> hashed requirements*.txt; UPGRADE=1 moves the versions
	@$(ENV) lock

lint: ## ruff, pyright in each environment, the import rules
	@$(ENV) lint
	@$(ENV) test $(UNIT)
	$(LINT)/ruff check .
	$(LINT)/ruff format --check .
	@printf '%s\n' $(UNIT) | xargs -P 2 -I {} $(LINT)/pyright --pythonpath {}/.venv/bin/python {}/src
	PYTHONPATH=$$(printf '%s:' $(addsuffix /src,$(UNIT))) $(LINT)/lint-imports --no-cache

chromium:
	@command -v chromium chromium-browser google-chrome >/dev/null || { echo "The browser test needs Chromium: install it (on Debian: apt-get install chromium)." >&2; exit 2; }

test: chromium build-test ## Everything: lint, unit, contract, integration with the browser
	@.build/tools/bin/python tests/run.py lint $(UNIT) tests/contract tests/integration tests/chaos

test-unit: build-test ## Each folder's tests in its own environment, and whether structs, Parquet, tables and dashboard agree
	@.build/tools/bin/python tests/run.py $(UNIT) tests/contract

test-integration: chromium build-test ## The real stack: completeness, kills, metrics, objects, the browser
	@.build/tools/bin/python tests/run.py tests/integration

infra-test: ## Terraform: format, validate, test, plan for both deployments, checkov, IAM under enforcement, setup_kafka.sh for real
	@TERRAFORM_PROVIDERS=$$(ls ../shared/tools/terraform-providers/terraform-providers 2>/dev/null) infra/test.sh

cost: ## What it costs a month; SYMBOLS=50 INTERVAL=5 change the figures
	@python3 infra/cost.py $(if $(SYMBOLS),--symbols $(SYMBOLS)) $(if $(INTERVAL),--interval $(INTERVAL)) $(ARGS)

bench: $(addprefix bench-,$(BENCHMARKS)) ## Every benchmark, one after the other; bench-<name> runs one

bench-producer_year: PLACE = services/producer
bench-%: PLACE = local/stack
bench-%: build
	@$(ENV) test local/stack
	@PYTHONPATH=benchmarks $(PLACE)/.venv/bin/python -m bench_$* $(ARGS)

chaos: build ## Random faults on everything, then the audit; KILLS=200 SEED=1
	@$(ENV) test local/stack && PYTHONPATH=tests local/stack/.venv/bin/python -m chaos --kills $(or $(KILLS),200) --seed $(or $(SEED),1)

clean: ## Removes environments, jars, data and reports
	rm -rf .build $(addsuffix /.venv,$(UNIT) tests/contract)

images: ## The images of the services and their stand-ins, by docker compose
	REVISION=$$(git rev-parse --short HEAD 2>/dev/null || echo unknown) docker compose build

monitoring-test: ## Prometheus' rules, Alertmanager's routes, Grafana's dashboards, without an engine
	@monitoring/check.sh && $(ENV) test local/stack
	@local/stack/.venv/bin/python -m pytest -q tests/monitoring

compose-test: ## The whole stack in containers: images, health, kills, scaling, alerts, every panel, the end; ARGS for pytest
	@tests/compose/run.sh $(ARGS)

alerts-test: ## Breaks what each alert watches, in containers: it fires, its cause is the one page, it resolves (a quarter of an hour)
	@tests/compose/run.sh tests/compose/seen_firing.py
