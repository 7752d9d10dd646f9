# `make help` lists what there is. The work is done by deploy/*.sh, deploy/serve.py and pytest.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.ONESHELL:
.SHELLFLAGS := -euo pipefail -c
.PHONY: help run test test-faults lint format bench lock clean dev

BIN := .venv/bin
# The checks load the settings, which want keys; they touch no database and no file.
CHECK := SECRET_KEY=only-for-checks-abcdefghijklmnopqrstuvwxyz-0123456789 JWT_SIGNING_KEY=only-for-checks-zyxwvutsrqponm-9876543210 \
	DATABASE_URL=sqlite://:memory: SITE_URL=https://pictures.example.org

# What is done to a running store takes longer than all the rest: make test-faults.
QUICK := --ignore tests/faults

help: ## this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

run: ## install what is missing, then serve http://localhost:9999
	@deploy/setup.sh
	exec $(BIN)/python -m deploy.serve

test: lint ## every check and test, on SQLite and on a MySQL-protocol server
	@echo "== tests on SQLite"
	env -u DATABASE_URL $(BIN)/python -m pytest -n 2 --dist loadfile $(QUICK)
	echo "== tests on MySQL's protocol"
	exec $(BIN)/python -m tests.servers $(BIN)/python -m pytest -n 2 --dist loadfile $(QUICK)

test-faults: dev ## everything that is done to the store, many rounds of it, on both databases (an hour)
	@echo "== faults on SQLite"
	env -u DATABASE_URL $(BIN)/python -m pytest -n 2 -m "" tests/faults
	echo "== faults on MySQL's protocol"
	exec $(BIN)/python -m tests.servers $(BIN)/python -m pytest -n 2 -m "" tests/faults

lint: dev ## ruff, mypy, djlint, import contracts, Django's own checks
	@set -x
	$(BIN)/ruff check .
	$(BIN)/ruff format --check --quiet .
	$(BIN)/djlint --quiet --check --lint templates
	$(BIN)/lint-imports
	$(CHECK) $(BIN)/mypy
	$(CHECK) $(BIN)/python manage.py makemigrations --check --dry-run
	$(CHECK) $(BIN)/python manage.py check --deploy --fail-level WARNING

format: dev ## format Python and templates
	@$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .
	$(BIN)/djlint --quiet --reformat templates || true

bench: dev ## measure (bench/)
	@exec $(BIN)/python -m bench

lock: dev ## pin requirements*.in to versions and hashes
	@deploy/lock.sh

clean: ## remove caches and the virtual environment, never data
	@rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

dev:
	@deploy/setup.sh dev
