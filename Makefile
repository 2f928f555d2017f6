# One word for each habit, the same on a desk and in CI. Everything is installed into .venv.

PYTHON ?= python3
PORT ?= 9001
MINUTES ?= 20
BIN := .venv/bin

.PHONY: run test fmt lint types cover conformance faults fuzz clients bench bench-quick bench-parts bench-idle bench-drain soak check clean

run: .venv/run.stamp ## start the daemon
	@echo "echod: open http://localhost:$(PORT)/ as soon as it says ready; Ctrl-C ends it"
	@exec $(BIN)/twistd --nodaemon --pidfile= --logfile=- echod --port $(PORT)

test: .venv/test.stamp components peers ## all tests but the full conformance run and the attacks
	$(BIN)/python -m pytest -m "not full and not faults"

cover: .venv/test.stamp components peers ## the same tests, with branch coverage of echod/
	rm -f .coverage .coverage.*
	$(BIN)/python -m coverage run -m pytest -m "not full and not faults"
	$(BIN)/python -m coverage combine --quiet
	$(BIN)/python -m coverage report

conformance: .venv/test.stamp ## all 517 cases of the TestSuite, plain and over TLS, and 10,000 streams beside stock Autobahn; about 35 minutes
	$(BIN)/python -m pytest -m full

faults: .venv/test.stamp ## attacks on a running daemon, beside well-behaved clients; about 5 minutes
	$(BIN)/python -m pytest tests/faults

fuzz: .venv/fuzz.stamp ## coverage-guided fuzzing of six targets, MINUTES (20) each, two side by side
	$(BIN)/python -m tests.fuzz.run --minutes $(MINUTES)

bench: .venv/test.stamp components ## echod beside its peers: bench/RESULTS.md and plots; some ten minutes
	$(BIN)/python -m bench.run

bench-quick: .venv/test.stamp components ## three peers, three loads, printed; about 2 minutes
	$(BIN)/python -m bench.run --quick

bench-parts: .venv/test.stamp components ## what each part of the fast path brings; about 5 minutes
	$(BIN)/python -m bench.parts

clients: .venv/test.stamp .venv-clients/stamp components ## six WebSocket clients against ten behaviours: writes docs/clients.md
	$(BIN)/python -m tests.clients.run

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

types: .venv/test.stamp ## mypy --strict, and how much of echod/websocket is typed
	$(BIN)/mypy --any-exprs-report reports/types
	$(BIN)/python -m tests.typed reports/types

check: lint types test ## what a change needs before it is committed

clean:
	rm -rf .venv .venv-bench .venv-clients bench/.build bench/.node build dist reports .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage .coverage.*

.PHONY: components
components: ## Debian's packages that tests talk to
	@.ci/components

.PHONY: peers
peers: .venv/test.stamp ## packages of the npm registry that tests talk to
	@.ci/peers
# A stamp says nothing where the checkout was moved, or the making interrupted.
UNFIT := $(foreach venv,.venv .venv-clients,$(shell .ci/venv --fits $(venv) || echo $(venv)))
.PHONY: $(patsubst %,%/run.stamp,$(UNFIT)) $(patsubst %,%/test.stamp,$(UNFIT)) $(patsubst %,%/fuzz.stamp,$(UNFIT)) $(patsubst %,%/stamp,$(UNFIT))

.venv/run.stamp: pyproject.toml
	.ci/venv $(PYTHON) .venv --editable '.[all]'
	@touch $@

.venv/test.stamp: pyproject.toml
	.ci/venv $(PYTHON) .venv --editable '.[all,test,dev]'
	@touch $@ .venv/run.stamp

.venv/fuzz.stamp: pyproject.toml
	.ci/venv $(PYTHON) .venv --editable '.[all,test,dev,fuzz]'
	@touch $@

.venv-clients/stamp:
	.ci/venv $(PYTHON) .venv-clients websockets aiohttp websocket-client picows
	npm install --silent --no-audit --no-fund --prefix .venv-clients ws
	@touch $@
