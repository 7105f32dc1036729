"""The tests of a change prove it: they fail without the rest of it, and pass with it. Real runs on real trees."""

from __future__ import annotations

import shutil
from collections.abc import Mapping

import pytest

from minion.blueprint.model import RunNode
from minion.domain.config import Commands
from minion.nodes.reports import CommandRun
from minion.nodes.reproduction import alone, among_others
from minion.nodes.test_files import CONVENTIONS, goes_with_tests, is_test_file

from .conftest import NOWHERE, PROJECT, PYTEST, Build, Place, agent, call, finish, gate

GOOD = "def add(a, b):\n    return a + b\n"
FAILS_ON_BASE = "from calc import add\n\n\ndef test_two():\n    assert add(2, 2) == 4\n"
PASSES_ON_BASE = "from calc import add\n\n\ndef test_none():\n    assert add(3, 0) == 3\n"
NEEDS_NEW = "from calc import double\n\n\ndef test_double():\n    assert double(2) == 4\n"
CHECK = RunNode(name="proof", next=NOWHERE, command="test", parse="junit", reproduction=True)


def proof(at: Place, files: Mapping[str, str], node: RunNode = CHECK) -> tuple[str, str]:
    for path, text in files.items():
        (at.root / path).parent.mkdir(parents=True, exist_ok=True)
        (at.root / path).write_text(text)
    before = at.bench.workspace.tree_digest()
    result = at.visit(node).result
    assert at.bench.workspace.tree_digest() == before, "the tree is what it was"
    return result.outcome, result.output["reason"]


DOUBLED = GOOD + "\n\ndef double(a):\n    return add(a, a)\n"
SKIPPED = "import pytest\n\npytestmark = pytest.mark.skip\n\n" + FAILS_ON_BASE
FAILS_ALWAYS = "def test_x():\n    assert False\n"


@pytest.mark.parametrize(
    ("files", "outcome", "reason"),
    [
        ({"calc.py": GOOD, "test_more.py": FAILS_ON_BASE}, "ok", "proven"),
        ({"calc.py": GOOD, "test_more.py": PASSES_ON_BASE}, "fail", "passes_on_base"),
        ({"calc.py": GOOD}, "fail", "no_test_changed"),
        ({"test_more.py": FAILS_ON_BASE}, "fail", "fails_on_head"),
        ({"calc.py": DOUBLED, "test_more.py": NEEDS_NEW}, "ok", "proven"),
        ({"calc.py": GOOD, "test_calc.py": PROJECT["test_calc.py"] + "\n\n# edited\n"}, "ok", "proven"),
        ({"calc.py": GOOD, "test_more.py": SKIPPED}, "fail", "fails_on_head"),
        ({"calc.py": GOOD, "test_more.py": FAILS_ALWAYS}, "fail", "fails_on_head"),
    ],
)
def test_what_pytest_says(place: Build, files: Mapping[str, str], outcome: str, reason: str) -> None:
    assert proof(place(), files) == (outcome, reason)


def test_what_tests_are_given_to_work_with_goes_with_them(place: Build) -> None:
    """A fixture that only the change brings does not make its test fail on the base."""
    files = {
        "calc.py": GOOD,
        "tests/data.txt": "3\n",
        "tests/test_data.py": "from pathlib import Path\n\n\ndef test_data():\n"
        "    assert (Path(__file__).parent / 'data.txt').read_text() == '3\\n'\n",
    }
    assert proof(place(), files) == ("fail", "passes_on_base")


BROKEN = """\
import unittest


class Old(unittest.TestCase):
    def test_old(self):
        self.fail("always")
"""
NEW = """\
import unittest
from calc import add


class New(unittest.TestCase):
    def test_new(self):
        self.assertEqual(add({}), {})
"""


def test_a_broken_rest_of_the_suite_is_nobody_s_proof(place: Build) -> None:
    """All tests are run, for the command takes no files: what fails on the base anyway proves nothing."""
    commands = Commands(test="python3 -m unittest discover -s .")
    at = place(files={"calc.py": PROJECT["calc.py"], "test_broken.py": BROKEN}, commands=commands)
    assert proof(at, {"calc.py": GOOD, "test_new.py": NEW.format("1, 0", 1)}) == ("fail", "passes_on_base")
    assert proof(at, {"test_new.py": NEW.format("2, 2", 4)}) == ("ok", "proven")
    assert proof(at, {"test_new.py": NEW.format("2, 2", 5)}) == ("fail", "fails_on_head")


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no node on this machine")
def test_what_node_says(place: Build) -> None:
    test = (
        "const test = require('node:test');\nconst assert = require('node:assert');\n"
        "const { add } = require('./add.js');\ntest('adds', () => assert.strictEqual(add(2, 2), RESULT));\n"
    )
    files = {"add.js": "exports.add = (a, b) => a - b;\n", "package.json": '{"scripts": {"test": "node --test"}}'}
    at = place(files=files, commands=Commands(test="node --test"))
    mended = "exports.add = (a, b) => a + b;\n"
    assert proof(at, {"add.js": mended, "add.test.js": test.replace("RESULT", "4")}) == ("ok", "proven")
    assert proof(at, {"add.test.js": test.replace("RESULT", "5")}) == ("fail", "fails_on_head")
    assert proof(at, {"add.js": files["add.js"] + "// same\n", "add.test.js": test.replace("RESULT", "0")}) == (
        "fail",
        "passes_on_base",
    )
    npm = RunNode(name="proof", next=NOWHERE, argv=("npm", "test", "--silent"), reproduction=True)
    assert proof(at, {"add.js": mended, "add.test.js": test.replace("RESULT", "4")}, npm) == ("ok", "proven")


@pytest.mark.parametrize("changes", [{"base": None}, {"commands": Commands(test="no-such-program")}])
def test_what_cannot_be_run_here_is_left_to_ci(place: Build, changes: dict[str, object]) -> None:
    at = place(**changes)
    (at.root / "calc.py").write_text(GOOD)
    (at.root / "test_more.py").write_text(FAILS_ON_BASE)
    report = at.visit(CHECK)
    assert (report.result.outcome, report.result.output["reason"]) == ("ok", "cannot_run")
    [note] = report.notes
    assert note.startswith("proof is left to CI: ")


def test_as_a_gate_it_holds_the_agent_to_a_test_that_proves_something(place: Build) -> None:
    at = place(
        {"calls": [call("write", path="test_more.py", content=PASSES_ON_BASE), call("read", path="calc.py")]},
        {"calls": [call("write", path="calc.py", content=GOOD)]},
        {"calls": [finish()]},
        {"calls": [call("write", path="test_more.py", content=FAILS_ON_BASE)]},
        {"calls": [finish()]},
        commands=PYTEST,
    )
    report = at.visit(agent(), [gate("proof", command="test", reproduction=True)])
    assert report.result.outcome == "ok"
    assert "proof: FAILED (passes on base)" in at.texts(3)
    assert "make one that fails" in at.texts(3)
    assert report.gates == (("proof", "the tests of the change fail without the rest of it, and pass with it"),)


def ran(code: int, output: str = "", *, timed_out: bool = False) -> CommandRun:
    return CommandRun(code, output, timed_out, 1.0)


def test_a_test_that_never_ends_without_the_change_proves_it() -> None:
    assert alone(None, ran(0), ran(-9, timed_out=True)) == "proven"
    assert among_others(None, ran(0), ran(-9, timed_out=True), ran(0)) == "proven"


def test_a_runner_that_is_not_there_proves_nothing() -> None:
    assert alone(None, ran(127), ran(127)) == "cannot_run"
    assert alone(None, ran(0), ran(127)) == "cannot_run"
    assert alone("junit", ran(0, "1 passed"), ran(4, "usage")) == "proven", "there is no report to go by"


@pytest.mark.parametrize(
    ("path", "runner"),
    [
        ("tests/test_a.py", "pytest"),
        ("pkg/a_test.py", "pytest"),
        ("app/tests.py", "unittest"),
        ("src/__tests__/a.tsx", "jest"),
        ("src/a.spec.mts", "vitest"),
        ("test/a.js", "mocha"),
        ("lib/a-test.mjs", "node --test"),
        ("pkg/a_test.go", "go"),
        ("spec/models/a_spec.rb", "rspec"),
        ("test/models/user_test.rb", "minitest"),
        ("src/test/java/org/AppTest.java", "JUnit"),
        ("src/test/kotlin/AppTests.kt", "JUnit"),
        ("tests/Unit/UserTest.php", "PHPUnit"),
        ("tests/cli.rs", "cargo"),
        ("tests/cli/main.rs", "cargo"),
        ("test/a_test.exs", "ExUnit"),
    ],
)
def test_conventions(path: str, runner: str) -> None:
    assert is_test_file(path)
    assert runner in {convention.runner for convention in CONVENTIONS if convention.pattern.search(path)}


@pytest.mark.parametrize(
    "path", ["src/contest.py", "latest.go", "src/attest.ts", "src/lib.rs", "docs/testing.md", "tests/data.json"]
)
def test_what_is_no_test(path: str) -> None:
    assert not is_test_file(path)
    assert goes_with_tests(path) is path.startswith("tests/")
