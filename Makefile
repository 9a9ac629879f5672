# The verbs. `make demo` and `make test` do all their own set-up on a machine with Python 3.11+ and make.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.ready
COMPILE := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --python-version 3.11 \
  pyproject.toml
EXTRAS := ner photo
.PHONY: setup demo test attack soak lint lock bench clean

setup: $(STAMP)

# uv installs in seconds; where it cannot be had, pip does the same from the same lock file, which is complete.
$(STAMP): requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv>=0.13,<0.14" 2>/dev/null || echo "uv is not to be had: pip installs instead"
	@if [ -x $(BIN)/uv ]; then \
	  $(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes --no-deps -r requirements.lock && \
	  $(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps -e . ; \
	else \
	  $(BIN)/python -m pip install --quiet --require-hashes --no-deps -r requirements.lock && \
	  $(BIN)/python -m pip install --quiet --no-deps -e . ; \
	fi
	@touch $(STAMP)

demo: setup
	$(BIN)/cityglass demo

# One process per core; a file stays in one of them. The browser's come last.
test: setup
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder

# The attack suite over a year of daily releases; `make test` runs its short form.
attack: setup
	CITYGLASS_LONG=1 $(BIN)/python -m pytest -n auto --dist loadfile tests/attacks

# The made-up systems with every fault on every platform, and long random lives of each; `make test` runs the short form.
soak: setup
	CITYGLASS_LONG=1 $(BIN)/python -m pytest -n auto tests/sources/test_state_machine.py tests/sources/test_failure_matrix.py tests/etl/test_lives.py

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	@for lock in test $(EXTRAS); do \
	  file=$$(echo requirements-$$lock.lock | sed s/-test//); cp $$file .venv/lock.now; \
	  $(COMPILE) --extra $$lock -o .venv/lock.now && diff -q $$file .venv/lock.now >/dev/null \
	    || { echo "$$file is not current: run make lock"; exit 1; }; \
	done
	$(BIN)/cityglass metadata --check

# After a change of the dependencies in pyproject.toml.
lock: setup
	$(COMPILE) --extra test -o requirements.lock
	for extra in $(EXTRAS); do $(COMPILE) --extra $$extra -o requirements-$$extra.lock || exit 1; done

bench: setup
	$(BIN)/python -m bench.load
	$(BIN)/python -m bench.sources

clean:
	rm -rf .venv data/private data/public data/inbox data/lookup data/sample
