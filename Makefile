# The verbs. `make demo` and `make test` do all their own set-up on a machine with Python 3.11+ and make.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.ready
COMPILE := $(BIN)/uv pip compile --quiet --universal --generate-hashes --extra test --no-header --no-annotate \
  --python-version 3.11 pyproject.toml
.PHONY: setup demo test lint lock bench clean

setup: $(STAMP)

# uv installs in seconds; where it cannot be had, pip does the same from the same lock file.
$(STAMP): requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv>=0.13,<0.14" 2>/dev/null || echo "uv is not to be had: pip installs instead"
	@if [ -x $(BIN)/uv ]; then \
	  $(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock && \
	  $(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps -e . ; \
	else \
	  $(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock && \
	  $(BIN)/python -m pip install --quiet --no-deps -e . ; \
	fi
	@touch $(STAMP)

demo: setup
	$(BIN)/cityglass demo

test: setup
	$(BIN)/python -m pytest

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	@cp requirements.lock .venv/lock.now && $(COMPILE) -o .venv/lock.now && diff -q requirements.lock .venv/lock.now >/dev/null \
	  || (echo "requirements.lock is not current: run make lock"; exit 1)
	$(BIN)/cityglass metadata --check

# After a change of the dependencies in pyproject.toml.
lock: setup
	$(COMPILE) -o requirements.lock

bench: setup
	$(BIN)/python -m bench.load

clean:
	rm -rf .venv data/private data/public data/inbox data/lookup data/sample
