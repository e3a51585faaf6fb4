# Yagura. Needs git, make and Python 3.13; everything else is installed here, pinned.
# `make demo` and `make test` do all the set-up themselves.

PYTHON ?= python3
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
export VIRTUAL_ENV := $(CURDIR)/.venv
export JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION := 1
export PYTHONDONTWRITEBYTECODE := 1
export CDK_DISABLE_CLI_TELEMETRY := true
PIP := -m pip install --quiet --disable-pip-version-check --require-hashes
PORT ?= 4566
STATE ?= .local
.DEFAULT_GOAL := help

.PHONY: help setup setup-dev demo test check prove bench deploy diff wheels generate lock clean

help: ## What can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: setup ## The fleet on the local cloud, at work; PART=chatops, findings or all for other chapters, ONCE=1 exits afterwards
	@fleetctl local demo --port $(PORT) --state $(STATE) $(if $(PART),--part $(PART)) $(if $(ONCE),--once)

test: setup-dev ## All tests, the end-to-end one on the local cloud among them
	@pytest -n 2 --dist loadfile

check: setup-dev ## Configuration, lint, types, import contracts, nag, templates, generated files
	@python -m stacks.config
	@ruff check .
	@ruff format --quiet --check .
	@lint-imports --no-cache
	@mypy
	@python -m tests.stacks.synth
	@python -m fleetctl.generate --check

prove: setup-dev ## What is too slow for every run: 20,000 examples, permission proof, mutation score
	@HYPOTHESIS_PROFILE=prove pytest -n 2 --dist loadfile -m "not local" tests/functions tests/layers
	@python -m bench.permissions
	@python -m bench.mutation

bench: setup-dev ## The scoreboard
	@python -m bench

diff: setup ## What `make deploy ACCOUNT=<name>` would change
	@test -n "$(ACCOUNT)" || { echo "make diff ACCOUNT=<name>: which account of config/fleet.yaml?"; exit 2; }
	@python -m stacks.config "$(ACCOUNT)"
	@YAGURA_FLEETS=config/fleet.yaml node_modules/.bin/cdk diff "$(ACCOUNT)/*"

deploy: setup ## Deploy to one account of config/fleet.yaml: make deploy ACCOUNT=<name>
	@test -n "$(ACCOUNT)" || { echo "make deploy ACCOUNT=<name>: which account of config/fleet.yaml?"; exit 2; }
	@python -m stacks.config "$(ACCOUNT)"
	@YAGURA_FLEETS=config/fleet.yaml node_modules/.bin/cdk deploy "$(ACCOUNT)/*"

wheels: setup ## Build the wheels that product teams install: yagura (SDK), yagura-cdk (constructs)
	@uv build --quiet --wheel --no-build-isolation -o dist layers/sdk
	@uv build --quiet --wheel --no-build-isolation -o dist constructs
	@ls dist/*.whl

generate: setup-dev ## Write the generated files: schemas, docs/events, docs/permissions.md, docs/cost.md
	@python -m fleetctl.generate

lock: setup ## Pin again what requirements*.in ask for
	@for file in requirements requirements-dev layers/deps/requirements local/requirements; do \
	  uv pip compile --quiet --generate-hashes --python-version 3.13 --custom-compile-command "make lock" \
	    $$file.in -o $$file.txt || exit 1; done
	@npm install --silent --package-lock-only

setup: .venv/.setup .venv-cloud/.setup node_modules/.setup
setup-dev: setup .venv/.setup-dev

# A recipe's shell finds Python 3.13 under whichever name it has; pyenv's shims exist even where they do not work.
.venv/bin/python:
	@for p in $(PYTHON) python3 python3.13; do \
	  if [ "$$($$p -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)" = 3.13 ]; then \
	    exec $$p -m venv .venv; fi; done; \
	echo "Yagura needs Python 3.13, and found $$(python3 --version 2>&1 | head -1). Install it, or name it: make PYTHON=/path/to/python3.13"; exit 2

.venv/.setup: requirements.txt pyproject.toml | .venv/bin/python
	@echo "Installing the fleet's environment (about 1 min the first time)"
	@.venv/bin/python $(PIP) -r requirements.txt || { echo "Could not install requirements.txt: is the package registry to be reached?"; exit 2; }
	@uv pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

.venv/.setup-dev: requirements-dev.txt .venv/.setup
	@echo "Installing what the tests and checks need"
	@uv pip install --quiet --require-hashes -r requirements-dev.txt
	@touch $@

.venv-cloud/.setup: local/requirements.txt | .venv/.setup
	@echo "Installing the emulator's environment"
	@.venv/bin/python -m venv .venv-cloud
	@uv pip install --quiet --python .venv-cloud/bin/python --require-hashes -r local/requirements.txt
	@touch $@

node_modules/.setup: package-lock.json | .venv/.setup
	@npm ci --silent
	@touch $@

clean: ## Remove what was built; `fleetctl local down` first
	@rm -rf .build .local cdk.out dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
