"""Raising the level of a type checker for one file, and telling annotations from changes of behaviour."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from tests.library.conftest import Checkout, Commit, Done

CODE = 'def add(a, b=1):\n    """Adds."""\n    total = a + b\n    return total\n'
LEVEL = "# mypy: disallow-untyped-defs, disallow-incomplete-defs, check-untyped-defs\n"
TYPED = CODE.replace("a, b=1)", "a: int, b: int = 1) -> int")
FILES = {"pkg/__init__.py": "", "pkg/a.py": CODE, "tests/test_a.py": "", "web/x.js": "", "lib/x.rb": "x = 1\n"}


def with_mypy(checkout: Checkout) -> Checkout:
    checkout.tool("mypy", f'exec {Path(sys.executable).parent}/mypy "$@"')
    return checkout


def test_files_that_a_checker_knows(commit: Commit) -> None:
    checkout = with_mypy(commit("annotate-types", {**FILES, "pkg/b.py": LEVEL + CODE}))
    done = checkout.run("find", PATHS="pkg/\nweb/")
    assert (done.code, done.said.split()) == (0, ["pkg/__init__.py", "pkg/a.py"])
    assert checkout.run("find", PATHS="nowhere/") == Done(0, "", "")
    assert checkout.run("find", PATHS="pkg/", ALLOWED="a.py").said.split() == ["pkg/a.py"]
    assert checkout.run("find", PATHS="pkg/", FORBIDDEN="a.py").said.split() == ["pkg/__init__.py"]
    assert checkout.run("find", PATHS="").code != 0


def test_ruby_at_a_level_is_let_be(commit: Commit) -> None:
    files = {"lib/x.rb": "# typed: false\n", "lib/y.rb": "# typed: true\n", "lib/z.rb": "# typed: strict\n"}
    checkout = commit("annotate-types", files)
    checkout.tool("srb", "true")
    assert checkout.run("find", PATHS="lib/").said.split() == ["lib/x.rb"]
    checkout.run("typed", FILE="lib/x.rb")
    assert checkout.read("lib/x.rb") == "# typed: true\n"


def test_no_checker_is_said(commit: Commit) -> None:
    done = commit("annotate-types", FILES).run("find", PATHS="lib/")
    assert done.code == 1
    assert done.said.startswith("No type checker is installed here that knows these files")


def test_the_level_is_raised_and_asked_for(commit: Commit) -> None:
    checkout = with_mypy(commit("annotate-types", {**FILES, "pkg/a.py": f"#!/usr/bin/env python\n{CODE}"}))
    done = checkout.run("typed", FILE="pkg/a.py")
    assert done.code == 1
    assert done.said.startswith("pkg/a.py:3: error: Function is missing a type annotation")
    assert checkout.read("pkg/a.py") == f"#!/usr/bin/env python\n{LEVEL}{CODE}"
    checkout.write("pkg/a.py", f"#!/usr/bin/env python\n{LEVEL}{TYPED}")
    assert checkout.run("typed", FILE="pkg/a.py").code == 0


def test_a_level_taken_back_is_raised_again(commit: Commit) -> None:
    checkout = with_mypy(commit("annotate-types", FILES))
    checkout.write("pkg/a.py", "# a comment\n" + CODE)
    assert checkout.run("typed", FILE="pkg/a.py").code == 1
    assert checkout.read("pkg/a.py").startswith(LEVEL)


@pytest.mark.parametrize("silence", ["# type: ignore", "# type:ignore[no-untyped-def]", "# pyright: ignore"])
def test_silence_is_not_taken_for_types(commit: Commit, silence: str) -> None:
    checkout = with_mypy(commit("annotate-types", FILES))
    checkout.write("pkg/a.py", CODE.replace("b=1):", f"b=1):  {silence}"))
    assert checkout.run("typed", FILE="pkg/a.py").code == 1


def test_ruff_adds_what_it_can_tell(commit: Commit) -> None:
    checkout = with_mypy(commit("annotate-types", {"a.py": "def hello():\n    print(1)\n"}))
    checkout.tool("ruff", f'exec {Path(sys.executable).parent}/ruff "$@"')
    assert checkout.run("typed", FILE="a.py").code == 0
    assert checkout.read("a.py") == f"{LEVEL}def hello() -> None:\n    print(1)\n"


def test_other_files_do_not_count(commit: Commit) -> None:
    """What is wrong elsewhere is nobody's fault here."""
    files = {"a.py": "import b\n\n\ndef f() -> int:\n    return b.x\n", "b.py": "x: int = 'no'\n"}
    checkout = with_mypy(commit("annotate-types", files))
    assert checkout.run("typed", FILE="a.py").code == 0


PYRIGHT = """\
grep -q '# pyright: strict' "$1" || exit 0
echo "$PWD/$1"
echo "  $PWD/$1:2:5 - error: Type annotation is missing"
exit 1"""
SORBET = "grep -q 'typed: true' lib/x.rb && echo 'lib/x.rb:2: Missing https://srb.help/7017' >&2; exit 1"
TSC = 'echo "web/x.js(2,3): error TS7006: Parameter"; exit 2'


@pytest.mark.parametrize(
    ("tool", "script", "path", "level"),
    [
        ("pyright", PYRIGHT, "pkg/a.py", "# pyright: strict"),
        ("srb", SORBET, "lib/x.rb", "# typed: true"),
        ("tsc", TSC, "web/x.js", "// @ts-check"),
    ],
)
def test_other_checkers(commit: Commit, tool: str, script: str, path: str, level: str) -> None:
    """By the form of their output: https://github.com/microsoft/pyright/blob/main/docs/comments.md,
    https://sorbet.org/docs/static, https://www.typescriptlang.org/docs/handbook/intro-to-js-ts.html"""
    checkout = commit("annotate-types", FILES)
    checkout.tool(tool, script)
    done = checkout.run("typed", FILE=path)
    assert done.code == 1
    assert done.said.count(path) == 1
    assert checkout.read(path).splitlines()[0] == level
    checkout.tool(tool, "exit 0")
    assert checkout.run("typed", FILE=path).code == 0


SAME = f"""\
from __future__ import annotations
{LEVEL}
from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeVar, cast, overload

if TYPE_CHECKING:
    from os import PathLike

T = TypeVar("T")


@overload
def add(a: int) -> int: ...
@overload
def add(a: int, b: int) -> int: ...
{TYPED.replace("total = a + b", "total: int = cast(int, a + b)")}
"""


@pytest.mark.parametrize("text", [TYPED, LEVEL + CODE, SAME])
def test_annotations_are_no_change(commit: Commit, text: str) -> None:
    checkout = commit("annotate-types", FILES)
    checkout.write("pkg/a.py", text)
    assert checkout.run("same").errors == ""
    assert checkout.run("same").code == 0


@pytest.mark.parametrize(
    "text",
    [
        TYPED.replace("b: int = 1", "b: int = 2"),
        TYPED.replace("a + b", "int(a) + b"),
        TYPED.replace('"""Adds."""', '"""Adds"""'),
        TYPED + "\n\nassert add(1)\n",
        "import os\n" + TYPED,
    ],
)
def test_more_than_annotations(commit: Commit, text: str) -> None:
    checkout = commit("annotate-types", FILES)
    checkout.write("pkg/a.py", text)
    done = checkout.run("same")
    assert done.code == 1
    assert done.errors.startswith("pkg/a.py: more than annotations was changed")


def test_a_deleted_file_is_a_change(commit: Commit) -> None:
    checkout = commit("annotate-types", FILES)
    (checkout.root / "pkg/a.py").unlink()
    assert checkout.run("same").code == 1


def test_what_was_not_looked_at_is_told(commit: Commit) -> None:
    checkout = commit("annotate-types", FILES)
    assert checkout.run("left", LEFT="2").said == "2 more files were not looked at: ask once more for those.\n"
    assert checkout.run("left", LEFT="0") == Done(0, "", "")
