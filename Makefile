# Everything starts here. Nothing else has to be set up by hand.
PYTHON ?= python3
BIN = .venv/bin
SHOP = examples/marketplace

.PHONY: help setup demo demo-down test check proofs prove benchmarks screenshots lock clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' Makefile | awk -F ':.*## ' '{printf "make %-12s %s\n", $$1, $$2}'

setup:
	@$(PYTHON) scripts/bootstrap

demo: setup ## start the example shop on https, with a catalogue in it
	@$(BIN)/python scripts/demo

demo-down: setup ## stop it; its data stays
	@$(BIN)/greenroom -C $(SHOP) down

test: setup check ## lint, types, rooms, and the whole suite
	@$(BIN)/python scripts/run-tests

check: setup ## lint, types and the rules between rooms
	@$(BIN)/ruff check -q . && $(BIN)/ruff format -q --check .
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/mypy
	@cd $(SHOP) && ../../$(BIN)/mypy

proofs: setup ## the long proofs: 20 deploys under load, every kill, whole
	@$(BIN)/python scripts/proofs

benchmarks: setup ## losses, speed, memory, 200 deploys in a row; takes long
	@benchmarks/run

screenshots: setup ## pictures of the shop and of the terminal, in build/screenshots
	@$(BIN)/python scripts/screenshots

lock: ## resolve the dependencies anew
	@scripts/lock --upgrade

clean: ## remove what can be made again; no data
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist
