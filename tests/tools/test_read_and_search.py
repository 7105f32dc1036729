from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from tests.tools.conftest import Call

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def test_lines_are_numbered(call: Call) -> None:
    result = call("read", path="src/widget.py")
    assert not result.error
    assert str(result.content).startswith("    1\tdef size():\n")
    assert result.paths == ("src/widget.py",)


def test_a_range_says_what_is_left(call: Call) -> None:
    text = str(call("read", path="src/widget.py", start=3, count=1).content)
    assert text == "    3\t    return 1\n[lines 3-3 of 7; go on with start: 4]"
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
    assert content[0]["source"]["media_type"] == "image/png"
    assert base64.b64decode(content[0]["source"]["data"]) == PNG
    assert call("read", path="huge.png").error


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
        ("src", "is a folder"),
        ("data.bin", "binary"),
        ("/etc/passwd", "outside"),
        ("out", "outside"),
    ],
)
def test_what_cannot_be_read_says_why(call: Call, tree: Path, path: str, words: str) -> None:
    (tree / "data.bin").write_bytes(b"\0\1\2")
    (tree / "out").symlink_to("/etc/passwd")
    result = call("read", path=path)
    assert result.error
    assert words in str(result.content)


def test_an_empty_file(call: Call, tree: Path) -> None:
    (tree / "empty").touch()
    assert call("read", path="empty").content == "(the file is empty)"


def test_text_is_found_with_its_place(call: Call) -> None:
    assert call("search", pattern="return \\d").content == "src/widget.py:3:    return 1"
    assert call("search", pattern="RETURN", ignore_case=True, glob="*.md").content == "nothing found"
    assert "src/widget.py-2-" in str(call("search", pattern="return 1", context=1).content)


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
    assert call("search", pattern="needle").content == "nothing found"


@pytest.mark.parametrize(
    "arguments", [{}, {"pattern": "("}, {"pattern": "x", "path": "../.."}, {"pattern": "x", "path": "no"}]
)
def test_a_search_that_makes_no_sense_says_why(call: Call, arguments: dict[str, object]) -> None:
    assert call("search", **arguments).error


def test_a_pattern_cannot_be_an_option(call: Call) -> None:
    result = call("search", pattern="--pre=touch canary")
    assert result.content == "nothing found"
