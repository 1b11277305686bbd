# Everything starts here. Nothing else has to be set up by hand.
PYTHON ?= python3
BIN = .venv/bin
SHOP = examples/marketplace

.PHONY: help setup demo demo-down test check proofs simulate mutants kills benchmarks screenshots lock clean

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

proofs: setup ## the long proofs: 100 deploys, 100,000 requests, every kill
	@$(BIN)/python scripts/proofs

simulate: setup ## a million operations on the simulated machine
	@$(BIN)/python scripts/simulate --steps 1000000

mutants: setup ## planted bugs: the simulation must find each
	@$(BIN)/python scripts/mutants

kills: setup ## every part killed at every step boundary of every verb; long
	@$(BIN)/python scripts/kill-suite

benchmarks: setup ## losses, speed, memory, 200 deploys in a row; takes long
	@benchmarks/run

screenshots: setup ## pictures of the shop and of the terminal, in build/screenshots
	@$(BIN)/python scripts/screenshots

lock: ## resolve the dependencies anew
	@scripts/lock --upgrade

clean: ## remove what can be made again; no data
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist
