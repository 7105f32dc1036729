from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest
from tests.tools.conftest import WIDGET, Call


def change(old: str, new: str, **options: bool) -> dict[str, object]:
    return {"old": old, "new": new, **options}


def test_several_edits_at_once(call: Call, tree: Path) -> None:
    call("read", path="src/widget.py")
    result = call("edit", path="src/widget.py", edits=[change("return 1", "return 2"), change('"widget"', '"gadget"')])
    assert not result.error
    assert result.content == "src/widget.py is changed: line 3, line 7"
    assert (tree / "src/widget.py").read_text() == WIDGET.replace("return 1", "return 2").replace("widget", "gadget")


def test_all_or_none(call: Call, tree: Path) -> None:
    call("read", path="src/widget.py")
    result = call("edit", path="src/widget.py", edits=[change("return 1", "return 2"), change("absent text", "x")])
    assert result.error
    assert "edit 2" in str(result.content)
    assert (tree / "src/widget.py").read_text() == WIDGET


def test_an_unread_file_is_refused(call: Call, tree: Path) -> None:
    assert "read it first" in str(call("edit", path="src/widget.py", edits=[change("1", "2")]).content)
    assert "read it first" in str(call("write", path="src/widget.py", content="x = 1\n").content)
    assert (tree / "src/widget.py").read_text() == WIDGET


def test_a_file_that_changed_since_is_refused(call: Call, tree: Path) -> None:
    call("read", path="src/widget.py")
    (tree / "src/widget.py").write_text(WIDGET + "# later\n")
    assert "has changed" in str(call("edit", path="src/widget.py", edits=[change("return 1", "return 2")]).content)
    assert "has changed" in str(call("write", path="src/widget.py", content="x = 1\n").content)


def test_an_edit_may_follow_an_edit(call: Call, tree: Path) -> None:
    call("read", path="src/widget.py")
    for number in (2, 3):
        assert not call("edit", path="src/widget.py", edits=[change(f"return {number - 1}", f"return {number}")]).error
    assert "return 3" in (tree / "src/widget.py").read_text()


def test_more_than_one_match_needs_all(call: Call, tree: Path) -> None:
    call("read", path="src/widget.py")
    refused = call("edit", path="src/widget.py", edits=[change("def ", "async def ")])
    assert "occurs 2 times, from lines 1, 6;" in str(refused.content)
    assert not call("edit", path="src/widget.py", edits=[change("def ", "async def ", all=True)]).error
    assert (tree / "src/widget.py").read_text().count("async def") == 2


def test_white_space_that_differs_is_pointed_out(call: Call) -> None:
    call("read", path="src/widget.py")
    result = call("edit", path="src/widget.py", edits=[change("def size():\n  return 1", "x")])
    assert result.error
    assert "nearest place" in str(result.content)
    result = call("edit", path="src/widget.py", edits=[change("def name():\n\treturn", "x")])
    result = call("edit", path="src/widget.py", edits=[change('def name():\n\treturn "widget"', "x")])
    assert str(result.content).endswith(
        'Only white space differs from lines 6-7, exactly:\ndef name():\n    return "widget"'
    )


def test_line_numbers_in_old_are_pointed_out(call: Call) -> None:
    call("read", path="src/widget.py")
    shown = str(call("shell", command="cat -n src/widget.py | tail -2 | head -c -1").content).partition("stdout:\n")[2]
    result = call("edit", path="src/widget.py", edits=[change(shown, "x")])
    assert "begins its lines with numbers" in str(result.content)


@pytest.mark.parametrize(
    ("name", "sound", "old", "new"),
    [
        ("a.py", "def f():\n    return 1\n", "return 1", "return ("),
        ("a.json", '{"a": 1}', "1}", "1"),
        ("a.toml", 'a = "b"\n', '"b"', '"b'),
    ],
)
def test_an_edit_that_breaks_the_syntax_is_refused(
    call: Call, tree: Path, name: str, sound: str, old: str, new: str
) -> None:
    (tree / name).write_text(sound)
    call("read", path=name)
    result = call("edit", path=name, edits=[change(old, new)])
    assert "break the file's syntax" in str(result.content)
    assert (tree / name).read_text() == sound


@pytest.mark.skipif(shutil.which("node") is None, reason="not run: Node is not installed")
def test_an_edit_that_breaks_a_script_or_a_module_is_refused(call: Call, tree: Path) -> None:
    (tree / "a.js").write_text("const a = require('a');\nmodule.exports = (b) => a(b);\n")
    (tree / "b.mjs").write_text("import a from 'a';\nexport default (b) => a(b);\n")
    (tree / "c.js").write_text("export const c = <div>{1}</div>;\n")
    for name, old, new, refused in (
        ("a.js", "=> a(b);", "=> a(b;", True),
        ("a.js", "=> a(b);", "=> { return a(b); };", False),
        ("b.mjs", "default (b)", "default (b", True),
        ("b.mjs", "=> a(b);", "=> a(b ?? 1);", False),
        ("c.js", "{1}", "{2}", False),
    ):
        call("read", path=name)
        result = call("edit", path=name, edits=[change(old, new)])
        assert ("break the file's syntax, which is sound now: line 2: " in str(result.content)) is refused, result


def test_broken_files_may_be_edited(call: Call, tree: Path) -> None:
    (tree / "a.py").write_text("def f(:\n    return 1\n")
    call("read", path="a.py")
    assert not call("edit", path="a.py", edits=[change("return 1", "return 2")]).error


def test_line_ends_byte_order_mark_mode_and_encoding_stay(call: Call, tree: Path) -> None:
    (tree / "dos.txt").write_bytes(b"\xef\xbb\xbfone\r\ntwo\r\n")
    (tree / "dos.txt").chmod(0o755)
    (tree / "latin.txt").write_bytes("caf\xe9 one\n".encode("latin-1"))
    call("read", path="dos.txt")
    call("read", path="latin.txt")
    assert not call("edit", path="dos.txt", edits=[change("one\ntwo", "one\nthree\ntwo")]).error
    assert (tree / "dos.txt").read_bytes() == b"\xef\xbb\xbfone\r\nthree\r\ntwo\r\n"
    assert (tree / "dos.txt").stat().st_mode & 0o777 == 0o755
    assert not call("edit", path="latin.txt", edits=[change("one", "two")]).error
    assert (tree / "latin.txt").read_bytes() == "caf\xe9 two\n".encode("latin-1")
    assert "cannot hold" in str(call("edit", path="latin.txt", edits=[change("two", "\u2603")]).content)


def test_mixed_line_ends_are_left_alone(call: Call, tree: Path) -> None:
    (tree / "mixed.txt").write_bytes(b"one\r\ntwo\nthree\n")
    call("read", path="mixed.txt")
    assert not call("edit", path="mixed.txt", edits=[change("two", "2")]).error
    assert (tree / "mixed.txt").read_bytes() == b"one\r\n2\nthree\n"


def test_a_new_file_and_its_folders(call: Call, tree: Path) -> None:
    result = call("write", path="docs/deep/new.md", content="# New\n")
    assert not result.error
    assert (tree / "docs/deep/new.md").read_text() == "# New\n"
    assert not call("edit", path="docs/deep/new.md", edits=[change("New", "Newer")]).error


def test_a_new_file_with_broken_syntax_is_made_and_noted(call: Call, tree: Path) -> None:
    result = call("write", path="broken.py", content="def f(:\n")
    assert not result.error
    assert "syntax is not sound" in str(result.content)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        (".github/workflows/ci.yml", "protected"),
        ("CODEOWNERS", "protected"),
        ("secret/key.txt", "forbidden"),
        ("deep/poetry.lock", "forbidden"),
        (".git/config", "git itself"),
        ("sub/.GIT/hooks/x", "git itself"),
        ("/etc/passwd", "outside"),
        ("../beside.txt", "outside"),
        ("src/../.github/x.yml", "protected"),
    ],
)
def test_places_that_may_not_be_written(call: Call, tree: Path, path: str, words: str) -> None:
    result = call("write", path=path, content="x")
    assert result.error
    assert words in str(result.content)
    assert not (tree.parent / "beside.txt").exists()


def test_a_link_to_a_protected_place_is_seen_through(call: Call, tree: Path) -> None:
    (tree / ".github").mkdir()
    (tree / ".github/ci.yml").write_text("on: push\n")
    (tree / "innocent").symlink_to(".github")
    call("read", path="innocent/ci.yml")
    assert "protected" in str(
        call("edit", path="innocent/ci.yml", edits=[change("push", "pull_request_target")]).content
    )
    assert "protected" in str(call("write", path="innocent/new.yml", content="x").content)


def test_a_hard_link_is_cut_by_writing(call: Call, tree: Path) -> None:
    (tree / "copy.py").hardlink_to(tree / "src/widget.py")
    call("read", path="copy.py")
    assert not call("edit", path="copy.py", edits=[change("return 1", "return 2")]).error
    assert (tree / "src/widget.py").read_text() == WIDGET


def test_carriage_returns_in_old_are_no_obstacle(call: Call, tree: Path) -> None:
    (tree / "dos.txt").write_bytes(b"one\r\ntwo\r\n")
    call("read", path="dos.txt")
    assert not call("edit", path="dos.txt", edits=[change("one\r\ntwo", "1\r\n2")]).error
    assert (tree / "dos.txt").read_bytes() == b"1\r\n2\r\n"


def test_utf_16_stays_utf_16(call: Call, tree: Path) -> None:
    (tree / "strings.txt").write_bytes(b"\xff\xfe" + "caf\u00e9 one\n".encode("utf-16-le"))
    assert call("read", path="strings.txt").content == "caf\u00e9 one"
    assert not call("edit", path="strings.txt", edits=[change("one", "\u2603")]).error
    assert (tree / "strings.txt").read_bytes() == b"\xff\xfe" + "caf\u00e9 \u2603\n".encode("utf-16-le")


def test_an_edit_cannot_blow_a_file_up(call: Call, tree: Path) -> None:
    (tree / "a.txt").write_text("a" * 50_000)
    call("read", path="a.txt")
    result = call("edit", path="a.txt", edits=[change("a", "b" * 1_000, all=True)])
    assert "more than 20000000 characters" in str(result.content)
    assert (tree / "a.txt").read_text() == "a" * 50_000


def test_an_edit_of_a_big_file_is_told_as_one_place(call: Call, tree: Path) -> None:
    (tree / "big.txt").write_text("line\n" * 200_000)
    call("read", path="big.txt", count=1)
    result = call("edit", path="big.txt", edits=[change("line", "row", all=True)])
    assert result.content == "big.txt is changed: lines 1-200001"


def test_the_answer_says_where_the_new_text_stands(call: Call, tree: Path) -> None:
    (tree / "list.txt").write_text("".join(f"{number}\n" for number in range(1, 101)))
    call("read", path="list.txt")
    edits = [change("\n2\n3\n4\n", "\n"), change("\n10\n", "\n10\n10a\n10b\n"), change("100\n", "last\n")]
    result = call("edit", path="list.txt", edits=edits)
    assert result.content == "list.txt is changed: 3 lines gone at 2, lines 8-9, line 99"
    lines = (tree / "list.txt").read_text().splitlines()
    assert (lines[1], lines[7:9], lines[98]) == ("5", ["10a", "10b"], "last")


def test_of_many_places_the_first_are_named(call: Call, tree: Path) -> None:
    (tree / "many.txt").write_text("x\n-\n" * 30)
    call("read", path="many.txt")
    told = str(call("edit", path="many.txt", edits=[change("x", "y", all=True)]).content)
    assert told.startswith("many.txt is changed: line 1, line 3, ")
    assert told.endswith(", line 39, 10 more places")


def test_looking_for_the_nearest_place_takes_a_moment_at_most(call: Call, tree: Path) -> None:
    rows = [f"{'ab' * 150}{number:06}{'ba' * 40}" for number in range(30_000)]
    (tree / "alike.txt").write_text("\n".join(rows))
    call("read", path="alike.txt", count=1)
    began = time.monotonic()
    assert call("edit", path="alike.txt", edits=[change("ab" * 190 + "x", "y")]).error
    assert time.monotonic() - began < 20
