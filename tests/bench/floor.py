"""The floor of a step: a loop of the standard library alone against the same model, with no box, no guard, no trace."""

from __future__ import annotations

import http.client
import json
import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.bench.child import DidNotWork
from tests.bench.intervals import Interval

Json = dict[str, Any]
HEADERS = {"content-type": "application/json", "x-api-key": "sk-bench", "anthropic-version": "2023-06-01"}


def play(url: str, goal: str, folder: Path) -> list[Interval]:
    """Until the model calls `finish`; the times that its tools took."""
    parts = urlsplit(url)
    used: list[Interval] = []
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
    messages: list[Json] = [{"role": "user", "content": goal}]
    while True:
        content = _ask(connection, messages)
        calls = [block for block in content if block["type"] == "tool_use"]
        if not calls or calls[0]["name"] == "finish":
            connection.close()
            return used
        began = time.monotonic()
        said = [_result(block["id"], TOOLS[block["name"]](folder, block["input"])) for block in calls]
        used.append(Interval(began, time.monotonic() - began))
        messages += [{"role": "assistant", "content": content}, {"role": "user", "content": said}]


def _ask(connection: http.client.HTTPConnection, messages: list[Json]) -> list[Json]:
    body = {"model": "claude-sonnet-5-5", "max_tokens": 4096, "tools": SCHEMAS, "messages": messages}
    connection.request("POST", "/v1/messages", json.dumps(body), HEADERS)
    answer = connection.getresponse()
    document = json.loads(answer.read())
    if answer.status != 200:
        raise DidNotWork(f"the floor was answered {answer.status}: {document}")
    content: list[Json] = document["content"]
    return content


def _result(call: str, text: str) -> Json:
    return {"type": "tool_result", "tool_use_id": call, "content": text or "(empty)"}


def _read(folder: Path, said: Json) -> str:
    return (folder / str(said["path"])).read_text()


def _edit(folder: Path, said: Json) -> str:
    path = folder / said["path"]
    text = path.read_text()
    for change in said["edits"]:
        text = text.replace(change["old"], change["new"], 1)
    path.write_text(text)
    return "edited"


def _search(folder: Path, said: Json) -> str:
    wanted = re.compile(said["pattern"])
    lines = [line for path in sorted(folder.glob("*.py")) for line in path.read_text().splitlines()]
    return "\n".join(line for line in lines if wanted.search(line))


def _shell(folder: Path, said: Json) -> str:
    done = subprocess.run(["/bin/bash", "-c", said["command"]], cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


TOOLS: dict[str, Callable[[Path, Json], str]] = {"edit": _edit, "read": _read, "search": _search, "shell": _shell}
SCHEMAS = [
    {"name": name, "description": name, "input_schema": {"type": "object"}} for name in sorted({*TOOLS, "finish"})
]
