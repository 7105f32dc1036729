# Two commands: `make demo` shows the whole path, `make test` checks everything.
#
#   make demo                         label an issue, watch the pull request come
#   make demo OUTCOME=handoff         the other end: still red after push 2
#   make demo PACKAGE=p FROM=a TO=b   the same with any pair of releases of a pure-Python package
#   make demo KEEP=1                  leave everything running to look at
#   make demo CHAOS=1 SEED=7          kill the App at random seconds; the seed plays them again
#   make thorough                     the tests, with long ways and many more examples
.PHONY: setup demo test thorough check bench clean lock
.DEFAULT_GOAL := help
# Hundreds of processes are started here; each would compile minion anew.
unexport PYTHONDONTWRITEBYTECODE

MINION := .venv/bin/minion
OUTCOME ?= success
DEMO := --outcome $(OUTCOME) $(if $(PACKAGE),--package $(PACKAGE)) $(if $(FROM),--from $(FROM)) $(if $(TO),--to $(TO)) \
        $(if $(KEEP),--keep) $(if $(CHAOS),--chaos) $(if $(SEED),--seed $(SEED))
PYTEST := .venv/bin/python -m pytest

help:
	@sed -n 's/^# \{0,1\}//p;/^\./q' Makefile

setup:
	@.ci/setup

demo: setup
	@$(MINION) demo $(DEMO)

test: check
	@$(PYTEST) -n 3 --dist loadgroup

thorough: check
	@$(PYTEST) -n 3 --dist loadgroup -m "thorough or not thorough" --hypothesis-profile=thorough

check: setup
	@.venv/bin/ruff format --check --quiet app tests blueprints .ci
	@.venv/bin/ruff check --quiet app tests blueprints .ci
	@.venv/bin/mypy
	@.venv/bin/mypy blueprints/programs/*.py
	@.venv/bin/lint-imports --no-cache
	@.venv/bin/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	@.venv/bin/check-jsonschema --builtin-schema vendor.github-actions action/action.yml
	@.venv/bin/check-jsonschema --builtin-schema vendor.github-issue-forms .github/ISSUE_TEMPLATE/*.yml
	@.venv/bin/zizmor --offline --quiet --no-progress .github/workflows action

bench: setup
	@.venv/bin/python tests/bench/run.py

lock: setup
	@.venv/bin/pip-compile --quiet --all-extras --generate-hashes --strip-extras --allow-unsafe --no-emit-index-url \
	  --no-emit-trusted-host --no-emit-find-links --no-header --output-file requirements.lock pyproject.toml
	@.venv/bin/python .ci/runner_lock.py action

clean:
	rm -rf .venv .cache .minion build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
