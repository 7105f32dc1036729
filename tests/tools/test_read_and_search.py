from __future__ import annotations

import base64
import json
import os
import struct
from pathlib import Path

import pytest
from tests.tools.conftest import WIDGET, Call

from minion.adapters.sandbox.boxed.texts import image_size
from minion.tools.bench import ToolBench
from minion.tools.registry import build_tools

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def test_a_file_is_shown_as_it_stands_to_who_copies_from_it(call: Call) -> None:
    result = call("read", path="src/widget.py")
    assert not result.error
    assert result.content == WIDGET.removesuffix("\n")
    assert result.paths == ("src/widget.py",)


@pytest.mark.parametrize("tools", [["read"], ["read", "search", "shell", "git.log"]])
def test_who_changes_nothing_cites_lines_and_sees_their_numbers(bench: ToolBench, tools: list[str]) -> None:
    [read] = [tool for tool in build_tools(tools, bench) if tool.schema.name == "read"]
    assert "with line numbers" in read.schema.description
    answer = read.call({"path": "src/widget.py", "start": 3, "count": 1})
    assert answer.content == "3\t    return 1\n[lines 3-3 of 7; go on with start: 4]"


@pytest.mark.parametrize("tool", ["edit", "write"])
def test_with_edit_or_write_nothing_is_numbered(bench: ToolBench, tool: str) -> None:
    [read] = [found for found in build_tools(["read", tool], bench) if found.schema.name == "read"]
    assert "as it stands" in read.schema.description
    assert read.call({"path": "src/widget.py", "start": 6}).content == 'def name():\n    return "widget"'


def test_a_range_says_what_is_left(call: Call) -> None:
    text = str(call("read", path="src/widget.py", start=3, count=1).content)
    assert text == "    return 1\n[lines 3-3 of 7; go on with start: 4]"
    assert "only 7 lines" in str(call("read", path="src/widget.py", start=50).content)


def test_long_lines_and_long_files_are_cut(call: Call, tree: Path) -> None:
    (tree / "long.txt").write_text("x" * 5000 + "\n" + ("y" * 100 + "\n") * 1900)
    text = str(call("read", path="long.txt").content)
    assert "3000 more characters" in text
    assert len(text) < 63_000
    assert "of 1901; go on with start:" in text


def test_an_image_is_an_image_block(call: Call, tree: Path) -> None:
    (tree / "dot.png").write_bytes(PNG)
    (tree / "huge.png").write_bytes(PNG + b"\0" * 5_000_000)
    content = call("read", path="dot.png").content
    assert isinstance(content, list)
    assert content[0] == {"type": "text", "text": f"dot.png: image/png, 1x1 pixels, {len(PNG)} bytes"}
    assert content[1]["source"]["media_type"] == "image/png"
    assert base64.b64decode(content[1]["source"]["data"]) == PNG
    assert call("read", path="huge.png").error


def test_an_image_with_too_many_pixels_is_refused(call: Call, tree: Path) -> None:
    (tree / "wide.png").write_bytes(PNG[:16] + (8_001).to_bytes(4, "big") + PNG[20:])
    result = call("read", path="wide.png")
    assert result.error
    assert "8001x1 pixels" in str(result.content)


@pytest.mark.parametrize(
    ("data", "size"),
    [
        (PNG, (1, 1)),
        (b"GIF89a" + struct.pack("<HH", 640, 480) + b"\0" * 8, (640, 480)),
        (b"\xff\xd8\xff\xe0\0\x04ab\xff\xc0\0\x11\x08" + struct.pack(">HH", 300, 200) + b"\0" * 12, (200, 300)),
        (b"RIFF\0\0\0\0WEBPVP8X" + b"\0" * 8 + b"\x7f\x02\0\xdf\x01\0", (640, 480)),
        (b"RIFF\0\0\0\0WEBPVP8 " + b"\0" * 10 + struct.pack("<HH", 640, 480), (640, 480)),
        (b"RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f" + (639 | 479 << 14).to_bytes(4, "little"), (640, 480)),
        (b"\xff\xd8\xff", None),
        (b"\x89PNG\r\n\x1a\n", None),
    ],
)
def test_the_size_of_an_image_is_in_its_head(data: bytes, size: tuple[int, int] | None) -> None:
    assert image_size(data) == size


def test_a_notebook_is_its_cells(call: Call, tree: Path) -> None:
    code = {"cell_type": "code", "source": ["x = 1\n", "x"], "outputs": [{"data": {"text/plain": ["1"]}}]}
    (tree / "a.ipynb").write_text(json.dumps({"cells": [{"cell_type": "markdown", "source": "# Title"}, code]}))
    text = str(call("read", path="a.ipynb").content)
    assert "# Title" in text
    assert "cell 2 (code)" in text
    assert "[output]" in text


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("nothing.py", "does not exist"),
        ("widget.py", "does not exist; there is: src/widget.py"),
        ("src/wigdet.py", "does not exist; there is: src/widget.py"),
        ("src/deep/er.py", "does not exist"),
        ("data.bin", "a binary file of 3 bytes"),
        ("paper.pdf", "a PDF; pdftotext"),
        ("bundle.zip", "a ZIP archive"),
        ("pipe", "not an ordinary file"),
        ("loop", "no such path"),
        ("nul\0", "NUL"),
        ("/etc/passwd", "outside"),
        ("out", "outside"),
    ],
)
def test_what_cannot_be_read_says_why(call: Call, tree: Path, path: str, words: str) -> None:
    (tree / "data.bin").write_bytes(b"\0\1\2")
    (tree / "paper.pdf").write_bytes(b"%PDF-1.7\n\0\0")
    (tree / "bundle.zip").write_bytes(b"PK\x03\x04\0\0")
    os.mkfifo(tree / "pipe")
    (tree / "loop").symlink_to("loop")
    (tree / "out").symlink_to("/etc/passwd")
    result = call("read", path=path)
    assert result.error
    assert words in str(result.content)


def test_a_folder_is_its_names(call: Call, tree: Path) -> None:
    (tree / "src/deep").mkdir()
    assert call("read", path="src").content == "src is a folder:\ndeep/\nwidget.py"
    assert call("read", path="src/deep").content == "src/deep is a folder:\n(empty)"
    for number in range(600):
        (tree / f"src/deep/{number}").touch()
    assert str(call("read", path="src/deep").content).endswith("[100 more names]")


def test_lines_are_counted_as_ripgrep_counts_them(call: Call, tree: Path) -> None:
    (tree / "odd.txt").write_text("one\x0ctwo\u2028three\nneedle\n")
    assert call("search", pattern="needle").content == "odd.txt\n2:needle"
    assert call("read", path="odd.txt", start=2).content == "needle"


def test_names_that_are_no_utf_8_reach_nobody_as_they_are(call: Call, tree: Path) -> None:
    (tree / b"bad\xff.txt".decode("utf-8", "surrogateescape")).write_text("x")
    assert "bad\ufffd.txt" in str(call("read", path=".").content)


def test_an_empty_file(call: Call, tree: Path) -> None:
    (tree / "empty").touch()
    assert call("read", path="empty").content == "(the file is empty)"


def test_text_is_found_with_its_place(call: Call) -> None:
    assert call("search", pattern="return \\d").content == "src/widget.py\n3:    return 1"
    assert call("search", pattern="RETURN", ignore_case=True, glob="*.md").content == "nothing found in 1 files"
    around = '2-    """How big it is."""\n3:    return 1\n4-'
    assert call("search", pattern="return 1", context=1).content == f"src/widget.py\n{around}"


def test_a_path_stands_once_above_what_was_found_in_it(call: Call, tree: Path) -> None:
    (tree / "a:1:b.txt").write_text("hit\n-\n-\n-\nhit --\n")
    (tree / "b.txt").write_text("hit\n")
    found = str(call("search", pattern="hit", glob="*.txt").content)
    assert found == "a:1:b.txt\n1:hit\n5:hit --\n\nb.txt\n1:hit"
    found = str(call("search", pattern="hit", glob="*.txt", context=1).content)
    assert found == "a:1:b.txt\n1:hit\n2--\n--\n4--\n5:hit --\n\nb.txt\n1:hit"


def test_of_a_long_answer_both_ends_are_shown_with_their_paths(call: Call, tree: Path) -> None:
    for name in ("first", "last"):
        (tree / f"{name}.txt").write_text(f"hit {'x' * 90}\n" * 200)
    found = str(call("search", pattern="hit", limit=1_000).content)
    head, left, tail = found.partition("\n[… 148 lines left out …]\n")
    assert left
    assert head.startswith("first.txt\n1:hit x")
    assert head.count("\n") + tail.count("\n") - 2 == 400 - 148
    assert tail.startswith("last.txt\n151:hit x")
    assert len(head) <= 20_000
    assert len(tail) <= 5_000


def test_files_are_listed_and_limited(call: Call, tree: Path) -> None:
    (tree / ".git-not").mkdir()
    for number in range(30):
        (tree / f"f{number:02}.txt").touch()
    assert call("search", files=True, glob="*.py").content == "src/widget.py"
    text = str(call("search", files=True, glob="*.txt", limit=10).content)
    assert text.splitlines()[0] == "f00.txt"
    assert "[20 more lines" in text


def test_ignored_files_are_left_out(call: Call, tree: Path) -> None:
    (tree / ".ignore").write_text("noise.txt\n")
    (tree / "noise.txt").write_text("needle\n")
    (tree / ".gitignore").write_text("build/\n")
    (tree / "build").mkdir()
    (tree / "build/out.txt").write_text("needle\n")
    assert "nothing found" in str(call("search", pattern="needle").content)


def test_nothing_found_says_what_may_be_the_reason(call: Call) -> None:
    assert call("search", pattern="def Size()", glob="*.py").content == (
        "nothing found in 1 files; try ignore_case: true, or escape characters that are meant literally"
    )
    assert "no file fits glob" in str(call("search", pattern="size", glob="*.rs").content)


def test_a_search_keeps_only_what_it_shows(call: Call, tree: Path) -> None:
    (tree / "many.txt").write_text("needle\n" * 300_000)
    text = str(call("search", pattern="needle", limit=2).content)
    assert text == "many.txt\n1:needle\n2:needle\n[299998 more lines; narrow the search]"


@pytest.mark.parametrize(
    "arguments", [{}, {"pattern": "("}, {"pattern": "x", "path": "../.."}, {"pattern": "x", "path": "no"}]
)
def test_a_search_that_makes_no_sense_says_why(call: Call, arguments: dict[str, object]) -> None:
    assert call("search", **arguments).error


def test_a_pattern_cannot_be_an_option(call: Call) -> None:
    result = call("search", pattern="--pre=touch canary")
    assert str(result.content).startswith("nothing found in 2 files")
