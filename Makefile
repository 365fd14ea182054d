# Two commands on a fresh machine with python3, make and a package index:
#   make demo    environment, install, the main job on a real Mamba-2 graph
#   make test    environment, lint, types, tests
# While working:
#   make quick   floors, counts, laws at few examples and the demo, under a minute
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: fidelity demo test test-minimum quick lint types tests bench clean

demo: $(READY)
	$(BIN)/npusim run examples/mamba2_small.onnx --hw lunar_lake --compiler 2024.12

test: lint types tests

lint: $(READY)
	$(BIN)/ruff check npusim npusim_xamba xamba tests benchmarks examples docs
	$(BIN)/ruff format --check npusim npusim_xamba xamba tests benchmarks examples docs

types: $(READY)
	$(BIN)/mypy

tests: $(READY)
	$(BIN)/python -m pytest -n auto --dist worksteal

quick: $(READY) demo
	NPUSIM_EXAMPLES=few $(BIN)/python -m pytest -n auto -m "not slow" tests/test_floors.py tests/ops tests/arch \
	  tests/schedule tests/compiler tests/xamba/test_laws.py

# The lowest versions that pyproject.toml allows, in an environment of their own.
test-minimum:
	$(PYTHON) -m venv $(VENV)-minimum
	$(VENV)-minimum/bin/python -m pip install --quiet --disable-pip-version-check -c tests/minimum.txt -e ".[ort]" \
	  pytest pytest-xdist hypothesis jsonschema
	$(VENV)-minimum/bin/python -m pytest -n auto -m "not slow" tests/loading tests/ops tests/compiler tests/cli

bench: $(READY)
	$(BIN)/python -m pytest benchmarks --benchmark-only --benchmark-sort=name -o python_files='bench_*.py'

fidelity: $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[plot]"
	$(BIN)/python docs/make_fidelity.py

$(READY): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[dev]"
	touch $(READY)

clean:
	rm -rf $(VENV) $(VENV)-minimum .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks
