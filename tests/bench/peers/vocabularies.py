"""The same actions in each client's own tools."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.bench.peers.tasks import Action, Edit, Read, Shell

Turn = dict[str, Any]
Vocabulary = Callable[[Sequence[Action], Path], list[Turn]]
END = "The bug is mended, a test shows it, and all tests pass."


def call(name: str, **arguments: Any) -> Turn:
    return {"calls": [{"name": name, "input": arguments}]}


def spoken(step: Callable[[Action, Path], Turn], end: Turn | None = None) -> Vocabulary:
    """One turn an action; the last turn is text without a tool unless the client wants another end."""

    def turns(actions: Sequence[Action], folder: Path) -> list[Turn]:
        return [*(step(action, folder) for action in actions), end or {"text": END}]

    return turns


def floor(action: Action, _: Path) -> Turn:
    match action:
        case Shell(command):
            return call("shell", command=command)
        case Read(path, first, last):
            return call("read", path=path, first=first, last=last)
        case Edit(path, old, new):
            return call("edit", path=path, old=old, new=new)


def minion(action: Action, _: Path) -> Turn:
    match action:
        case Shell(command):
            return call("shell", command=command)
        case Read(path, first, last):
            return call("read", path=path, start=first, count=last - first + 1)
        case Edit(path, old, new):
            return call("edit", path=path, edits=[{"old": old, "new": new}])


def claude_code(action: Action, folder: Path) -> Turn:
    match action:
        case Shell(command):
            return call("Bash", command=command, description="Look at the project")
        case Read(path, first, last):
            return call("Read", file_path=str(folder / path), offset=first, limit=last - first + 1)
        case Edit(path, old, new):
            return call("Edit", file_path=str(folder / path), old_string=old, new_string=new)


def pi(action: Action, _: Path) -> Turn:
    match action:
        case Shell(command):
            return call("bash", command=command)
        case Read(path, first, last):
            return call("read", path=path, offset=first, limit=last - first + 1)
        case Edit(path, old, new):
            return call("edit", path=path, edits=[{"oldText": old, "newText": new}])


def opencode(action: Action, folder: Path) -> Turn:
    match action:
        case Shell(command):
            return call("bash", command=command, description="Look at the project")
        case Read(path, first, last):
            return call("read", filePath=str(folder / path), offset=first, limit=last - first + 1)
        case Edit(path, old, new):
            return call("edit", filePath=str(folder / path), oldString=old, newString=new)


def openhands(action: Action, folder: Path) -> Turn:
    match action:
        case Shell(command):
            return call("terminal", command=command, summary="look at the project", security_risk="LOW")
        case Read(path, first, last):
            view = {"command": "view", "path": str(folder / path), "view_range": [first, last]}
            return call("file_editor", **view, summary="read", security_risk="LOW")
        case Edit(path, old, new):
            change = {"command": "str_replace", "path": str(folder / path), "old_str": old, "new_str": new}
            return call("file_editor", **change, summary="edit", security_risk="LOW")


def mini(action: Action, _: Path) -> Turn:
    """It has a shell alone."""
    match action:
        case Shell(command):
            return call("bash", command=command)
        case Read(path, first, last):
            return call("bash", command=f"nl -ba {path} | sed -n '{first},{last}p'")
        case Edit(path, old, new):
            program = f"p = {path!r}; s = open(p).read(); open(p, 'w').write(s.replace({old!r}, {new!r}, 1))"
            return call("bash", command=f"python3 -c {shlex.quote(program)}")


MINI_END = call("bash", command="echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT")
OPENHANDS_END = call("finish", message=END, summary="done")
MINION_END = call(
    "finish",
    status="done",
    summary=END,
    verified_how="the tests",
    confidence="high",
    risks=[],
    open_questions=[],
)
