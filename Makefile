# Needs make, git and Python >= 3.10; everything else is fetched into .venv and js/node_modules.
# Each step leaves a file behind, so that make repeats only the steps whose inputs changed.

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
PIP := $(RUN) -m pip --disable-pip-version-check --no-input
# If the machine has no Node and npm, they are in the virtual environment.
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
# Hundreds of kernels, servers and scripts start: each would compile whatever it imports.
export PYTHONDONTWRITEBYTECODE :=

REQUIREMENTS := $(VENV)/.requirements
NODE := $(VENV)/.node
PACKAGE := $(VENV)/.package
MODULES := js/node_modules/.package-lock.json
BENCH := .cache/bench/.made
JOBS ?= 3
STATIC := s3upload_widget/static/widget.js

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help quick test networks hosts soak bench screenshots check build demo protocol wasm lock clean environment

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 20

quick: environment ## tests that need no browser, no JupyterLab and no server: within a minute
	$(RUN) -m pytest --numprocesses 4 --dist loadfile -m "not server" --hypothesis-profile quick $(ARGS)

# Tests mostly wait for a wire or a kernel: so run more test files at a time than there are cores.
test: environment ## every test (ARGS="-k resume" for a selection, JOBS=1 for one at a time)
	@tests/install_chromium.sh
	$(RUN) -m pytest --numprocesses $(JOBS) --dist loadfile --no-loadscope-reorder $(ARGS)

networks: environment ## uploads through a real nginx and haproxy, with TLS and HTTP/2
	@tests/install_chromium.sh
	@tests/install_proxies.sh
	$(RUN) -m pytest --numprocesses 2 --dist load tests/networks $(ARGS)

hosts: environment ## the widget in other programs than JupyterLab: Shiny, marimo, Panel, Voila ...
	@tests/install_chromium.sh
	@tests/install_hosts.sh
	$(RUN) -m pytest tests/hosts $(ARGS)

soak: environment ## many more seeded fault plans (N=1000 of them, from SEED=0 on)
	@tests/install_chromium.sh
	SOAK_PLANS=$(or $(N),1000) SOAK_SEED=$(or $(SEED),0) $(RUN) -m pytest \
		tests/soak/test_browser.py tests/soak/test_scripts.py tests/soak/test_lab.py $(ARGS)

bench: environment $(BENCH) ## the speed beside what else there is, into benchmarks/RESULTS.md (ARGS="far resume", FULL=1)
	@tests/install_chromium.sh
	PYTHONPATH=tests:. $(RUN) -m benchmarks $(ARGS)

screenshots: environment ## pictures of every state of the view, into .screenshots/, and the README's
	@tests/install_chromium.sh
	$(RUN) tests/screenshots.py $(ARGS)
	$(RUN) tests/readme_pictures.py

check: environment ## linters, types, and whether generated code is current
	$(RUN) -m ruff check
	$(RUN) -m ruff format --check
	$(RUN) -m mypy
	$(RUN) js/generate_protocol.py --check
	cd js && npm run --silent check

build: environment ## the wheel and the source distribution, into dist/
	$(RUN) -m hatchling build

demo: environment ## JupyterLab with the widget and an S3 server (HEADLESS=1 drives it by itself)
ifeq ($(HEADLESS),1)
	@tests/install_chromium.sh
	$(RUN) tests/headless_demo.py
else
	$(RUN) -m s3upload_widget.demo
endif

protocol: $(REQUIREMENTS) ## generate js/src/protocol.ts from s3upload_widget/protocol.py
	PYTHONPATH=. $(RUN) js/generate_protocol.py

wasm: $(REQUIREMENTS) ## compile the hashers of js/src/hashing/blocks.c to WebAssembly
	$(RUN) js/build_wasm.py

lock: ## update the locked dependencies (ARGS=--upgrade: to the newest versions)
	$(PYTHON) -m venv .cache/lock
	.cache/lock/bin/pip install --quiet --disable-pip-version-check uv==0.13.9
	.cache/lock/bin/uv pip compile pyproject.toml --group dev --all-extras --universal \
		--python-version 3.10 --no-annotate --custom-compile-command "make lock" \
		--quiet --output-file requirements-dev.txt $(ARGS)
	$(MAKE) $(NODE)
	cd js && npm install --package-lock-only

clean: ## remove everything that make created
	rm -rf $(VENV) .cache .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist
	rm -rf js/node_modules s3upload_widget/static

environment: $(PACKAGE) $(STATIC)

# What the benchmarks compare with, in places of their own.
$(BENCH): benchmarks/requirements.txt $(wildcard benchmarks/peers/*.ts benchmarks/peers/package-lock.json) | $(PACKAGE)
	test -x .cache/bench/bin/python || $(PYTHON) -m venv .cache/bench
	.cache/bench/bin/pip install --quiet --disable-pip-version-check --no-deps --requirement $<
	cd benchmarks/peers && npm ci --silent && npm ci --silent --prefix uppy5 && npm run --silent build
	@touch $@

$(REQUIREMENTS): requirements-dev.txt
	@$(PYTHON) -c 'import sys, venv; sys.exit(sys.version_info < (3, 10))' || \
		{ echo "Python >= 3.10 with venv is needed: make PYTHON=python3.12 ..." >&2; exit 1; }
	test -x $(RUN) || $(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet --no-deps --no-compile --requirement $<
	@touch $@

$(NODE): js/hatch_build.py | $(REQUIREMENTS)
	wheel=`$(RUN) js/hatch_build.py` && test -z "$$wheel" || $(PIP) install --quiet "$$wheel"
	@touch $@

$(MODULES): js/package.json js/package-lock.json | $(NODE)
	cd js && npm ci
	@touch $@

$(STATIC): $(MODULES) js/build.mjs js/tsconfig.json $(shell find js/src -type f)
	cd js && node build.mjs

$(PACKAGE): pyproject.toml js/hatch_build.py | $(STATIC)
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@
