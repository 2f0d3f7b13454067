# `make demo` and `make test` are all that README asks for; `make help` lists the rest.
# Everything is installed into $(VENV), at the versions and hashes of the lock files, and nowhere else.

PYTHON      ?= python3
PYTEST_ARGS ?= -n $(WORKERS) --dist worksteal
# One more than there are processors: many tests wait for other processes most of their time.
WORKERS     ?= $(shell $(BIN)/python -c 'import os; print((os.cpu_count() or 1) + 1)')

VENV := .venv
BIN  := $(VENV)/bin
PIP  := $(BIN)/python -m pip --quiet --disable-pip-version-check
UV   := uv==0.13.9

# Builds what is not built yet of the sources as they are, and is done at once otherwise.
CONSOLE := $(BIN)/python hatch_build.py

# Stamps, each written only after all of its work was done: an interrupted make does that work again.
MADE       := $(VENV)/.made
DEMO_READY := $(VENV)/.demo-ready
TEST_READY := $(VENV)/.test-ready

IS_NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
IS_USABLE     := import sys; sys.exit(sys.version_info < (3, 11) or sys.prefix == sys.base_prefix)

# Its interpreter may be gone since it was made: looked at anew each time.
MADE_IS_STALE := $(shell $(BIN)/python -c '$(IS_USABLE)' 2>/dev/null || echo FORCE)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: demo test check lint typecheck imports console docs bench soak lock clean help FORCE

demo: $(DEMO_READY) ## run the example on real data, start to finish
	@$(CONSOLE) --if-possible
	$(BIN)/ostinato demo

# Whatever the surroundings say: hundreds of processes are started, and each would compile all that it imports anew.
test: export PYTHONDONTWRITEBYTECODE :=
test: check ## check everything and run all tests
	@$(CONSOLE) --if-possible
	$(BIN)/python -m pytest $(PYTEST_ARGS)

check: lint typecheck imports ## style, types and floors

lint: $(TEST_READY) ## style alone
	$(BIN)/ruff check
	$(BIN)/ruff format --check

typecheck: $(TEST_READY) ## types alone
	$(BIN)/mypy
	$(call typecheck_example,flights,jobs)
	$(call typecheck_example,warehouse,monthly tests)
	$(CONSOLE) --check --if-possible

define typecheck_example
cd src/ostinato/examples/$(1) && "$(CURDIR)/$(BIN)/mypy" $(2) \
    --config-file "$(CURDIR)/pyproject.toml" --cache-dir "$(CURDIR)/.mypy_cache/$(1)"
endef

imports: $(TEST_READY) ## floors alone: who may import whom
	$(BIN)/lint-imports

console: $(TEST_READY) ## build the web console, if its sources have changed
	$(CONSOLE)

docs: $(TEST_READY) ## write the generated pages anew
	$(BIN)/python docs/generate.py

bench: $(TEST_READY) ## measure how fast plans are carried out
	$(BIN)/python bench/plans.py $(BENCH_ARGS)

soak: $(TEST_READY) ## kill engines and agents for minutes, on SQLite and on PostgreSQL, and see what is left
	$(BIN)/python -m ostinato.testing.soak $(SOAK_ARGS)
	$(BIN)/python -m ostinato.testing.soak --postgres $(SOAK_ARGS)

# The tools that build packages come first, so that pip need not download others, unpinned, for each build.
define install
@echo "Installing $(1) into $(VENV)"
@$(PIP) install --require-hashes --no-deps -r requirements-build.lock
@$(PIP) install --require-hashes --no-deps --no-build-isolation --use-pep517 -r $(1)
@$(PIP) install --no-deps --no-build-isolation -e .
@touch $@
endef

$(DEMO_READY): $(MADE) pyproject.toml requirements-build.lock requirements-demo.lock
	$(call install,requirements-demo.lock)

$(TEST_READY): $(MADE) pyproject.toml requirements-build.lock requirements.lock
	$(call install,requirements.lock)

# A virtual environment that is there and works is used as it is, whoever made it.
$(MADE): $(MADE_IS_STALE)
	@command -v "$(PYTHON)" >/dev/null || { echo "There is no $(PYTHON) here. Install Python 3.11 or newer," \
	    "or say where it is: make PYTHON=/path/to/python3" >&2; exit 1; }
	@"$(PYTHON)" -c '$(IS_NEW_ENOUGH)' || { echo "$(PYTHON) is older than Python 3.11. Install a newer one," \
	    "or say where it is: make PYTHON=/path/to/python3" >&2; exit 1; }
	@{ $(BIN)/python -c '$(IS_USABLE)' && $(PIP) --version >/dev/null; } 2>/dev/null \
	    || "$(PYTHON)" -m venv --clear $(VENV) \
	    || { echo "$(PYTHON) cannot make virtual environments." \
	    "On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@touch $@

define compile
UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
    --generate-hashes --no-emit-index-url --no-emit-find-links $(UPGRADE) $(2) --output-file $(1)
endef

lock: $(MADE) ## resolve the lock files anew; with UPGRADE=--upgrade to the newest versions
	$(PIP) install $(UV)
	$(call compile,requirements.lock,pyproject.toml --all-extras --group build)
	$(call compile,requirements-demo.lock,pyproject.toml --extra examples --group build -c requirements.lock)
	$(call compile,requirements-build.lock,--group build -c requirements.lock)

clean: ## remove the virtual environment and all that tools have left
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	rm -rf console/node_modules console/src/api/schema.d.ts src/ostinato/console/static
	find src tests bench -name __pycache__ -type d -prune -exec rm -rf {} +

help: ## list these targets
	@sed -n 's/^\([a-z]*\):.*## /\1: /p' $(MAKEFILE_LIST) | awk -F': ' '{ printf "  make %-10s %s\n", $$1, $$2 }'
