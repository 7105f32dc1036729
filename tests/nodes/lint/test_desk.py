"""Linters that really run, in a real box."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from minion.nodes.lint.desk import LintMemory

from .conftest import Open

RUFF = {"pyproject.toml": "[tool.ruff.lint]\nselect = ['F']\n"}
BOTH = ("lint", "format")

# A package that says what it saw, as eslint's own interface has it: https://eslint.org/docs/latest/integrate/nodejs-api
TINY_ESLINT = """
const fs = require("fs"), path = require("path");
let loads = 0;
class ESLint {
  constructor({ cwd }) { this.cwd = cwd; loads += 1; }
  async isPathIgnored(file) { return file.endsWith("ignored.js"); }
  async calculateConfigForFile() { return {}; }
  async lintText() { return []; }
  async lintFiles(files) {
    console.log("noise on stdout");
    fs.writeSync(1, 'noise past us\\n{"ok": true}\\n');
    return files.map((file) => {
      const filePath = path.resolve(this.cwd, file);
      const bad = fs.readFileSync(filePath, "utf8").includes("debugger");
      const messages = bad ? [{ ruleId: "no-debugger", severity: 2, line: 1, message: `loaded ${loads}` }] : [];
      return { filePath, messages, errorCount: messages.length };
    });
  }
}
module.exports = { ESLint };
"""
TINY = {
    "eslint.config.js": "module.exports = [];\n",
    "node_modules/eslint/package.json": '{"name": "eslint", "version": "9.0.0", "main": "index.js"}',
    "node_modules/eslint/index.js": TINY_ESLINT,
    "node_modules/.bin/eslint": "#!/bin/sh\necho the command was run >&2\nexit 2\n",
}
needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="not run: Node is not installed")


def test_ruff_says_where_and_what(desk: Open) -> None:
    checked = desk({**RUFF, "src/a.py": "import os\n", "b.py": "x = 1\n"}).check(["src/a.py", "b.py"], BOTH, 10)
    [remark] = checked.remarks
    assert (remark.linter, remark.path, remark.line, remark.code) == ("ruff", "src/a.py", 1, "F401")
    assert set(checked.shas) == {"src/a.py", "b.py"}
    assert checked.silent == {}


def test_what_was_said_of_a_content_is_not_asked_again(desk: Open, tree: Path) -> None:
    memory = LintMemory()
    first = desk({**RUFF, "a.py": "import os\n", "b.py": ""}, memory)
    assert first.check(["a.py", "b.py"], BOTH, 10).ran == 1
    again = first.check(["a.py", "b.py"], BOTH, 10)
    assert (again.ran, len(again.remarks)) == (0, 1)
    (tree / "a.py").write_text("import sys\n")
    changed = first.check(["a.py", "b.py"], BOTH, 10)
    assert (changed.ran, changed.remarks[0].message) == (1, "`sys` imported but unused")
    (tree / "a.py").write_text("import os\n")
    assert first.check(["a.py"], BOTH, 10).ran == 0


def test_files_that_are_gone_links_and_other_kinds_are_passed_over(desk: Open, tree: Path) -> None:
    files = desk({**RUFF, "a.py": "import os\n", "notes.txt": "import os\n"})
    (tree / "link.py").symlink_to("a.py")
    assert files.check(["gone.py", "link.py", "notes.txt"], BOTH, 10).remarks == ()


def test_a_configuration_that_is_not_the_base_s_silences_its_linter(desk: Open, tree: Path) -> None:
    files = desk({**RUFF, "src/a.py": "import os\n"})
    for path, text in {
        "src/ruff.toml": "[lint]\nselect = []\n",
        "pyproject.toml": "[tool.ruff.lint]\nselect = []\n",
    }.items():
        before = (tree / path).read_text() if (tree / path).exists() else None
        (tree / path).write_text(text)
        checked = files.check(["src/a.py"], BOTH, 10)
        assert (checked.remarks, checked.reconfigured) == ((), {"ruff"})
        assert checked.silent == {"ruff": "its configuration is not the base's"}
        (tree / path).write_text(before) if before is not None else (tree / path).unlink()
    assert len(files.check(["src/a.py"], BOTH, 10).remarks) == 1


def test_other_parts_of_a_shared_file_may_change(desk: Open, tree: Path) -> None:
    files = desk({**RUFF, "a.py": "import os\n"})
    (tree / "pyproject.toml").write_text(RUFF["pyproject.toml"] + "[project]\nname = 'a'\n")
    assert len(files.check(["a.py"], BOTH, 10).remarks) == 1


def test_a_linter_that_is_not_there_or_cannot_run_is_named(desk: Open) -> None:
    files = desk({".shellcheckrc": "", **RUFF, "a.sh": "echo $1\n", "a.py": "x = 1\n", "ruff.toml": "nonsense = 1\n"})
    assert files.missing() == ("shellcheck",)
    silent = files.check(["a.sh", "a.py"], BOTH, 10).silent
    assert silent["shellcheck"] == "it is not installed"
    assert silent["ruff"].startswith("it could not run: ")


def test_a_linter_that_hangs_is_ended(desk: Open, tree: Path) -> None:
    files = desk({"setup.cfg": "[flake8]\n", "bin/flake8": "#!/bin/sh\nsleep 60\n", "a.py": ""})
    (tree / "bin/flake8").chmod(0o755)
    assert files.check(["a.py"], BOTH, 0.3).silent == {"flake8": "it took too long"}


def test_a_linter_cannot_write_to_the_tree(desk: Open, tree: Path) -> None:
    script = "#!/bin/sh\necho changed >a.py || echo 'a.py:1:1: X100 refused'\n"
    files = desk({"setup.cfg": "[flake8]\n", "bin/flake8": script, "a.py": "x = 1\n"})
    (tree / "bin/flake8").chmod(0o755)
    assert [remark.message for remark in files.check(["a.py"], BOTH, 10).remarks] == ["refused"]
    assert (tree / "a.py").read_text() == "x = 1\n"


def test_a_name_like_an_option_is_a_file(desk: Open) -> None:
    [remark] = desk({**RUFF, "--config=x.py": "import os\n"}).check(["--config=x.py"], BOTH, 10).remarks
    assert remark.path == "--config=x.py"


def test_one_repository_several_projects(desk: Open) -> None:
    files = desk(
        {"api/pyproject.toml": "[tool.ruff.lint]\nselect = ['F']\n", "api/a.py": "import os\n", "b.py": "import os\n"}
    )
    assert [remark.path for remark in files.check(["api/a.py", "b.py"], BOTH, 10).remarks] == ["api/a.py"]


@needs_node
def test_eslint_is_loaded_once_and_what_it_prints_is_no_answer(desk: Open, tree: Path) -> None:
    files = desk({**TINY, "a.js": "debugger;\n", "ignored.js": "debugger;\n", "ok.js": "\n"})
    (tree / "node_modules/.bin/eslint").chmod(0o755)
    files.warm(["a.js"])
    assert [remark.message for remark in files.check(["a.js", "ok.js", "ignored.js"], BOTH, 20).remarks] == ["loaded 1"]
    (tree / "ok.js").write_text("debugger;\n")
    assert [(remark.path, remark.message) for remark in files.check(["ok.js"], BOTH, 20).remarks] == [
        ("ok.js", "loaded 1")
    ]


@needs_node
def test_where_the_worker_does_not_understand_the_command_is_run(desk: Open, tree: Path) -> None:
    files = desk({**TINY, "node_modules/eslint/index.js": "throw new Error('old');\n", "a.js": "debugger;\n"})
    (tree / "node_modules/.bin/eslint").chmod(0o755)
    assert files.check(["a.js"], BOTH, 20).silent == {"eslint": "it could not run: the command was run"}


@needs_node
def test_a_worker_that_hangs_is_ended_and_begins_anew(desk: Open, tree: Path) -> None:
    hanging = TINY_ESLINT.replace('console.log("noise on stdout");', "if (files[0].includes('slow')) for (;;);")
    files = desk({**TINY, "node_modules/eslint/index.js": hanging, "slow.js": "", "a.js": "debugger;\n"})
    (tree / "node_modules/.bin/eslint").chmod(0o755)
    files.warm(["a.js"])
    assert files.check(["slow.js"], BOTH, 0.5).silent == {"eslint": "it took too long"}
    assert len(files.check(["a.js"], BOTH, 20).remarks) == 1


@needs_node
def test_the_real_eslint_and_prettier(desk: Open, tree: Path, node_modules: Path) -> None:
    shutil.copytree(node_modules, tree / "node_modules", symlinks=True)
    config = 'module.exports = [{rules: {"no-unused-vars": "error", "eqeqeq": "warn"}}];\n'
    files = desk({"eslint.config.js": config, ".prettierrc": "{}", "a.js": "const a = 1\n", "b.js": "export {};\n"})
    files.warm(["a.js", "b.js"])
    remarks = files.check(["a.js", "b.js"], BOTH, 30).remarks
    assert {(one.linter, one.path, one.line, one.code) for one in remarks} == {
        ("eslint", "a.js", 1, "no-unused-vars"),
        ("prettier", "a.js", 0, "format"),
    }
    assert files.formatting(["a.js"]) == [(".", f"{tree}/node_modules/.bin/prettier --write --ignore-unknown ./a.js")]
