# Every command for people and for continuous integration. `make` alone prints them.

.DEFAULT_GOAL := help
SHELL := /bin/sh
# Always through Python: the scripts in .venv/bin name a folder and break when the clone is moved.
PYTHON := .venv/bin/python
# A program of its own, unlike the others.
DJADE := .venv/bin/djade
# Checks read no .env, write no data folder and reach no database.
CHECKS := ENV_FILE=/dev/null SECRET_KEY=only-for-checks DATABASE_URL=sqlite://:memory:
APPS := common messaging chats accounts operations messaging_app

.PHONY: help run demo dev test lint format requirements bench bench-load techniques faults screenshots bench-live messages audit

help: ## print these commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1|\2/p' Makefile | awk -F'|' '{ printf "  %-18s%s\n", $$1, $$2 }'

# `exec`, so that Ctrl-C and signals reach the server itself.
run: ## install what is missing, then serve (HOST, PORT, DATA_DIR and more: see .env.example)
	@scripts/venv.sh requirements.txt && exec $(PYTHON) manage.py serve

# Neither .env nor a DATABASE_URL in the environment: made-up people must not land among real ones.
demo: ## the same with a lively sample, in demo-data/
	@scripts/venv.sh requirements.txt && ENV_FILE=/dev/null DATA_DIR=demo-data \
		DATABASE_URL= CACHE_URL= EMAIL_URL= exec $(PYTHON) manage.py serve --demo

dev: ## serve for development: debug pages and toolbar, restarts when a file changes
	@scripts/venv.sh requirements-dev.txt && export DEBUG=1 && $(PYTHON) manage.py migrate -v 0 && \
		exec $(PYTHON) manage.py runserver "$${HOST:-127.0.0.1}:$${PORT:-8000}"

# On PostgreSQL and Redis only what touches database, cache or concurrency, unless ALL=1.
# A file stays with one process, which makes its server, browser and static files once.
WORKERS := -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder
test: ## run every test (ARGS="-k inbox" chooses; REQUIRE_ALL=1 lets none be left out; ALL=1: on both databases)
	@scripts/venv.sh requirements-dev.txt && $(PYTHON) -m scripts.installed_programs && \
		$(PYTHON) -m pytest $(WORKERS) $(ARGS) && \
		exec $(PYTHON) -m scripts.on_postgres $(WORKERS) \
		$(if $(ALL),-m "not browser",-m db) $(ARGS)

faults: ## break things on purpose, long: 60 minutes at most (FAULTS="kill;edited" chooses; SCALE=0.1: less of each)
	@scripts/venv.sh requirements-dev.txt && exec $(PYTHON) -m tests.faults

lint: ## look for mistakes in style, types, migrations and safety
	@scripts/venv.sh requirements-dev.txt
	$(PYTHON) -m ruff check
	$(PYTHON) -m ruff format --check
	@echo "djade --check" && find . -name '*.html' -path '*templates/*' -not -path './.*' \
		-not -path './node_modules/*' -print0 | \
		xargs -0 -r $(DJADE) --check --target-version 5.2
	$(CHECKS) $(PYTHON) -m mypy
	$(CHECKS) $(PYTHON) manage.py makemigrations --check --dry-run
	$(PYTHON) -m bandit --quiet --configfile pyproject.toml --recursive \
		--severity-level medium $(APPS)

format: ## rewrite code and templates in the house style
	@scripts/venv.sh requirements-dev.txt
	$(PYTHON) -m ruff check --fix
	$(PYTHON) -m ruff format
	@echo "djade" && find . -name '*.html' -path '*templates/*' -not -path './.*' \
		-not -path './node_modules/*' -print0 | \
		xargs -0 -r $(DJADE) --target-version 5.2 || test $$? -eq 123 # it rewrote some

# One file for Python 3.11 and every newer one: differences stand in it as markers.
COMPILE := -m uv pip compile --quiet --universal --python-version 3.11 --upgrade \
	--custom-compile-command 'make requirements' pyproject.toml

requirements: ## pin the newest releases that pyproject.toml allows
	@scripts/venv.sh requirements-dev.txt
	$(PYTHON) $(COMPILE) --output-file requirements.txt
	$(PYTHON) $(COMPILE) --extra dev --constraint requirements.txt --output-file requirements-dev.txt

messages: ## collect what is to be translated, and compile what is (needs GNU gettext)
	@scripts/venv.sh requirements-dev.txt && exec $(PYTHON) -m scripts.translations

bench: ## measure how fast pages are (MESSAGES=10000: the smallest database only)
	@scripts/venv.sh requirements-dev.txt && exec $(PYTHON) -m benchmarks

bench-load: ## drive the real server with many requests at once (needs wrk)
	@scripts/venv.sh requirements-dev.txt && exec $(PYTHON) -m benchmarks.load

bench-live: ## measure open windows: memory, time from sending to showing (ARGS="--only redis")
	@scripts/venv.sh requirements-dev.txt && exec $(PYTHON) -m benchmarks.live $(ARGS)

techniques: ## measure what each technique of docs/techniques.md costs, and write its table
	@scripts/venv.sh requirements-dev.txt && exec $(PYTHON) -m benchmarks.techniques

screenshots: ## draw the pictures in docs/screenshots again (needs Chromium)
	@scripts/venv.sh requirements-dev.txt && exec $(PYTHON) -m scripts.screenshots

audit: ## let Lighthouse look at three pages (needs Chromium and npm)
	@scripts/venv.sh requirements-dev.txt && exec $(PYTHON) -m scripts.audit
