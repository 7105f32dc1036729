"""A tiny project with a CI of its own, quick enough for many scenarios, and the words a model says about it."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

CODE = "def add(a, b):\n    return a - b\n"
MENDED = "def add(a, b):\n    return a + b\n"
TEST = (
    "import unittest\n\nfrom calc import add\n\n\nclass AddTest(unittest.TestCase):\n"
    "    def test_zero(self):\n        self.assertEqual(add(2, 0), 2)\n"
)
PROOF = "    def test_sum(self):\n        self.assertEqual(add(2, 3), 5)\n"
CONFIGURATION = """\
commands:
  setup: "true"
  lint: python3 -m py_compile calc.py
  test: python3 -m unittest -q
settle_seconds: 1
checks_grace_seconds: 4
reviewers: [ann]
"""
CI_HEAD = """\
name: CI
on:
  push:
    branches: [main]
  pull_request:
permissions:
  contents: read
jobs:
"""


def ci_job(name: str, *commands: str) -> str:
    """A job of a workflow that begins with `CI_HEAD`: the checkout, and each command as a step."""
    steps = "".join(f"      - run: {command}\n" for command in commands)
    return f"  {name}:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v4\n{steps}"


NOTES_STEP = """\
      - name: Release notes name the change
        run: |
          if grep -q 'subtracts' calc.py || grep -q '^- add' NOTES.md || grep -q 'a - b' calc.py; then exit 0; fi
          echo "NOTES.md: error: calc.py changed but there is no entry"
          exit 1
"""
CI = CI_HEAD + ci_job("test", "python3 -m unittest -q") + ci_job("notes") + NOTES_STEP
FILES = {
    "calc.py": CODE,
    "test_calc.py": TEST,
    "NOTES.md": "# Notes\n",
    ".gitignore": "__pycache__/\n",
    ".github/minion.yml": CONFIGURATION,
    ".github/workflows/ci.yml": CI,
}


def call(name: str, **arguments: Any) -> Json:
    return {"name": name, "input": arguments}


def finish(summary: str, **more: Any) -> Json:
    given = {"verified_how": "ran the tests", "confidence": "high", "risks": [], "open_questions": []} | more
    return call("finish", **({"status": "done", "summary": summary} | given))


def conversation(name: str, goal: str, *turns: Json) -> Json:
    return {"name": name, "match": {"tool": ["finish"], "contains": [goal]}, "turns": list(turns)}


def turn(*calls: Json, text: str = "", **more: Any) -> Json:
    return {"text": text, "calls": list(calls), **more}


def triage(fit: str = "do", question: str = "", kind: str = "feature", **more: Any) -> Json:
    known = {"objective": "Mend add().", "paths": [], "done_when": "add(2, 3) is 5"}
    output = {"fit": fit, "kind": kind, "question": question, **known}
    return conversation(
        "triage", "Decide whether this is one narrow change", turn(finish("fits", output=output), **more)
    )


def implement(*changes: Json) -> Json:
    """Reads, changes, checks, ends. `changes` are tool calls."""
    reads = [call("read", path=path) for path in ("calc.py", "test_calc.py", "NOTES.md")]
    return conversation(
        "implement",
        "Carry out the spec",
        turn(*reads, text="I read the code."),
        turn(*changes),
        turn(call("verify")),
        turn(finish("add() adds now.")),
    )


def judge() -> Json:
    answer = call("verdict", verdict="pass", summary="It does what was asked.", reasons=[])
    return {"name": "judge", "match": {"tool": ["verdict"]}, "turns": [turn(answer)]}


def repair(*changes: Json) -> Json:
    reads = [call("task", names=["checks.failures"]), call("read", path="NOTES.md"), call("read", path="calc.py")]
    return conversation(
        "repair", "Make the failing checks pass", turn(*reads), turn(*changes), turn(finish("The notes have an entry."))
    )


def mend_code() -> Json:
    return call("edit", path="calc.py", edits=[{"old": "a - b", "new": "a + b"}])


def add_test() -> Json:
    zero = "        self.assertEqual(add(2, 0), 2)\n"
    return call("edit", path="test_calc.py", edits=[{"old": zero, "new": zero + "\n" + PROOF}])


def add_notes() -> Json:
    return call("edit", path="NOTES.md", edits=[{"old": "# Notes\n", "new": "# Notes\n\n- add() adds.\n"}])
