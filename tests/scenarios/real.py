"""A real project from the package index, with a CI of its own: a release of `parse`, as `make setup` keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from tests.scenarios.environments import copied, ready
from tests.scenarios.project import CI_HEAD, FILES, ci_job
from tests.scenarios.universe import Repository, Universe

from minion.demo.preparation import prepare
from minion.demo.releases import fetch, read_tree
from minion.demo.show import AFTER, BEFORE, PACKAGE

CACHE = Path(__file__).parents[2] / ".cache" / "demo"
LINT = ".venv/bin/ruff check --no-cache ."
FORMAT = ".venv/bin/ruff check --no-cache --fix --exit-zero ."
TEST = ".venv/bin/python -m pytest -q -p no:cacheprovider tests"
SETUP = "bash .github/ci/setup.sh"
CI = CI_HEAD + ci_job("lint", SETUP, LINT) + ci_job("test", SETUP, TEST)
CONFIGURATION = f"""\
commands:
  setup: bash .github/ci/setup.sh
  lint: {LINT}
  format: {FORMAT}
  test: {TEST}
settle_seconds: 1
checks_grace_seconds: 4
reviewers: [ann]
"""


@cache
def release(version: str) -> Mapping[str, str]:
    """The files of a release of `parse`: `BEFORE` or `AFTER`."""
    _, folder = prepare(CACHE, PACKAGE, BEFORE, AFTER, print)
    tree = read_tree(fetch(PACKAGE, version, folder.archives))
    return {path: data.decode() for path, data in tree.items()}


def ruff(*rules: str) -> str:
    return f"extend-exclude = ['.venv']\n\n[lint]\nselect = {list(rules)}\n"


def real_repository(
    universe: Universe, version: str = BEFORE, changed: Mapping[str, str] | None = None, rules: str = ruff("F")
) -> Repository:
    """The release as a repository whose linter is ruff with `rules`; the CI of `main` has ended."""
    nothing: dict[str, str | None] = dict.fromkeys(FILES)
    ours = {
        "ruff.toml": rules,
        ".gitignore": ".venv/\n__pycache__/\n*.egg-info/\n",
        ".github/ci/setup.sh": _setup(),
        ".github/workflows/ci.yml": CI,
        ".github/minion.yml": CONFIGURATION,
    }
    return universe.repository({**nothing, **release(version), **ours, **(changed or {})})


def _setup() -> str:
    """From the wheels that are kept: no network, and only what lint and test need."""
    pair, folder = prepare(CACHE, PACKAGE, BEFORE, AFTER, print)
    wanted = ("iniconfig", "packaging", "pluggy", "pygments", "pytest", "ruff", "setuptools")
    pins = [line for line in pair.requirements if line.split("==")[0].lower() in wanted]
    return copied(ready(folder.wheels, tuple(pins), "--no-deps"))
