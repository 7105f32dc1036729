"""Finding who refers to what is to go, and proving that nobody does any more."""

from __future__ import annotations

import pytest
from tests.library.conftest import Commit

FILES = {
    "pkg/old.py": "def legacy(): ...\n",
    "pkg/new.py": "def modern(): ...\n",
    "pkg/user.py": "from pkg.old import legacy\n",
    "tests/test_old.py": "from pkg.old import legacy\n",
    "CHANGES.rst": "legacy is deprecated\n",
    "other.py": "legacy_too = 1\n",
}
NAMED = {"NAMES": "legacy\npkg.old", "DEFINITIONS": "pkg/old.py"}


def test_it_is_defined_where_it_is_said_to_be(commit: Commit) -> None:
    checkout = commit("remove-deprecated", FILES)
    assert checkout.run("defined", **NAMED).code == 0
    assert checkout.run("defined", **{**NAMED, "NAMES": "legacies"}).code == 1
    assert checkout.run("defined", **{**NAMED, "DEFINITIONS": "pkg/new.py"}).code == 1
    assert checkout.run("defined", **{**NAMED, "DEFINITIONS": ""}).code == 1
    assert checkout.run("defined", **{**NAMED, "NAMES": ""}).code == 1


def test_who_refers_to_it(commit: Commit) -> None:
    checkout = commit("remove-deprecated", FILES)
    assert checkout.run("find", **NAMED).said.split() == ["pkg/user.py", "tests/test_old.py"]
    assert checkout.run("find", **{**NAMED, "NAMES": "modern", "DEFINITIONS": "pkg/new.py"}).said == ""


def test_a_file_is_free_of_it(commit: Commit) -> None:
    checkout = commit("remove-deprecated", FILES)
    assert checkout.run("gone", FILE="pkg/user.py", **NAMED).code == 1
    checkout.write("pkg/user.py", "from pkg.new import modern\n")
    assert checkout.run("gone", FILE="pkg/user.py", **NAMED).code == 0
    (checkout.root / "pkg/user.py").unlink()
    assert checkout.run("gone", FILE="pkg/user.py", **NAMED).code == 0


def test_the_definition_goes_last(commit: Commit) -> None:
    checkout = commit("remove-deprecated", FILES)
    done = checkout.run("users", **NAMED)
    assert done.code == 1
    assert done.said.splitlines() == [
        "Its definition stays, since 2 lines still refer to it:",
        "",
        "- pkg/user.py:1:from pkg.old import legacy",
        "- tests/test_old.py:1:from pkg.old import legacy",
    ]
    for path in ("pkg/user.py", "tests/test_old.py"):
        (checkout.root / path).unlink()
    assert checkout.run("users", **NAMED).code == 0
    assert checkout.run("proof", **NAMED).code == 1
    checkout.write("pkg/old.py", "")
    assert checkout.run("proof", **NAMED).code == 0


@pytest.mark.parametrize(
    "path", ["CHANGES", "docs/History.txt", "NEWS.md", "docs/release-notes/1.0.rst", "changelog.d/7.md"]
)
def test_history_may_speak_of_it(commit: Commit, path: str) -> None:
    checkout = commit("remove-deprecated", {path: "legacy is deprecated\n"})
    assert checkout.run("proof", **NAMED).code == 0
    assert checkout.run("find", **NAMED).said == ""


@pytest.mark.parametrize(
    "path", ["app/newsletter.py", "changes/models.py", "src/history.py", "news/views.py", "releases.cfg"]
)
def test_code_that_is_named_like_history_is_code(commit: Commit, path: str) -> None:
    checkout = commit("remove-deprecated", {path: "legacy()\n"})
    assert checkout.run("proof", **NAMED).code == 1
    assert checkout.run("find", **NAMED).said.split() == [path]


@pytest.mark.parametrize("path", ["pkg/brand_new.py", "docs/new.md"])
def test_a_new_file_is_searched_too(commit: Commit, path: str) -> None:
    checkout = commit("remove-deprecated", {"a.py": ""})
    assert checkout.run("proof", **NAMED).code == 0
    checkout.write(path, "legacy\n")
    assert checkout.run("proof", **NAMED).code == 1
