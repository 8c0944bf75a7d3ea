# Everything a person or a machine does with this checkout. Works with GNU make 3.81 and newer.
# `make` alone lists the targets.

SHELL := /bin/sh
PY := .venv/bin/python
STAMP := .venv/.sluice-setup
ENV := PATH="$(CURDIR)/.venv/bin:$$PATH"

# FAULT, SPEED, PORT and HEADLESS shape the demo; NAME picks the bench; ARGS goes to the command as it is.
FAULT ?= none
SPEED ?=
PORT ?=
HEADLESS ?=
NAME ?=
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help setup lock demo serve test test-needs lint format typecheck bench docs docs-serve clean

help: ## list these targets
	@echo "Sluiceway: what this checkout can do"
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(STAMP) ## create .venv with everything from requirements.lock (quick when nothing changed)

$(STAMP): requirements.lock pyproject.toml scripts/setup
	@scripts/setup

lock: $(STAMP) ## resolve pyproject.toml anew into requirements.lock
	@scripts/lock

demo: $(STAMP) ## show a rollout on live traffic; FAULT=none|errors|latency|crash|slow-burn HEADLESS=1 SPEED=n
	@$(ENV) $(PY) -m sluiceway demo --fault "$(FAULT)" $(if $(SPEED),--speed "$(SPEED)") $(if $(PORT),--port "$(PORT)") \
		$(if $(filter-out 0,$(HEADLESS)),--headless) $(ARGS)

serve: $(STAMP) ## run Sluiceway here (data in .sluice/); PORT=7700
	@$(ENV) $(PY) -m sluiceway serve $(if $(SPEED),--speed "$(SPEED)") $(if $(PORT),--port "$(PORT)") $(ARGS)

test: $(STAMP) ## run every test; ARGS="tests/unit -k audit" runs some of them
	@scripts/test $(ARGS)

test-needs: ## install what the tests need from the system (Chromium, Prometheus, libfaketime), where that is allowed
	@scripts/test-needs

lint: $(STAMP) ## ruff, mypy, pyright, import layers, purity of the domain
	@scripts/lint

format: $(STAMP) ## let ruff rewrite what it can
	@$(PY) -m ruff check --fix --quiet . ; $(PY) -m ruff format --quiet .

bench: $(STAMP) ## measure; NAME=rollout|analysis|releases|flags
	@test -n "$(NAME)" || { echo "make bench NAME=...: one of" \
		$$(grep -l '__name__ == "__main__"' bench/*.py | sed 's,.*/,,;s,\.py$$,,') >&2; exit 2; }
	@$(ENV) $(PY) -m bench.$(NAME) $(ARGS)

docs: $(STAMP) ## build the documentation into site/; a broken link fails
	@scripts/docs

docs-serve: $(STAMP) ## show the documentation at a local address while you write
	@$(PY) -m zensical serve

clean: ## remove what was made here, but not .sluice/
	rm -rf .venv site build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
