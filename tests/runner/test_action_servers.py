"""MCP servers that go wrong, in a job: the round goes on and ends in time, and nothing of theirs lives on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.runner.sites import git
from tests.runner.test_action_process import Action, finish, script, turn
from tests.runner.test_action_process import action as action  # noqa: PLC0414 -- the fixture
from tests.tool_servers.conftest import SERVERS

from minion.domain.config import Commands, Mcp, RepositoryConfiguration, ReviewedTool
from minion.domain.ids import CommitSha
from minion.scripted.server import ScriptedModel

MARK = f"of-{os.getpid()}"
"""On every server's command line."""
SLEEP = f"4711.{os.getpid()}"
"""What a server's own child sleeps for."""
EDIT = turn("edit", path="calc.py", edits=[{"old": "x + x + 1", "new": "2 * x"}])
CHANGED = [("calc.py", b"def double(x):\n    return 2 * x\n")]
WRONG = ("hangs", "dies", "one-line-flood", "many-lines-flood", "bad-schema", "no-result", "leaves-children")


def echoes(*names: str) -> dict[str, Any]:
    """One turn that calls the tool of each."""
    return {"calls": [{"name": f"mcp__{name}__echo", "input": {"text": SLEEP}} for name in names]}


def declared(action: Action, *wrong: str, timeout: int = 60) -> RepositoryConfiguration:
    """Commits `.mcp.json` with a server for each; the node `implement` may call what they offer."""
    servers = {
        name: {"command": sys.executable, "args": [str(SERVERS / "rogue.py"), name, MARK], "env": {"TOKEN": "t"}}
        for name in wrong
    }
    origin = action.folder / "origin"
    (origin / ".mcp.json").write_text(json.dumps({"mcpServers": servers}))
    git(origin, "add", "--all")
    git(origin, "commit", "--quiet", "--message", "servers")
    action.sha = CommitSha(git(origin, "rev-parse", "HEAD"))
    review = ReviewedTool(risk="read", nodes=("implement",), timeout=timeout)
    mcp = Mcp(tools={f"{name}.echo": review for name in wrong})
    return RepositoryConfiguration(commands=Commands(test="python3 -c 'import calc'"), mcp=mcp)


def running() -> list[str]:
    listed = subprocess.run(["ps", "-ww", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines() if MARK in line or line == f"sleep {SLEEP}"]


def until(what: Callable[[], bool], seconds: float = 60.0) -> None:
    ends = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < ends, f"waited in vain, {running()}"
        time.sleep(0.05)


@contextmanager
def started(action: Action, model: ScriptedModel, configuration: RepositoryConfiguration) -> Iterator[Any]:
    process = action.start(model, configuration=configuration)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_servers_that_go_wrong_are_named_and_the_round_is_whole(action: Action) -> None:
    configuration = declared(action, *WRONG, timeout=2)
    turns = (turn("read", path="calc.py"), echoes(*(name for name in WRONG if name != "bad-schema")), EDIT, finish())
    with ScriptedModel(script(*turns)) as model:
        done = action.run(model, configuration=configuration)
        [*_, asked] = [request["body"] for request in model.requests if "edit" in json.dumps(request["body"]["tools"])]
    result = action.result()
    assert (done.returncode, result.error) == (0, ""), done.stdout + done.stderr
    assert [(file.path, file.data) for file in result.change_set.files] == CHANGED
    named = "\n".join(result.notes)
    for said in (
        "hangs: echo did not answer within 2 s",
        "dies: it ended with exit code 9",
        "one-line-flood: it sent a message of more than 8 MB",
        "many-lines-flood: it sent more than 64 MB",
        "bad-schema.echo is not used",
        "no-result: echo: what it sends does not fit the protocol",
    ):
        assert said in named
    assert "leaves-children" not in named
    answers = {block["tool_use_id"]: block.get("is_error") for block in asked["messages"][4]["content"]}
    assert list(answers.values()).count(True) == 5
    assert running() == []
    assert list((action.folder / "temp").iterdir()) == []


def test_a_cancelled_job_does_not_wait_for_calls_that_hang(action: Action) -> None:
    """Actions kills what is left after ten seconds, and its work would be lost."""
    configuration = declared(action, "hangs", "leaves-children")
    turns = (turn("read", path="calc.py"), EDIT, echoes("leaves-children"), echoes("hangs", "hangs"))
    with (
        ScriptedModel(script(*turns)) as model,
        started(action, model, configuration) as process,
    ):
        until(lambda: len(model.requests) == 5 and f"sleep {SLEEP}" in running())
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        took = time.monotonic() - began
    assert process.returncode == 1, out + err
    assert took < 7.5
    assert "stopped on GitHub" in action.result().error
    assert [(file.path, file.data) for file in action.result().change_set.files] == CHANGED
    assert running() == []


def test_a_job_that_is_killed_leaves_no_server(action: Action) -> None:
    with (
        ScriptedModel(script(turn("read", path="calc.py"), echoes("hangs"))) as model,
        started(action, model, declared(action, "hangs")) as process,
    ):
        until(lambda: len(model.requests) == 3 and any(MARK in line for line in running()))
        process.kill()
        process.wait()
        until(lambda: running() == [], 10)
