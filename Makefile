# The commands of this repository: `make` lists them.
SHELL := /bin/sh
VENV ?= .venv
PYTHON := $(CURDIR)/$(VENV)/bin/python
SYSTEM_PATH := $(PATH)
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
# A worker that may not keep its bytecode starts three times as slowly.
unexport PYTHONDONTWRITEBYTECODE

BROKER ?= redis

.DEFAULT_GOAL := help

.PHONY: help
help: ## list the commands
	@awk -F ':.*## ' '/^[a-z%-]+:.*## / { printf "  %-17s%s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# The interpreter is asked for with `make PYTHON3=python3.13`.
PYTHON3 ?= python3
$(VENV)/.ready: requirements.txt
	@echo "installing the packages into $(VENV) (once)"
	@$(PYTHON3) -m venv $(VENV)
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check "$$(grep ^uv== requirements.txt)"
	@$(PYTHON) -m uv pip install --quiet --compile-bytecode --requirement requirements.txt
	@touch $@

.PHONY: setup
setup: $(VENV)/.ready ## install what demo and tests need

.PHONY: demo
demo: setup ## generate a worker, run it on real servers, send tasks through it
	@$(PYTHON) -m demo --broker $(BROKER)

.PHONY: servers
servers:
	@PATH='$(SYSTEM_PATH)' .ci/install-servers

# Parts that take about the same time run side by side. Some layers are divided between them, by the
# first letters of their modules. What waits more than it computes comes last.
PARTS := "tests/run/test_[fs]*.py" \
	"tests/run/test_[!fs]*.py tests/update/test_[a-g]*.py" \
	"tests/update/test_[!a-g]*.py tests/release" \
	"tests/render tests/questionnaire tests/model tests/monitoring tests/demo tests/docs"
LAST_PARTS := "tests/survive/test_[!b]*.py" "tests/survive/test_b*.py" "tests/deploy/test_s*.py" \
	"tests/deploy/test_[!s]*.py"
RUN_PARTS = running=; failed=; \
	for part in $(2); do $(PYTHON) -m pytest $(1) $$part & running="$$running $$!"; done; \
	for each in $$running; do wait $$each || failed=yes; done; \
	test -z "$$failed"

.PHONY: test
test: setup servers lint types ## run the tests: what CI runs
	@$(call RUN_PARTS,,$(PARTS))
	@$(call RUN_PARTS,,$(LAST_PARTS))

.PHONY: test-all
test-all: setup servers lint types ## run the tests at full length, before a release
	@$(call RUN_PARTS,--full,$(PARTS))
	@$(call RUN_PARTS,--full,$(LAST_PARTS))

.PHONY: examples
examples: setup ## make the services of docs/examples, and write their pages anew
	@$(PYTHON) -m examples

.PHONY: pictures
pictures: setup servers ## take the pictures of docs/pictures anew
	@$(PYTHON) -m pictures

.PHONY: bench
bench: setup servers ## measure all figures, in turns (more than an hour): benchmarks/figures
	@$(PYTHON) -m benchmarks

bench-%: setup servers ## measure one figure: make bench-throughput
	@$(PYTHON) -m benchmarks $*

.PHONY: bench-page
bench-page: setup ## write what was measured into docs/speed.md and docs/scale.md
	@$(PYTHON) -m benchmarks.page

.PHONY: bench-image
bench-image: setup ## measure the image of a service against a naive one
	@$(PYTHON) -m benchmarks.image

.PHONY: lint
lint: setup ## check the style of this repository
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m yamllint --strict -d '{extends: relaxed, rules: {line-length: disable}}' copier.yml .github
	shellcheck .ci/*

.PHONY: types
types: setup ## check the types of this repository
	$(PYTHON) -m mypy

.PHONY: tags
tags: ## make the Git tags of all releases
	@grep -v '^#' releases.txt | while read -r version commit; do git tag --force "$$version" "$$commit" || exit 1; done

.PHONY: release
release: setup ## check, test, write the changelog, commit and tag: make release VERSION=1.2.3
	@$(PYTHON) -m release "$(VERSION)"

.PHONY: requirements
requirements: setup ## pin the packages anew
	$(PYTHON) -m uv pip compile --universal --python-version 3.11 --group dev --upgrade --quiet \
		--no-header --no-annotate --no-emit-index-url --output-file requirements.txt
