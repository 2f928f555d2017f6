# One word for each habit, the same on a desk and in CI. Everything is installed into .venv.

PYTHON ?= python3
PORT ?= 9001
MINUTES ?= 20
BIN := .venv/bin

.PHONY: run test fmt lint types cover conformance faults soak bench-idle bench-drain check clean

run: .venv/run.stamp ## start the daemon
	@echo "echod: open http://localhost:$(PORT)/ as soon as it says ready; Ctrl-C ends it"
	@exec $(BIN)/twistd --nodaemon --pidfile= --logfile=- echod --port $(PORT)

test: .venv/test.stamp components ## all tests but the full conformance run and the attacks
	$(BIN)/python -m pytest -m "not full and not faults"

cover: .venv/test.stamp components ## the same tests, with branch coverage of echod/
	rm -f .coverage .coverage.*
	$(BIN)/python -m coverage run -m pytest -m "not full and not faults"
	$(BIN)/python -m coverage combine --quiet
	$(BIN)/python -m coverage report

conformance: .venv/test.stamp ## all 517 cases of the Autobahn TestSuite, plain and over TLS; about 30 minutes
	$(BIN)/python -m pytest tests/conformance -m full

faults: .venv/test.stamp ## attacks on a running daemon, beside well-behaved clients; about 5 minutes
	$(BIN)/python -m pytest tests/faults

soak: .venv/test.stamp ## attacks and echoes mixed, for MINUTES (20); memory and descriptors must not grow
	$(BIN)/python -m bench.soak $(MINUTES)

bench-idle: .venv/test.stamp ## 15,000 idle connections for 2 minutes
	$(BIN)/python -m bench.idle

bench-drain: .venv/test.stamp ## SIGTERM with 5,000 clients
	$(BIN)/python -m bench.drain

fmt: .venv/test.stamp ## format in place
	$(BIN)/ruff check --fix --quiet . || true
	$(BIN)/ruff format .

lint: .venv/test.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/test.stamp
	$(BIN)/mypy

check: lint types test ## what a change needs before it is committed

clean:
	rm -rf .venv build dist reports .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage .coverage.*

.PHONY: components
components: ## Debian's packages that tests talk to
	@.ci/components

.venv/run.stamp: pyproject.toml
	.ci/venv $(PYTHON) '.[all]'
	@touch $@

.venv/test.stamp: pyproject.toml
	.ci/venv $(PYTHON) '.[all,test,dev]'
	@touch $@ .venv/run.stamp
