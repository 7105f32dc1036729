"""Lint as an agent meets it: with its edits, at its gate, and by the base's configuration."""

from __future__ import annotations

import json
import shutil

import pytest
from tests.nodes.conftest import Build, agent, call, finish, gate, place, write  # noqa: F401 -- a fixture

from minion.domain.config import Commands
from minion.nodes.base import Visit
from minion.nodes.lint.gate import lint_gate
from minion.nodes.registry import execute

from .test_desk import TINY, needs_node

LINT = gate("lint", command="lint")
PYTHON = {"pyproject.toml": "[tool.ruff.lint]\nselect = ['F']\n", "a.py": "x = 1\n", "old.py": "import os\n"}
NOTHING = Commands()


def said(report_gates: tuple[tuple[str, str], ...]) -> str:
    return dict(report_gates)["lint"]


def test_a_finding_rides_on_the_edit_s_answer(place: Build) -> None:  # noqa: F811
    at = place(
        {"calls": [call("read", path="a.py")]},
        {"calls": [call("edit", path="a.py", edits=[{"old": "x = 1", "new": "x = l"}])]},
        {"calls": [write("b.py", "import sys\n")]},
        {"calls": [finish()]},
        files=PYTHON,
        commands=NOTHING,
    )
    report = at.visit(agent())
    assert report.result.outcome == "ok"
    assert at.texts(2).endswith("a.py is changed: line 1\nlint (ruff F821 line 1): Undefined name `l`")
    assert at.texts(3).endswith("lint (ruff F401 line 1): `sys` imported but unused")


def test_loosening_the_configuration_is_no_way_past_the_gate(place: Build) -> None:  # noqa: F811
    loose = "[tool.ruff.lint]\nselect = []\n"
    at = place(
        {"calls": [call("read", path="pyproject.toml"), write("pyproject.toml", loose)]},
        {"calls": [write("b.py", "import sys\n")]},
        {"calls": [finish()]},
        {"calls": [write("b.py", "import sys\n\nprint(sys)\n"), finish()]},
        {"calls": [finish(status="blocked")]},
        files=PYTHON,
        commands=NOTHING,
    )
    report = at.visit(agent(), [LINT])
    assert "lint (ruff" not in at.texts(2), "no word by a configuration that is not the base's"
    assert "b.py:1: F401 `sys` imported but unused (ruff)" in at.texts(3)
    assert report.result.outcome == "ok", at.texts(-1)
    assert said(report.gates) == "passed", "the command is run as well, by the new configuration"
    assert (at.root / "pyproject.toml").read_text() == loose, "the work is back"
    assert report.notes == ("Linters that are left to CI: ruff (its configuration is not the base's)",)


def test_a_tightened_configuration_judges_too(place: Build) -> None:  # noqa: F811
    tight = "[tool.ruff.lint]\nselect = ['F', 'E711']\n"
    at = place(
        {"calls": [call("read", path="pyproject.toml"), write("pyproject.toml", tight)]},
        {"calls": [write("b.py", "def f(x):\n    return x == None\n")]},
        {"calls": [finish()]},
        {"calls": [finish(status="blocked")]},
        files=PYTHON,
        commands=NOTHING,
    )
    at.visit(agent(), [LINT])
    assert "E711" in at.texts(3)


def test_a_configured_command_is_the_authority(place: Build) -> None:  # noqa: F811
    at = place(
        {"calls": [write("b.py", "import sys\n")]},
        {"calls": [finish()]},
        files=PYTHON,
        commands=Commands(lint="true"),
    )
    assert said(at.visit(agent(), [LINT]).gates) == "passed"


def test_a_configured_command_is_run_once_for_a_tree(place: Build) -> None:  # noqa: F811
    files = {"a.py": "x = 1\n", ".gitignore": "count\n"}
    at = place({"calls": [finish()]}, files=files, commands=Commands(lint="echo x >>count"))
    (at.root / "a.py").write_text("x = 2\n")
    at.visit(agent(), [LINT])
    node = gate("again", command="lint", gate_only=False)
    assert execute(Visit(node), at.bench).result.outcome == "ok"
    assert (at.root / "count").read_text() == "x\n"
    (at.root / "a.py").write_text("x = 3\n")
    execute(Visit(node), at.bench)
    assert (at.root / "count").read_text() == "x\nx\n"


def test_a_run_node_looks_at_the_whole_repository(place: Build) -> None:  # noqa: F811
    at = place(files=PYTHON, commands=NOTHING)
    report = execute(Visit(gate("lint", command="lint", gate_only=False)), at.bench)
    assert report.result.outcome == "fail"
    assert "old.py" in report.result.output["text"]


def test_where_nothing_but_configured_linters_is_known_these_are_the_gate(place: Build) -> None:  # noqa: F811
    files = {"ruff.toml": "[lint]\nselect = ['F']\n", "tool": "", "README.md": "# A\n"}
    at = place(files=files, commands=NOTHING)
    (at.root / "b.py").write_text("import os\n")
    outcome = lint_gate(LINT, at.bench)
    assert outcome is not None
    assert outcome.said == "1 new failure"


@pytest.mark.parametrize("lint", ["make lint", "tsc && eslint ."])
def test_what_is_not_understood_is_run_as_it_is(place: Build, lint: str) -> None:  # noqa: F811
    files = {**PYTHON, "package.json": json.dumps({"scripts": {"lint": lint}}), "pyproject.toml": ""}
    at = place(files=files, commands=NOTHING)
    assert lint_gate(LINT, at.bench) is None


def test_linters_that_are_not_installed_are_named_once(place: Build) -> None:  # noqa: F811
    hooks = "repos:\n- repo: x\n  hooks:\n  - id: shellcheck\n  - id: end-of-file-fixer\n"
    files = {**PYTHON, ".pre-commit-config.yaml": hooks}
    at = place(
        {"calls": [write("a.sh", "echo $1\n"), write("b.sh", "echo $1\n")]},
        {"calls": [finish()]},
        files=files,
        commands=NOTHING,
    )
    report = at.visit(agent(), [LINT])
    wanted = "Linters that are left to CI: shellcheck (not installed), end-of-file-fixer (pre-commit)"
    assert report.notes == (wanted,)


@needs_node
def test_npm_run_lint_is_eslint_on_what_was_changed(place: Build) -> None:  # noqa: F811
    files = {key: text for key, text in TINY.items() if not key.startswith("node_modules")}
    files |= {
        "package.json": '{"scripts": {"lint": "eslint src"}}',
        ".gitignore": "node_modules\n",
        "src/old.js": "debugger;\n",
    }
    at = place(files=files, commands=NOTHING)
    for name in TINY.keys() - files.keys():
        (at.root / name).parent.mkdir(parents=True, exist_ok=True)
        (at.root / name).write_text(TINY[name])
    (at.root / "node_modules/.bin/eslint").chmod(0o755)
    (at.root / "docs.js").write_text("debugger;\n")
    (at.root / "src/old.js").write_text("debugger; // still\n")
    outcome = lint_gate(LINT, at.bench)
    assert outcome is not None
    assert outcome.said == "nothing new (eslint on 2 changed files)"
    (at.root / "src/new.js").write_text("debugger;\n")
    outcome = lint_gate(LINT, at.bench)
    assert outcome is not None
    assert outcome.said == "1 new failure"


@needs_node
def test_formatters_mend_what_was_changed_before_anybody_is_asked(place: Build, node_modules: str) -> None:  # noqa: F811
    files = {".prettierrc": "{}", ".gitignore": "node_modules\n", "old.js": "a  = 1\n", "x.py": "x=1\n"}
    at = place({"calls": [write("new.js", "b   = 2\n")]}, {"calls": [finish()]}, files=files, commands=NOTHING)
    shutil.copytree(node_modules, at.root / "node_modules", symlinks=True)
    report = at.visit(agent(), [gate("lint", command="lint", autofix="format")])
    assert (at.root / "new.js").read_text() == "b = 2;\n"
    assert (at.root / "old.js").read_text() == "a  = 1\n"
    assert said(report.gates).startswith("nothing new (prettier on 1 changed file")


def test_what_a_linter_can_mend_itself_nobody_is_asked_about(place: Build) -> None:  # noqa: F811
    files = {**PYTHON, "mixed.py": "import os\n"}
    at = place(
        {"calls": [write("b.py", "import sys\n\nprint(1)\n")]},
        {"calls": [call("read", path="mixed.py"), write("mixed.py", "import os\nimport sys\n")]},
        {"calls": [finish()]},
        {"calls": [finish(status="blocked")]},
        files=files,
        commands=NOTHING,
    )
    at.visit(agent(), [gate("lint", command="lint", autofix="format")])
    assert (at.root / "b.py").read_text() == "\nprint(1)\n"
    assert (at.root / "mixed.py").read_text() == "import os\nimport sys\n", "its old finding is not ours to mend"
    assert "mixed.py:2: F401 `sys`" in at.texts(3)
