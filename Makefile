# Two commands on a fresh machine with python3, make and a package index:
#   make demo    the core alone (under 300 MB), then the main job on a real Mamba-2 graph
#   make test    the rest for developers, then lint, types, tests
# While working:
#   make quick   floors, counts, laws at few examples and the demo, under a minute
#   make docs    the site, in site/
#   make printed what documents show of the output, printed again
#   make all     whatever is optional: sweeps, plots, OpenVINO, onnxruntime
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# pip leaves byte code of a checkout to the first run, and Python to none where it may not write it: a third of a start.
BYTES := $(BIN)/python -m compileall -q npusim npusim_xamba xamba && PYTHONDONTWRITEBYTECODE= $(BIN)/python -m npusim.arch.kept hw_configs
# One stamp for each set of packages; each is installed when something first needs it.
CORE := $(VENV)/.core
READY := $(VENV)/.extra-dev
MODEL := examples/mamba2_small.onnx

.PHONY: fuzz all docs printed fidelity demo test test-minimum quick lint types tests bench clean

demo: $(CORE)
	@$(BIN)/npusim run $(MODEL) --hw lunar_lake --compiler 2024.12
	@echo
	@echo "Three commands to try next, as they can be typed:"
	@echo "  $(BIN)/npusim explain $(MODEL) CumSum_1 --compiler 2024.12"
	@echo "  $(BIN)/xamba optimize $(MODEL) -o /tmp/mamba2_cumba.onnx --passes cumba"
	@echo "  $(BIN)/npusim compare $(MODEL) /tmp/mamba2_cumba.onnx --compiler 2024.12"

all: $(VENV)/.extra-all

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

# The long run of the fuzzer: an hour unless FUZZ_SECONDS says otherwise. Findings are told and make it fail.
FUZZ_SECONDS ?= 3600
fuzz: $(READY)
	$(BIN)/python -m tests.fuzzing.hour --seconds $(FUZZ_SECONDS)

bench: $(READY)
	$(BIN)/python -m pytest benchmarks --benchmark-only --benchmark-sort=name -o python_files='bench_*.py'

fidelity: $(VENV)/.extra-plot
	$(BIN)/python docs/make_fidelity.py

# What documents show of the tool's output, printed again, and the pictures (these need Chromium).
printed: $(VENV)/.extra-all
	$(BIN)/python docs/printed.py README.md docs/tutorial.md docs/language_models.md
	$(BIN)/python docs/make_pictures.py

docs: export NO_MKDOCS_2_WARNING = 1
docs: $(VENV)/.extra-docs
	$(BIN)/python docs/make_site.py
	$(BIN)/python -m mkdocs build --strict --quiet

$(CORE): pyproject.toml
	@echo "Making $(VENV) and installing the core: NumPy, SciPy, ONNX, pydantic and five small packages (half a minute) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) --no-compile -e .
	@$(BYTES)
	@touch $(CORE)

$(VENV)/.extra-%: pyproject.toml $(CORE)
	@echo "Installing the extra '$*' ..."
	@$(PIP) -e ".[$*]"
	@$(BYTES)
	@touch $@

clean:
	rm -rf $(VENV) $(VENV)-minimum site .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks
