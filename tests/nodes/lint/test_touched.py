"""What comes with an edit's answer."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from minion.nodes.lint.desk import LintDesk, Remark
from minion.nodes.lint.touched import TouchedLint, moved, news

from .conftest import Open

RUFF = {"pyproject.toml": "[tool.ruff.lint]\nselect = ['E', 'F']\n"}
OLD = "import os\n\n\ndef f():\n    return 1\n"


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def remark(line: int, message: str = "bad") -> Remark:
    return Remark("ruff", "a.py", line, "F1", message)


@pytest.mark.parametrize(
    ("lines", "hunks", "wanted"),
    [
        (set(), [(3, 1, 3, 2)], {3, 4}),
        ({10}, [(3, 1, 3, 2)], {3, 4, 11}),
        ({2}, [(3, 1, 3, 2)], {2, 3, 4}),
        ({3, 10}, [(3, 2, 3, 0)], {2, 3, 8}),
        (set(), [(0, 0, 1, 3)], {1, 2, 3}),
        ({5}, [(1, 0, 1, 2), (9, 1, 11, 1)], {1, 2, 7, 11}),
        (set(), [(1, 1, 1, 0)], {1}),
    ],
)
def test_touched_lines_move_with_the_text(
    lines: set[int], hunks: list[tuple[int, int, int, int]], wanted: set[int]
) -> None:
    assert moved(lines, hunks) == wanted


def test_what_was_there_before_is_not_new_wherever_it_is_now() -> None:
    assert news([remark(9)], [remark(1)], {9}) == []
    assert news([remark(1), remark(9)], [remark(1)], {9}) == [remark(9)]
    assert news([remark(4, "unused")], [], {9}) == [remark(4, "unused")]


def test_where_nothing_is_known_the_touched_lines_count() -> None:
    assert news([remark(1), remark(9)], None, {9}) == [remark(9)]


@pytest.fixture
def lint(desk: Open) -> Callable[..., TouchedLint]:
    def start(files: dict[str, str], within_s: float = 20.0) -> TouchedLint:
        opened: LintDesk = desk(files)
        opened.missing()
        return TouchedLint(lambda: opened, within_s, check_within_s=60.0)  # a busy machine is no slow linter

    return start


def edit(touched: TouchedLint, tree: Path, before: str | None, after: str, *hunks: tuple[int, int, int, int]) -> str:
    (tree / "a.py").write_text(after)
    return touched.edited("a.py", (None if before is None else sha(before), sha(after)), list(hunks))


def test_a_finding_is_told_once_and_again_when_it_comes_back(lint: Callable[..., TouchedLint], tree: Path) -> None:
    touched = lint({**RUFF, "a.py": OLD})
    bad = OLD.replace("return 1", "return l")
    assert edit(touched, tree, OLD, bad, (5, 1, 5, 1)) == "lint (ruff F821 line 5): Undefined name `l`"
    worse = "# a comment\n" + bad
    assert edit(touched, tree, bad, worse, (1, 0, 1, 1)) == ""
    assert edit(touched, tree, worse, OLD, (1, 1, 1, 0), (6, 1, 5, 1)) == ""
    assert "F821" in edit(touched, tree, OLD, bad, (5, 1, 5, 1))
    touched.close()


def test_a_finding_that_an_edit_causes_elsewhere_is_told_when_the_file_was_read(
    lint: Callable[..., TouchedLint], tree: Path
) -> None:
    before = "import os\n\nprint(os)\n"
    touched = lint({**RUFF, "a.py": before})
    touched.seen("a.py", sha(before))
    assert touched.desk is not None
    while touched.desk.known("a.py", sha(before)) is None:
        threading.Event().wait(0.01)
    after = "import os\n\nprint(1)\n"
    assert edit(touched, tree, before, after, (3, 1, 3, 1)) == "lint (ruff F401 line 1): `os` imported but unused"
    touched.close()


def test_old_findings_beside_the_edit_are_not_told(lint: Callable[..., TouchedLint], tree: Path) -> None:
    touched = lint({**RUFF, "a.py": OLD})
    assert edit(touched, tree, OLD, OLD.replace("1", "2"), (5, 1, 5, 1)) == ""
    touched.close()


def test_of_a_new_file_all_is_told_but_at_most_ten(lint: Callable[..., TouchedLint], tree: Path) -> None:
    touched = lint(RUFF)
    text = "".join(f"import a{number}\n" for number in range(14))
    told = edit(touched, tree, None, text, (0, 0, 1, 14)).splitlines()
    assert len(told) == 11
    assert told[0] == "lint (ruff F401 line 1): `a0` imported but unused"
    assert told[-1] == "lint: and 4 more"
    touched.close()


def test_a_slow_linter_is_not_waited_for_and_speaks_later(lint: Callable[..., TouchedLint], tree: Path) -> None:
    (tree / "bin").mkdir()
    (tree / "bin/flake8").write_text(
        f"#!/bin/sh\nwhile [ ! -e {tree}/go ]; do sleep 0.02; done\necho a.py:1:1: X100 slow\n"
    )
    (tree / "bin/flake8").chmod(0o755)
    touched = lint({"setup.cfg": "[flake8]\n", "a.py": "x = 1\n"}, within_s=0.1)
    assert edit(touched, tree, "x = 1\n", "x = 2\n", (1, 1, 1, 1)) == ""
    assert touched.late() == ""
    (tree / "go").write_text("")
    ends_at = time.monotonic() + 60
    while not (told := touched.late()) and time.monotonic() < ends_at:
        time.sleep(0.02)
    assert told == "lint (flake8 X100 line 1): slow"
    assert touched.late() == ""
    touched.close()


def test_a_finding_of_an_older_state_is_dropped(lint: Callable[..., TouchedLint], tree: Path) -> None:
    touched = lint({**RUFF, "a.py": "x = 1\n"})
    (tree / "a.py").write_text("y = 2\n")
    assert touched.edited("a.py", (sha("x = 1\n"), sha("y = z\n")), [(1, 1, 1, 1)]) == ""
    touched.close()


def test_where_there_is_no_linter_nothing_is_said() -> None:
    touched = TouchedLint(lambda: None)
    touched.seen("a.py", "1")
    assert touched.edited("a.py", ("1", "2"), [(1, 1, 1, 1)]) == ""
    touched.close()
