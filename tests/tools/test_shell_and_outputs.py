from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.tools.conftest import Call

from minion.tools.bench import ToolBench
from minion.tools.outputs import cut_middle, folded, plain
from minion.tools.registry import build_tools


def test_the_result_is_labelled(call: Call) -> None:
    result = call("shell", command="echo out; echo err >&2; exit 2")
    assert result.error
    assert result.content == "exit code 2\n<stdout>\nout\n</stdout>\n<stderr>\nerr\n</stderr>"
    assert result.data["exit_code"] == 2
    assert call("shell", command="true").content == "exit code 0, no output"


def test_one_stream_alone_is_named_beside_the_exit_code(call: Call) -> None:
    assert call("shell", command="echo out").content == "exit code 0, stdout:\nout"
    assert call("shell", command="echo err >&2; exit 3").content == "exit code 3, stderr:\nerr"


def test_rows_of_dots_are_counted(call: Call) -> None:
    """As unittest and pytest print them: what they say is their number."""
    assert (
        call("shell", command="printf '.%.0s' $(seq 1200)").content == f"exit code 0, stdout:\n{'.' * 20}[… 1180 more]"
    )
    short = f"{'=' * 99}\n{'ab' * 100}{' ' * 200}{'0' * 200}|"
    assert folded(short) == short
    assert folded("-" * 100 + "\n" + "." * 101) == f"{'-' * 20}[… 80 more]\n{'.' * 20}[… 81 more]"


def test_looking_for_rows_takes_a_moment_at_most() -> None:
    began = time.monotonic()
    folded(("-" * 99 + "x") * 4_000)
    folded(("-" * 99 + "x") * 100_000)
    assert time.monotonic() - began < 2


def test_a_pipe_fails_with_its_first_part(call: Call) -> None:
    assert call("shell", command="false | cat").error


def test_the_folder_is_the_root_each_time(call: Call) -> None:
    call("shell", command="cd src")
    assert "README.md" in str(call("shell", command="ls").content)
    assert "widget.py" in str(call("shell", command="ls", cwd="src").content)


def test_a_long_output_is_cut_and_kept_whole(call: Call, bench: ToolBench) -> None:
    text = str(call("shell", command="seq 1 20000").content)
    assert len(text) < 11_000
    assert "characters left out" in text
    path = text.rsplit("read ", 1)[1].strip()
    whole = str(call("read", path=path, start=19_998, count=2).content)
    assert "19997" in whole
    assert "refused" not in call("shell", command=f"tail -1 {path}").content
    assert call("shell", command=f"touch {path}").error
    call("shell", command="seq 1 20000")
    assert sorted(file.name for file in bench.output_dir.iterdir()) == ["0001.txt", "0002.txt"]


def test_the_deadline_is_told(call: Call) -> None:
    result = call("shell", command="echo begun; sleep 30", timeout=1)
    assert result.error
    assert "timed out after" in str(result.content)
    assert "begun" in str(result.content)


@pytest.mark.parametrize("command", ["echo \0", "echo \ud800", "echo " + "x" * 200_000])
def test_what_cannot_be_executed_says_why(call: Call, command: str) -> None:
    assert call("shell", command=command).error


def test_a_folder_that_is_not_there(call: Call) -> None:
    result = call("shell", command="pwd", cwd="nowhere")
    assert result.error
    assert "nowhere" in str(result.content)


def test_terminal_codes_and_overwritten_lines_go() -> None:
    assert plain(b"\x1b[31mred\x1b[0m\r\n10%\r50%\r100%\n\x1b]0;title\x07x\x00y") == "red\n100%\nxy"


@given(st.binary(max_size=300))
def test_whatever_comes_is_plain_text(data: bytes) -> None:
    text = plain(data)
    assert "\x1b" not in text
    assert "\r" not in text


@given(st.text(max_size=200), st.integers(1, 50), st.integers(1, 50))
def test_cutting_keeps_both_ends(text: str, head: int, tail: int) -> None:
    cut = cut_middle(text, head, tail)
    assert cut.startswith(text[:head])
    assert cut.endswith(text[-tail:])


def test_the_tools_are_small_strict_and_in_order(bench: ToolBench) -> None:
    tools = build_tools(["write", "read", "shell", "edit", "search", "read"], bench)
    blocks = [tool.schema.block() for tool in tools]
    assert [block["name"] for block in blocks] == ["edit", "read", "search", "shell", "write"]
    assert all(block["input_schema"]["additionalProperties"] is False for block in blocks)
    assert len(json.dumps(blocks)) < 6_000
    assert {tool.schema.name for tool in tools if tool.writes} == {"edit", "write", "shell"}
