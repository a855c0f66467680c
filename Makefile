# Every habit is one command; `make help` lists them. Each sets up what it needs in .venv, once per change of
# what is built at installation.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
RUN := $(VENV)/bin/python
SOURCES := mindast benchmarks tests setup.py
FAST := tests/test_layout.py tests/passes tests/errors tests/transform tests/frontend tests/runtime

# The linear algebra libraries choose their own kernels and blocking for the machine, as they do for a user.
BENCH_ENVIRONMENT := env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE

.DEFAULT_GOAL := help
.PHONY: help bench test check golden docs clean

help:  ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

bench: $(VENV)/.bench  ## compare with PyTorch: time, memory, accuracy (ARGS="--sample-size 5" to change it)
	$(BENCH_ENVIRONMENT) $(RUN) -m benchmarks.benchmark_autograd $(ARGS)

test: $(VENV)/.test  ## every test that is not marked slow
	$(RUN) -m pytest -q -m "not slow" -n 2 --dist loadscope $(ARGS)

check: $(VENV)/.test  ## lint, types and the fast tests, in under a minute
	$(RUN) -m ruff check $(SOURCES)
	$(RUN) -m mypy
	$(RUN) -m pytest -q -x -m "not slow" $(FAST)

golden: $(VENV)/.test  ## write generated/<program>/ anew: the IR, the .py and the .pyx of the benchmark programs
	$(RUN) -m benchmarks.golden

docs: $(VENV)/.test  ## check that the tour of the house names every module
	$(RUN) -m pytest -q tests/test_layout.py

clean:  ## remove the environment and what building left behind
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

# A stamp is written only after its step succeeded, so an interrupted setup starts again.
$(VENV)/.created:
	$(PYTHON) -m venv --clear $(VENV)
	@touch $@

$(VENV)/.%: $(VENV)/.created pyproject.toml setup.py $(wildcard mindast/*/*.pyx mindast/*/*.pxd)
	$(RUN) -m pip install -e '.[$*]'
	@touch $@

.PRECIOUS: $(VENV)/.%
