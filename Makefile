# Thin on purpose: each target is one command that could be typed by hand.
PYTHON ?= python3
RUN := .venv/bin/python -m

.PHONY: setup demo test nightly lint docs bench lock

setup:            ## make .venv/ with mlops-ci and every extra in it
	@$(PYTHON) .ci/setup.py

demo: setup       ## run the whole journey on this machine
	@$(RUN) mlops_ci demo

test: setup       ## run the tests of every change: two files at a time, then those that measure time
	@$(RUN) pytest -m "not alone and not nightly" -n 2 --dist loadfile --no-loadscope-reorder
	@$(RUN) pytest -m "alone and not nightly"

nightly: setup    ## run the tests that take longer than a change should wait
	@$(RUN) pytest -m nightly

lint: setup       ## style, types, import contracts, workflows
	@$(RUN) ruff check
	@$(RUN) ruff format --check
	@$(RUN) mypy
	@.venv/bin/lint-imports --no-cache
	@$(PYTHON) .ci/lint_workflows.py

docs: setup       ## write the generated pages and schemas
	@.venv/bin/python .ci/generate.py

bench: setup      ## measure, with the peers side by side
	@.venv/bin/python -m bench $(ONLY)

lock: setup       ## pin every requirement with its hashes
	@.venv/bin/python .ci/lock.py
