"""What the demo adds to the project's repository: its CI workflow, the scripts of it, and Minion's configuration."""

from __future__ import annotations

import shlex
from pathlib import Path

from minion.demo.changes import Tree
from minion.demo.pair import Pair
from minion.demo.preparation import LINT, pretended

TEMPLATES = Path(__file__).parent / "project"
IGNORE = (
    "\n# environments and leftovers of the tests\n.venv/\n__pycache__/\n*.egg-info/\n.pytest_cache/\nbuild/\ndist/\n"
)


def repository_tree(pair: Pair, before: Tree) -> tuple[dict[str, bytes], frozenset[str]]:
    """The files of the repository's first commit and those of them that are executable.

    Upstream's own workflows are left out: they ask for services that this machine does not have.
    """
    tree = {path: data for path, data in before.items() if not path.startswith(".github/workflows/")}
    tree[".gitignore"] = tree.get(".gitignore", b"") + IGNORE.encode()
    if pair.notes_added:
        tree[pair.notes] = f"# Changelog\n\n## {pair.before}\n\n- As released.\n".encode()
    scripts = {f".github/ci/{name}.sh": _script(body) for name, body in _scripts(pair).items()}
    tree |= scripts
    tree[".github/ci/requirements.txt"] = ("\n".join(pair.requirements) + "\n").encode()
    tree[".github/ci/package.py"] = (TEMPLATES / "package.py").read_bytes()
    tree[".github/workflows/ci.yml"] = (TEMPLATES / "ci.yml").read_bytes()
    tree[".github/minion.yml"] = CONFIGURATION.encode()
    return tree, frozenset(scripts)


CONFIGURATION = """\
# Minion: the commands of this repository.
commands:
  setup: .github/ci/setup.sh
  lint: .github/ci/lint.sh
  test: .github/ci/test.sh
reviewers: [ann]
settle_seconds: 2
"""


def _script(body: str) -> bytes:
    return f"#!/usr/bin/env bash\nset -euo pipefail\n{body}\n".encode()


def _scripts(pair: Pair) -> dict[str, str]:
    return {"setup": _setup(pair), "lint": _lint(pair), "test": _test(pair), "package": _package(pair)}


def _setup(pair: Pair) -> str:
    install = "python3 -m pip --python .venv install --quiet --disable-pip-version-check --no-compile --no-deps"
    lines = f"{_exports(pair)}python3 -m venv --without-pip .venv\n{install} --requirement .github/ci/requirements.txt"
    return f"{lines}\n{install} --no-build-isolation --editable ." if pair.editable else lines


def _lint(pair: Pair) -> str:
    excludes = [f"--extend-exclude={path}" for path in (".venv", ".github", *pair.lint_excludes)]
    return ".venv/bin/python -m ruff " + shlex.join([*LINT, *excludes, "."])


def _test(pair: Pair) -> str:
    left_out = [f"--deselect={test}" if "::" in test else f"--ignore={test}" for test in pair.deselected]
    options = shlex.join(["-q", "-o", "addopts=", "-p", "no:cacheprovider", *left_out])
    path = 'export PYTHONPATH="$PWD/src:$PWD${PYTHONPATH:+:$PYTHONPATH}"'
    return f'{path}\n.venv/bin/python -m pytest {options} "$@" {shlex.join(pair.test_paths)}'


def _package(pair: Pair) -> str:
    arguments = [pair.notes] if pair.sdist_builds else [pair.notes, "--archive"]
    return f"{_exports(pair)}.venv/bin/python .github/ci/package.py {shlex.join(arguments)}"


def _exports(pair: Pair) -> str:
    return "".join(f"export {name}={value}\n" for name, value in pretended(pair.before).items())
