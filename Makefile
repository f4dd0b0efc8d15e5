# Thin: each target names what it does; the how is in scripts/ and embedded/.
.DEFAULT_GOAL := help
SHELL := /bin/sh
BIN := .venv/bin

# when make itself is killed, what it started stops
FOLLOW := $(shell setpriv --pdeathsig TERM true 2>/dev/null && echo setpriv --pdeathsig TERM)

.PHONY: help run test chaos fuzz compose check bench loadtest screenshots locks clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-11s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

run: ## Set up and start everything: page on 127.0.0.1:8050, API on 127.0.0.1:8000; Ctrl-C stops it
	@scripts/setup embedded
	@exec $(FOLLOW) $(BIN)/python -m millstream_embedded

test: ## Set up, run every test, and demand 80 % coverage (T="-k words" for some, without that demand)
	@scripts/setup dev
	@scripts/get-chromium
	@scripts/test $(T)

chaos: ## Break everything again and again under load, some 25 minutes (SEED=1); writes docs/chaos.md
	@scripts/setup dev
	@exec $(FOLLOW) $(BIN)/python -m tests.chaos --seed $(or $(SEED),1)

fuzz: ## Send thousands of generated requests, every boundary of the OpenAPI document among them (N=100)
	@scripts/setup dev
	@MILLSTREAM_FUZZ_CASES=$(or $(N),100) $(BIN)/python -m pytest tests/contract/api

compose: ## Build the images, run the compose file on this machine's Docker engine, and break it
	@scripts/setup dev
	@MILLSTREAM_TEST_ENGINE=1 $(BIN)/python -m pytest -rP tests/compose

check: ## Lint, formatting, strict types, import fences
	@scripts/setup dev
	@scripts/check

bench: ## Measure, print the figures, and keep them in docs/bench (A="--answers 50 --viewers 2000")
	@scripts/setup dev
	@$(BIN)/python -m bench $(A)

loadtest: ## Load the embedded default some ten minutes, check every answer; writes docs/bench/load (A="--patterns steady")
	@scripts/setup dev
	@exec $(FOLLOW) $(BIN)/python -m bench.load $(A)

screenshots: ## Take the pictures of the page again: docs/images
	@scripts/setup dev
	@scripts/get-chromium
	@$(BIN)/python -m tests.screenshots

locks: ## Refresh locks/*.txt from the pyproject files (UPGRADE=--upgrade for newer versions)
	@scripts/locks $(UPGRADE)

clean: ## Remove the environment, caches and coverage data; the data directory stays
	rm -rf .venv .uv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	rm -f .coverage .coverage.*
	find services embedded tests bench scripts -name __pycache__ -prune -exec rm -rf {} +
