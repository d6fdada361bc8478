# `make` prints what there is to make.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
.DEFAULT_GOAL := help

.PHONY: help
help: ## print this
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.venv/ready: requirements.txt requirements-dev.txt
	@echo "setting up .venv"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

.PHONY: run
run: .venv/ready ## the whole desk on this machine: http://127.0.0.1:8000, SMTP at 2525
	@$(BIN)/python -m infra.messages compile
	@exec $(BIN)/python -m infra run

.PHONY: test
test: lint types ## everything that must hold before a commit
	@$(BIN)/python -m pytest -n 2

.PHONY: lint
lint: .venv/ready ## style, formatting and the import rule
	@$(BIN)/python -m infra.messages compile
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports

.PHONY: types
types: .venv/ready ## mypy, strict
	@$(BIN)/mypy

.PHONY: format
format: .venv/ready ## put the code into the project's form
	@$(BIN)/ruff check --fix-only --quiet . || true
	@$(BIN)/ruff format .

.PHONY: package
package: .venv/ready ## template and zip as they are deployed, in .build/package
	@$(BIN)/python -m infra package

.PHONY: messages
messages: .venv/ready ## collect the texts of templates and code, and compile the catalogs
	@$(BIN)/python -m infra.messages update
	@$(BIN)/python -m infra.messages compile

.PHONY: bench
bench: .venv/ready ## mails per second, CPU per mail, pages at 1,000 and 10,000 tickets
	@$(BIN)/python -m tests.bench

.PHONY: mail-bench
mail-bench: .venv/ready ## the mail code against CORPORA=folder
	@$(BIN)/python -m tests.bench.mail_bench $(CORPORA)

.PHONY: budget
budget: .venv/ready ## count calls and units of every operation into docs/budget.md
	@$(BIN)/python -m tests.bench.budget

.PHONY: mail
mail: .venv/ready ## feed FILE=x.eml to the local desk
	@$(BIN)/python -m infra mail $(FILE)

.PHONY: redeliver
redeliver: .venv/ready ## deliver the SES event of FILE=x.eml once more
	@$(BIN)/python -m infra redeliver $(FILE)

.PHONY: reconcile
reconcile: .venv/ready ## receive mail of the local desk that no event announced
	@$(BIN)/python -m infra reconcile

.PHONY: clean
clean: ## remove what was built; the local desk's data in .local stays
	@rm -rf .build .mypy_cache .ruff_cache .pytest_cache .hypothesis
