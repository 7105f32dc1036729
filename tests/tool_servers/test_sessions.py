"""Servers that behave, over each transport, and every way in which one may not."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from minion.adapters.tool_servers import BaseTree
from minion.tasks.tool_servers import CommandServer, WebServer

from .conftest import TOKEN, TRACKED, Open, free_port, rogue, script, wait_for

NOT_OURS = "MCP server rogue: "


def test_a_server_on_its_standard_streams(opened: Open) -> None:
    at = opened(script("shop", "shop.py"))
    assert at.session.problems() == () or at.session.problems() == []
    assert at.tools["shop.find"].description == "Finds articles by their name."
    assert at.tools["shop.burn"].destructive is True
    found = at.call("shop.find", name="tea")
    assert (found.text, found.error, found.size) == ("5 articles called tea", False, 21)
    failed = at.call("shop.broken")
    assert failed.error
    assert "broken" in failed.text
    [picture] = at.call("shop.picture").pictures
    assert picture.media_type == "image/png"
    assert at.call("shop.story", lines=3).text == "line 0\nline 1\nline 2"
    assert at.close() == []
    assert at.session.call(next(iter(at.tools.values())), {}, 1.0).error, "ended servers answer nothing"


@pytest.mark.parametrize("transport", ["streamable-http", "sse"])
def test_a_server_behind_an_address(opened: Open, shop_at: Callable[[str], int], transport: str) -> None:
    path = "sse" if transport == "sse" else "mcp"
    url = f"http://127.0.0.1:{shop_at(transport)}/{path}"
    at = opened(WebServer("shop", url, {"Authorization": f"Bearer {TOKEN}"}, sse=transport == "sse"))
    assert at.call("shop.find", name="tea").text == "5 articles called tea"
    late = at.call("shop.sleep", timeout_s=0.5, seconds=30)
    assert late.error
    assert "no answer within 0 s" in late.text or "no answer within 1 s" in late.text
    assert at.call("shop.find", name="milk").text == "5 articles called milk"


def test_nothing_listens_at_the_address(opened: Open) -> None:
    at = opened(WebServer("shop", f"http://127.0.0.1:{free_port()}/mcp", {}))
    assert at.tools == {}
    [problem] = at.close()
    assert problem.startswith("MCP server shop: ")


def test_a_server_is_given_a_small_environment_and_an_empty_folder(opened: Open, tmp_path: Path) -> None:
    at = opened(script("shop", "shop.py", SHOP="corner"))
    lines = dict(line.split("=", 1) for line in at.call("shop.environment").text.splitlines())
    home = str(tmp_path / "servers" / "shop")
    given = {
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "HOME": home,
        "TMPDIR": f"{home}/tmp",
        "SHOP": "corner",
    } | TRACKED
    assert {name: value for name, value in lines.items() if name != "LC_CTYPE"} == given
    assert at.call("shop.place").text == f"{home}/empty"


def test_a_server_of_the_repository_runs_from_a_copy_of_the_base(opened: Open) -> None:
    source = (Path(__file__).parent / "servers" / "rogue.py").read_bytes()
    files = {"tools/server.py": b"#!/usr/bin/env python3\n" + source, "README.md": b"# R\n"}
    tree = BaseTree("/somewhere/tree", files.keys, files.get)
    at = opened(CommandServer("rogue", ("./tools/server.py", "none"), {}), tree=tree)
    assert at.call("rogue.echo", text="hi").text == "again: hi"


@pytest.mark.parametrize(
    "argv", [("/somewhere/tree/server.py",), ("python3", "/somewhere/tree/../tree/server.py"), ("./server",)]
)
def test_a_program_from_the_working_copy_is_not_run(opened: Open, argv: tuple[str, ...]) -> None:
    at = opened(CommandServer("rogue", argv, {}), tree=BaseTree("/somewhere/tree", list, lambda _: None))
    [problem] = at.close()
    assert "working copy" in problem or "is not in the commit" in problem


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("dies-at-start", "it ended with exit code 1, saying: no licence: ***"),
        ("no-schema", "what it sends does not fit the protocol (ListToolsResult)"),
    ],
)
def test_a_server_that_does_not_start_is_named_and_the_others_go_on(opened: Open, wrong: str, said: str) -> None:
    at = opened(rogue(wrong), script("fine", "rogue.py", "none"))
    assert list(at.tools) == ["fine.echo"]
    assert at.call("fine.echo", text="hi").text == "again: hi"
    assert at.close() == [NOT_OURS + said]


def test_a_program_that_is_not_there(opened: Open) -> None:
    at = opened(CommandServer("gone", ("no-such-program-here",), {}))
    assert at.close() == [
        "MCP server gone: it ended with exit code 1, saying: no-such-program-here: No such file or directory"
    ]


def test_a_server_that_hangs_at_its_start(opened: Open) -> None:
    at = opened(rogue("hangs-at-start"), start_s=1.5)
    assert at.tools == {}
    assert at.close() == [NOT_OURS + "it was not ready within 2 s"]


@pytest.mark.parametrize(
    ("wrong", "answered", "said"),
    [
        ("dies", "it ended with exit code 9", "it ended with exit code 9"),
        ("one-line-flood", "more than 8 MB", "it sent a message of more than 8 MB"),
        ("many-lines-flood", "more than 64 MB", "it sent more than 64 MB"),
        ("no-result", "does not fit the protocol", "echo: what it sends does not fit the protocol (CallToolResult)"),
        ("hangs", "no answer within 1 s", "echo did not answer within 1 s"),
    ],
)
def test_a_call_that_goes_wrong_is_an_answer(opened: Open, wrong: str, answered: str, said: str) -> None:
    at = opened(rogue(wrong))
    answer = at.call("rogue.echo", timeout_s=1.0 if wrong == "hangs" else 30.0, text="hi")
    assert answer.error
    assert answered in answer.text
    assert at.close() == [NOT_OURS + said]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("prints", ["it sends what is no message (its standard output is for messages only)"]),
        ("no-json", ["it sends what is no message (its standard output is for messages only)"]),
        (
            "asks",
            [
                "it asks for sampling/createMessage, which is not given",
                "it asks for roots/list, which is not given",
                "it asks for elicitation/create, which is not given",
            ],
        ),
    ],
)
def test_what_a_server_should_not_do_is_named_and_its_answer_taken(opened: Open, wrong: str, said: list[str]) -> None:
    at = opened(rogue(wrong))
    assert at.call("rogue.echo", text="hi").text == "again: hi"
    assert at.call("rogue.echo", text="ho").text == "again: ho"
    assert at.close() == [NOT_OURS + text for text in said]


def test_a_tool_that_changes_while_it_is_in_use_is_not_called_again(opened: Open) -> None:
    at = opened(rogue("changes"))
    tool = at.tools["rogue.echo"]
    assert at.session.call(tool, {"text": "hi"}, 20.0).text == "again: hi"
    again = at.session.call(tool, {"text": "hi"}, 20.0)
    assert again.error
    assert "not what it was" in again.text
    assert at.close() == [NOT_OURS + "echo was changed while it was in use"]


def test_what_a_server_was_given_does_not_come_back(opened: Open) -> None:
    at = opened(rogue("leaks"))
    answer = at.call("rogue.echo", text="hi")
    assert answer.text == 'again: *** eG***g== "***"'
    assert TOKEN not in repr(at.session.offered())


def test_what_a_server_has_started_ends_with_it(opened: Open) -> None:
    at = opened(rogue("leaves-children"))
    seconds = f"7531.{time.time_ns()}"
    at.call("rogue.echo", text=seconds)
    wait_for(lambda: bool(_processes(f"sleep {seconds}")), 20.0)
    at.close()
    wait_for(lambda: not _processes(f"sleep {seconds}"), 20.0)


def _processes(command: str) -> list[str]:
    found = subprocess.run(["pgrep", "-f", f"^{command}$"], capture_output=True, text=True, check=False)
    return found.stdout.split()
