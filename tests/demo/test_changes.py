"""What the scripted model is told to do turns the earlier tree into the later one, byte for byte."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from minion.demo.changes import DeleteFile, EditFile, Replacement, WriteFile, changes_between, replacements_between
from minion.demo.pair import Pair
from minion.demo.script import script

LINES = st.lists(st.sampled_from(["a", "b", "c", "", "    return 1", "x = 2"]), max_size=30)
TEXTS = LINES.map(lambda lines: "".join(f"{line}\n" for line in lines))


@settings(deadline=None)
@given(TEXTS, TEXTS)
def test_replacements_are_unique_at_their_turn_and_lead_to_the_later_text(old: str, new: str) -> None:
    replacements = replacements_between(old, new)
    if replacements is None:
        return
    for replacement in replacements:
        assert old.count(replacement.old) == 1
        old = old.replace(replacement.old, replacement.new)
    assert old == new


def test_each_kind_of_change_has_its_own_call() -> None:
    before = {"same": b"x\n", "edited": b"one\ntwo\n", "gone": b"x\n", "crlf": b"a\r\n", "empty": b""}
    after = {"same": b"x\n", "edited": b"one\n2\n", "new": b"y\n", "crlf": b"b\r\n", "empty": b"z\n"}
    kinds = {change.path: change for change in changes_between(before, after)}
    assert kinds["edited"] == EditFile("edited", (Replacement("two\n", "2\n"),))
    assert kinds["gone"] == DeleteFile("gone")
    assert kinds["new"] == WriteFile("new", "y\n", exists=False)
    assert kinds["empty"] == WriteFile("empty", "z\n", exists=True)
    assert set(kinds) == {"edited", "gone", "new", "crlf", "empty"}


TREES = st.dictionaries(
    st.sampled_from(["src/a.py", "b.bin", "it's/c d.txt", "tests/test_e.py"]),
    st.one_of(TEXTS.map(str.encode), st.binary(max_size=300)),
)


@settings(deadline=None, max_examples=30)  # each example writes files and starts processes
@given(TREES, TREES)
def test_the_calls_lead_from_one_tree_to_the_other(
    tmp_path_factory: Any, before: dict[str, bytes], after: dict[str, bytes]
) -> None:
    root: Path = tmp_path_factory.mktemp("tree")
    for path, data in before.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    for call in calls(before, after):
        play(root, call)
    assert read(root) == after


def test_a_large_file_goes_in_pieces(tmp_path: Path) -> None:
    after = {"data/large.bin": random.Random(1).randbytes(250_000)}  # noqa: S311 -- no secret
    sent = calls({}, after)
    assert len(sent) > 3
    for call in sent:
        play(tmp_path, call)
    assert read(tmp_path) == after


def read(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def calls(before: dict[str, bytes], after: dict[str, bytes]) -> list[dict[str, Any]]:
    document = script(pair(), before, after, mended=True)
    [implement] = [one for one in document["conversations"] if one["name"] == "implement"]
    return [call for turn in implement["turns"] for call in turn["calls"]]


def play(root: Path, call: dict[str, Any]) -> None:
    """As the tools would; reading and the tests themselves change nothing."""
    given_ = call["input"]
    match call["name"]:
        case "edit":
            text = (root / given_["path"]).read_text()
            for edit in given_["edits"]:
                text = text.replace(edit["old"], edit["new"])
            (root / given_["path"]).write_text(text)
        case "write":
            (root / given_["path"]).parent.mkdir(parents=True, exist_ok=True)
            (root / given_["path"]).write_text(given_["content"])
        case "shell" if "test.sh" not in given_["command"]:
            assert len(given_["command"]) < 128 * 1024
            subprocess.run(["bash", "-c", given_["command"]], cwd=root, check=True)


def pair() -> Pair:
    return Pair(
        package="p",
        before="1",
        after="2",
        requirements=(),
        editable=True,
        sdist_builds=True,
        test_paths=("tests",),
        lint_excludes=(),
        deselected=(),
        proving=(),
        passed_before=0,
        passed_after=0,
        notes="NOTES.md",
        notes_added=False,
    )
