# The one vocabulary: people, hooks and CI all call these targets.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
TARGET ?= embedded
ENV ?=
DATA ?=
REPLACE ?=
USE_CASE ?=
BASE ?= main
# The same version as in requirements.lock.
UV_VERSION := 0.13.8
PIP_AUDIT_VERSION := 2.9.0
CYCLONEDX_VERSION := 7.1.0
SBOM ?= .build/sbom
NO_SBOM := No bill of materials was written and nothing was audited: its tool could not be installed. Without a network this cannot work; what uv said is above
NO_AUDIT := The audit is not passed: either a vulnerability is named above, or the advisories could not be read (no network, or a mirror of the registry that has none) and nothing is known
INTERCEPTED := If a certificate was not trusted (UnknownIssuer, CERTIFICATE_VERIFY_FAILED, SELF_SIGNED_CERT_IN_CHAIN), a proxy intercepts TLS: export SSL_CERT_FILE, PIP_CERT and NODE_EXTRA_CA_CERTS with the path of its certificates, or let uv trust the system's (uv --system-certs); see docs/targets.md
VENV := .venv
BIN := $(VENV)/bin
CODE := app.py infra_cdk lambdas training_job use_cases layers local_cloud console dashboards benchmarks docs_site notebooks tests
# aws_cdk's types fill gigabytes, and one mypy over everything takes twice as long as two side by side.
STACKS := app.py infra_cdk tests/infra

# Tools of the environment first: its node, its python, its npm tools.
export PATH := $(CURDIR)/$(BIN):$(CURDIR)/node_modules/.bin:$(PATH)
# Loopback never goes to a proxy.
comma := ,
export NO_PROXY := $(addsuffix $(comma),$(or $(no_proxy),$(NO_PROXY)))127.0.0.1,localhost
export no_proxy := $(NO_PROXY)
export DO_NOT_TRACK := 1
export MLFLOW_DISABLE_TELEMETRY := true
export UV_CUSTOM_COMPILE_COMMAND := make lock

##@ Run
demo: setup  ## The whole loop on this machine: cloud up, deploy, load, train, predict, monitor (USE_CASE=name, DATA=path for your own data, REPLACE=1 if it may replace simulated data)
	@$(BIN)/bikecast $(if $(USE_CASE),--use-case "$(USE_CASE)") demo $(if $(DATA),--data "$(DATA)") $(if $(REPLACE),--replace-simulated)

up: setup  ## Start the embedded cloud
	@$(BIN)/bikecast up

down:  ## Stop everything this clone started; nothing keeps running
	@if [ -x $(BIN)/bikecast ]; then $(BIN)/bikecast down; fi

deploy: setup  ## Deploy the stacks (TARGET=embedded|localstack|aws, ENV=name)
	@$(BIN)/bikecast $(if $(ENV),--env $(ENV)) deploy --target $(TARGET)

synth: setup  ## Write the CloudFormation templates to cdk.out, offline (TARGET=embedded|localstack|aws, ENV=name)
	@cdk synth --quiet -c target=$(TARGET) $(if $(ENV),-c env=$(ENV))

##@ Check
check: lint  ## What a change broke, in under two minutes: lint, and the tests nearest to what differs from BASE=main
	@files=$$($(BIN)/python -m tests.selection $(BASE)); \
	if [ -z "$$files" ]; then echo "no unit test is near what differs from $(BASE)"; \
	else $(BIN)/pytest -q -n 2 --dist loadfile --timeout 60 -m "not e2e and not on_demand" -p tests.selection $$files; fi

# The end-to-end tests wait for their cloud much of the time, which lint and the other tests use; each prints when it ends.
test: setup  ## Everything CI checks: lint, unit, AWS, infrastructure and end-to-end tests
	@echo "==> lint, tests and end-to-end tests side by side; each prints when it ends, the longest after some ten minutes"
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target test-e2e lint test-unit

test-unit: setup  ## All tests but the end-to-end ones
	@$(BIN)/pytest -q -n 2 --dist loadfile -m "not e2e and not on_demand" --ignore tests/e2e

coverage: setup  ## The same tests with the floor of branch coverage, and what they never ran, the least covered module first
	@$(BIN)/pytest -q -n 2 --dist loadfile -m "not e2e and not on_demand" --cov --cov-report=
	@$(BIN)/coverage report --skip-covered --show-missing --sort=cover

test-e2e: setup  ## The deployed loop on an embedded cloud of its own
	@$(BIN)/pytest -q -m "e2e and not on_demand" tests/e2e

test-faults: setup  ## What takes too long for every run: retrainings that race, lose workers, database, memory or artifacts
	@$(BIN)/pytest -q -m "on_demand and not localstack" --timeout 1200 --ignore tests/infra

test-templates: setup  ## cdk-nag and cfn-lint over every target, environment and way of running containers
	@$(BIN)/pytest -q -m on_demand tests/infra

test-localstack: setup  ## The whole loop on LocalStack's last open release, where Python 3.13 is there (docs/localstack.md)
	@$(BIN)/pytest -q -m localstack tests/localstack

mutation: setup  ## Small changes of the code that decides, each of which a test must notice (MODULES="gate manifest")
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --group mutation
	@$(BIN)/python -m benchmarks.mutation $(MODULES)

lint: setup  ## Style, types and the boundaries between packages
	@$(BIN)/ruff check $(CODE)
	@$(BIN)/ruff format --check $(CODE)
	@$(BIN)/mypy --cache-dir .mypy_cache/stacks $(STACKS) & stacks=$$!; rest=0; \
	$(BIN)/mypy --cache-dir .mypy_cache/rest --exclude '^tests/infra/' $(filter-out $(STACKS),$(CODE)) || rest=$$?; \
	wait $$stacks && exit $$rest
	@$(BIN)/lint-imports

sbom: setup  ## Bill of materials of every locked package, in .build/sbom (SBOM=folder; needs the registry for its tool)
	@mkdir -p $(SBOM)
	@$(BIN)/uv tool run --quiet --from cyclonedx-bom==$(CYCLONEDX_VERSION) cyclonedx-py requirements requirements.lock --output-reproducible -o $(SBOM)/python.json || { echo "$(NO_SBOM)" >&2; exit 1; }
	@npm sbom --sbom-format cyclonedx --package-lock-only > $(SBOM)/npm.json

audit: sbom  ## Known vulnerabilities of every locked package, beside the bill of materials (needs the network)
	@$(BIN)/uv tool run --quiet pip-audit@$(PIP_AUDIT_VERSION) --strict --require-hashes --disable-pip -r requirements.lock || { echo "$(NO_AUDIT)" >&2; exit 1; }
	@npm audit --audit-level=high || { echo "$(NO_AUDIT)" >&2; exit 1; }

format: setup  ## Rewrite the code in the project's style
	@$(BIN)/ruff check --fix $(CODE)
	@$(BIN)/ruff format $(CODE)

##@ Document
docs: $(VENV)/.docs  ## The site in .build/docs/site: pages, references made from the code, the notebooks that `make notebooks` executed
	@$(BIN)/python -m docs_site

notebooks: setup $(VENV)/.notebooks  ## Execute the notebooks against the embedded cloud, after the demo where none runs; `make docs` shows them
	@$(BIN)/bikecast status > /dev/null 2>&1 || $(BIN)/bikecast demo
	@$(BIN)/python -m docs_site.notebooks

$(VENV)/.%: docs_site/%.lock $(VENV)/.ready
	@$(BIN)/uv pip install --quiet --require-hashes --python $(BIN)/python --requirement $<
	@touch $@

##@ Prepare
setup: $(VENV)/.ready node_modules/.ready bundles  ## The environment, the npm tools and the Lambda bundles; quick when nothing changed

bundles: $(VENV)/.ready  ## What ships to Lambda, built without Docker for this machine and for AWS
	@$(BIN)/python -m layers.build --target embedded --target aws

$(VENV)/.ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v < (3, 14) else f"bikecast needs Python 3.11 to 3.13, but $(PYTHON) is {v[0]}.{v[1]}; name another: make PYTHON=python3.12 ...")'
	@echo "==> environment in $(VENV)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION) || { echo "$(INTERCEPTED)" >&2; exit 1; }
	@$(BIN)/uv pip sync --quiet --require-hashes --python $(BIN)/python requirements.lock || { echo "$(INTERCEPTED)" >&2; exit 1; }
	@$(BIN)/uv pip install --quiet --no-deps --python $(BIN)/python --editable .
	@touch $@

node_modules/.ready: package-lock.json $(VENV)/.ready
	@echo "==> npm tools in node_modules"
	@npm ci --no-audit --no-fund --no-update-notifier --loglevel=error || { echo "$(INTERCEPTED)" >&2; exit 1; }
	@touch $@

lock: $(VENV)/.ready  ## Resolve the dependencies anew and write every lock file
	@$(BIN)/uv pip compile --quiet --upgrade pyproject.toml --group everything --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url -o requirements.lock
	@$(BIN)/python -m layers.build --lock
	@$(BIN)/uv pip compile --quiet tests/localstack/requirements.in --python-version 3.13 --exclude-newer 2026-04-15 \
		--generate-hashes --no-emit-index-url -o tests/localstack/requirements.lock

image-test: setup  ## Build and run the training image where docker or podman is there
	@$(BIN)/python -m layers.images

image-digests: setup  ## Look up what the base images' tags stand for, which a deployment of images to AWS needs (needs the network)
	@$(BIN)/python -m layers.image_digests

clean: down  ## Stop everything and remove the state, the bundles and the templates (the environment stays)
	@rm -rf .local .build cdk.out
	@echo "state removed"

distclean: clean  ## Also remove the environment and the npm tools
	@rm -rf $(VENV) node_modules

help:  ## This list
	@awk 'BEGIN {FS = ":.*##"} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z0-9-]+:.*##/ {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo up down deploy synth check test test-unit coverage test-e2e test-faults test-templates test-localstack mutation lint audit sbom format setup bundles docs notebooks lock image-test image-digests clean distclean help
