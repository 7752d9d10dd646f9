# `make help` lists the targets. deploy/*.sh, deploy/serve.py and pytest do the work.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.ONESHELL:
.SHELLFLAGS := -euo pipefail -c
# Some containers set it. Then each process of the tests would compile the whole code anew.
unexport PYTHONDONTWRITEBYTECODE
.PHONY: help run check test test-js test-faults test-docker lint format messages house bench screenshots configuration lock clean dev

BIN := .venv/bin
BIOME := node_modules/.bin/biome
# The checks load the settings, which need keys. They touch no database and no file.
CHECK := SECRET_KEY=only-for-checks-abcdefghijklmnopqrstuvwxyz-0123456789 JWT_SIGNING_KEY=only-for-checks-zyxwvutsrqponm-9876543210 \
	DATABASE_URL=sqlite://:memory: SITE_URL=https://pictures.example.org FORWARDED_ALLOW_IPS=127.0.0.1 \
	NUM_PROXIES=1

# A worker of pytest-xdist that dies ends the run: with `loadfile`, its replacement may wait for ever.
PYTEST := $(BIN)/python -m pytest --max-worker-restart 0
# Name the files, because Node 22 takes no folder.
NODE_TEST := node --test --test-reporter=spec tests/js/*.test.js
# Three at once, on two cores too: these tests mostly wait for servers.
FAULTS := $(PYTEST) -n 3 tests/faults
# Folders without texts for users.
NO_MESSAGES := .venv node_modules data bench deploy docs tests */tests static/vendor
ON_MYSQL := $(BIN)/python -m tests.mariadb
ON_S3 := env TEST_STORAGE=s3
# Tests that use no database, or do the same on each: `make test` runs them once.
NO_DATABASE := --ignore images/tests/processing --ignore images/tests/storage/test_s3.py --ignore images/tests/storage/test_url.py \
	--ignore images/tests/storage/test_scratch.py --ignore imagestore/tests/kit/test_cache.py --ignore tests/test_corpus.py \
	--ignore tests/bad_input/test_hostile_text.py --ignore tests/attacks --ignore tests/clients --ignore tests/test_schema.py \
	--ignore tests/test_connections.py --ignore tests/test_requests_in_the_loop.py --ignore tests/test_slow_clients.py \
	--ignore tests/test_chunked_bodies.py --ignore tests/test_shares.py --ignore tests/test_staging.py \
	--ignore tests/test_behind_a_proxy.py --ignore tests/test_reverse_proxies.py --ignore tests/test_systemd.py --ignore tests/test_share_target.py --ignore tests/test_static_files.py \
	--ignore tests/test_hashing_memory.py \
	--ignore tests/test_sentry.py --ignore tests/test_tracing.py --ignore tests/test_home_network.py --ignore imagestore/tests/kit/test_metrics_port.py \
	$(addprefix --ignore ,$(filter-out tests/browser/test_journey.py,$(wildcard tests/browser/test_*.py)))

help: ## this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

run: ## install what is missing, then serve http://localhost:9999
	@deploy/setup.sh
	exec $(BIN)/python -m deploy.serve --tell-addresses

check: lint ## for the inner loop: linters, and every test that starts no server and waits for nothing; about a minute
	@unset DATABASE_URL
	$(NODE_TEST)
	$(PYTEST) -n 2 --dist loadfile -m "not slow and not faults_full" --ignore tests/faults

test: lint ## every check and test, on SQLite and on a MySQL-protocol server, and a part of what test-faults does
	@unset DATABASE_URL
	echo "== tests of JavaScript"
	$(NODE_TEST)
	echo "== tests on SQLite"
	# Three at once, on two cores too: each of the three uses a core for about half of the time.
	$(PYTEST) -n 3 --dist loadfile --ignore tests/faults
	echo "== faults on SQLite and a local disk"
	$(FAULTS)
	echo "== tests on MySQL's protocol"
	$(ON_MYSQL) $(PYTEST) -n 3 --dist loadfile --ignore tests/faults $(NO_DATABASE)
	echo "== faults on MySQL's protocol and S3"
	$(ON_S3) $(ON_MYSQL) $(FAULTS)

test-js: dev ## only the tests of JavaScript, without a browser
	@$(NODE_TEST)

test-faults: dev ## everything that is done to the store, many rounds of it, on both databases and both storages (hours)
	@unset DATABASE_URL
	echo "== all faults on SQLite and a local disk"
	$(FAULTS) -m ""
	echo "== all faults on MySQL's protocol and S3"
	$(ON_S3) $(ON_MYSQL) $(FAULTS) -m ""
	echo "== all faults on MySQL's protocol and a local disk"
	$(ON_MYSQL) $(FAULTS) -m ""
	echo "== all faults on SQLite and S3"
	$(ON_S3) $(FAULTS) -m ""

test-docker: dev ## builds the image and starts it as Compose and Kubernetes would; needs a Docker engine and about 10 minutes
	@$(PYTEST) tests/docker -m docker --timeout 3600

lint: dev ## ruff, mypy, djlint, Biome, import contracts, Django's own checks
	@set -x
	$(BIN)/ruff check .
	$(BIN)/ruff format --check --quiet .
	$(BIN)/djlint --quiet --check --lint templates
	$(BIOME) check --error-on-warnings
	$(BIN)/lint-imports
	$(CHECK) $(BIN)/mypy
	$(CHECK) $(BIN)/python manage.py makemigrations --check --dry-run
	$(CHECK) $(BIN)/python manage.py check --deploy --fail-level WARNING

format: dev ## format Python, templates, JavaScript and CSS
	@$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .
	$(BIN)/djlint --quiet --reformat templates || true
	$(BIOME) check --write

messages: dev ## collect the texts to translate and compile imagestore/locale; NEW=fr begins a language
	@for domain in django djangojs; do
	    $(CHECK) $(BIN)/python manage.py makemessages --domain $$domain $(if $(NEW),--locale=$(NEW),--all) --no-location \
	        --no-obsolete $(addprefix --ignore=,$(NO_MESSAGES))
	done
	$(CHECK) $(BIN)/python manage.py compilemessages $(addprefix --ignore=,.venv node_modules)

house: dev ## show the layers, what lives in each, and what it imports
	@exec $(BIN)/python -m tests.house

bench: dev ## measure (bench/)
	@exec $(BIN)/python -m bench

screenshots: dev ## take the pictures of README.md anew; with FOLDER=… of every page in every shape, to look at
	@exec $(BIN)/python -m tests.browser.screenshots $(FOLDER)

configuration: dev ## write defaults and limits of the settings into docs/configuration.md anew
	@exec $(BIN)/python -m tests.configuration_paper

lock: dev ## pin requirements*.in to versions and hashes
	@deploy/lock.sh

clean: ## remove caches and installed packages, never data
	@rm -rf .venv node_modules .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

dev:
	@deploy/setup.sh dev
