# The two commands that matter: make demo (DURATION=60 to end by itself) and make test.
SHELL := bash
.DEFAULT_GOAL := help
ENV := local/stack/env.sh
SYSTEM := local/stack/system.sh
LINT := .build/lint/bin
VERSION := $(shell sed -n 's/^__version__ = "\(.*\)"/\1/p' libs/common/stock_common/version.py)
LIBS := $(patsubst %/pyproject.toml,%,$(wildcard libs/*/pyproject.toml))
RUN := $(patsubst %/pyproject.toml,%,$(wildcard local/*/pyproject.toml services/*/pyproject.toml))
BENCHMARKS := $(patsubst benchmarks/bench_%.py,%,$(wildcard benchmarks/bench_*.py))
CONTRACT := $(patsubst %/pyproject.toml,%,$(wildcard tests/contract/pyproject.toml))
UNIT := $(RUN) $(LIBS)

.PHONY: model simulate mutants help demo build build-test lock outdated lint test test-unit test-integration fuzz upgrade-test system-test infra-test cost clean images monitoring-test compose-test alerts-test bench chaos

help: ## This list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1	\2/p' $(MAKEFILE_LIST) | while IFS=$$'\t' read -r name text; do printf '  %-18s %s\n' "$$name" "$$text"; done

demo: ## The whole pipeline on this machine until Ctrl-C; DURATION=60 ends it after 60 s with the audit; SCHEDULE="free key, Thanksgiving" has a free key
	@$(SYSTEM) demo && $(MAKE) --no-print-directory build
	@local/stack/.venv/bin/stock-stack demo $(if $(DURATION),--duration $(DURATION)) $(if $(KEEP),--keep) $(if $(SCHEDULE),--schedule "$(SCHEDULE)")

build: ## Kafka's jars and one environment a service
	@$(ENV) kafka && $(ENV) build $(RUN)

build-test: ## The same, with the test requirements added, and Kafka's classes made ready for quick starts
	@$(ENV) kafka && $(ENV) test $(UNIT) $(CONTRACT)
	@local/stack/.venv/bin/python -m stock_stack.archives

lock: ## pyproject.toml -> hashed requirements.txt, for each folder; UPGRADE=1 moves the versions
	@$(ENV) lock

outdated: ## What is pinned next to the newest there is, packages by pip's index, images by skopeo
	@$(ENV) bootstrap && .build/tools/bin/python tests/outdated.py $(ARGS)

lint: ## ruff, pyright in each environment, the rules of imports, dead code, the limits
	@$(ENV) lint
	@$(ENV) test $(UNIT)
	$(LINT)/ruff check .
	$(LINT)/ruff format --check .
	@printf '%s\n' $(UNIT) | xargs -P 2 -I {} sh -c '$(LINT)/pyright --pythonpath {}/.venv/bin/python {}/stock_*'
	@$(LINT)/python tests/import_rules.py > .build/imports.toml
	PYTHONPATH=$$(printf '%s:' $(UNIT)) $(LINT)/lint-imports --no-cache --config .build/imports.toml
	$(LINT)/vulture
	$(LINT)/python tests/limits.py
	@if command -v actionlint >/dev/null; then actionlint; fi

system-test:
	@$(SYSTEM) test

test: system-test build-test ## Everything: lint, unit, contract, integration with the browser
	@.build/tools/bin/python tests/run.py lint $(UNIT) tests/contract tests/simulation tests/integration tests/chaos tests/upgrade

test-unit: build-test ## Each folder's tests in its own environment, and whether records, Parquet, tables and variables agree
	@.build/tools/bin/python tests/run.py $(UNIT) tests/contract

fuzz: build-test ## The property tests with new examples, from a seed that it prints; SEED=7 takes that one again, FOR=600 goes on with others
	@.build/tools/bin/python tests/run.py --fuzz $(if $(SEED),--seed $(SEED)) $(if $(FOR),--seconds $(FOR)) $(UNIT) tests/contract

model: ## The guarantee as a model, searched by spin, and six rules taken away (apt-get install spin gcc)
	@python3 tests/model/run.py $(ARGS)

simulate: ## The product's code over simulated Kafka, S3 and Snowflake, searched for a break; SCHEDULES=1000000 SEED=1, REPLAY=4711 tells a story
	@$(ENV) test tests/contract && tests/contract/.venv/bin/python -m tests.simulation $(if $(REPLAY),--replay $(REPLAY),--schedules $(or $(SCHEDULES),50000) --seed $(or $(SEED),1) --processes 2)

mutants: ## Breaks of the guarantee, one line each: the search must find them. Writes the table in docs/guarantee.md
	@$(ENV) test tests/contract && tests/contract/.venv/bin/python -m tests.simulation.mutants $(ARGS)

upgrade-test: build ## The present code on the data of an older one, killed in the middle; FROM=<commit>
	@$(ENV) test local/stack && local/stack/.venv/bin/python -m tests.upgrade $(if $(FROM),--from $(FROM))

test-integration: system-test build-test ## The real stack: completeness, kills, metrics, objects, the browser
	@.build/tools/bin/python tests/run.py tests/integration

reference: build-test ## docs/reference from the code
	@tests/contract/.venv/bin/python tests/contract/reference.py

screenshots: system-test build-test ## docs/images from the real page, light and dark
	@local/stack/.venv/bin/python tests/screenshots.py

infra-test: ## Terraform: format, validate, test, plan for both deployments, checkov, IAM under enforcement, setup_kafka.sh for real
	@infra/test.sh

cost: ## What it costs a month; SYMBOLS=50 INTERVAL=5 change the figures
	@python3 infra/cost.py $(if $(SYMBOLS),--symbols $(SYMBOLS)) $(if $(INTERVAL),--interval $(INTERVAL)) $(ARGS)

bench: $(addprefix bench-,$(BENCHMARKS)) ## Every benchmark, one after the other; bench-<name> runs one

bench-producer_year bench-failing_vendor: PLACE = services/producer
bench-failing_vendor: export PYTHONPATH = services/producer/tests
bench-%: PLACE = local/stack
bench-%: build
	@$(ENV) test $(PLACE)
	@$(PLACE)/.venv/bin/python -m benchmarks.bench_$* $(ARGS)

chaos: build ## Random faults on everything, then the audit; KILLS=200 SEED=1 SECURE=1
	@$(ENV) test local/stack && PYTHONPATH=tests local/stack/.venv/bin/python -m chaos --kills $(or $(KILLS),200) --seed $(or $(SEED),1) $(if $(SECURE),--secure)

clean: ## Removes environments, jars, data and reports
	rm -rf .build $(addsuffix /.venv,$(UNIT) tests/contract)

images: ## The images of the services and their stand-ins, by docker compose
	REVISION=$$(git rev-parse --short HEAD 2>/dev/null || echo unknown) VERSION=$(VERSION) docker compose build

monitoring-test: ## Prometheus' rules, Alertmanager's routes, Grafana's dashboards, without an engine
	@monitoring/check.sh && $(ENV) test local/stack
	@local/stack/.venv/bin/python -m pytest -q tests/monitoring

compose-test: ## The whole stack in containers: images, health, kills, scaling, alerts, every panel, the end; ARGS for pytest
	@tests/compose/run.sh $(ARGS)

alerts-test: ## Breaks what each alert watches, in containers: it fires, its cause is the one page, it resolves (a quarter of an hour)
	@tests/compose/run.sh tests/compose/seen_firing.py
