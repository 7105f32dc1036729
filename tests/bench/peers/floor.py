"""The floor: an agent of the standard library alone. `python floor.py URL GOAL`, in the folder to work in.

It has no box, no guard, no retry, no budget, no trace: what any client has to do at least, and nothing else.
"""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

Json = dict[str, Any]
HEADERS = {"content-type": "application/json", "x-api-key": "sk-bench", "anthropic-version": "2023-06-01"}
MARK = {"cache_control": {"type": "ephemeral"}}
SYSTEM = [{"type": "text", "text": "You mend a project with your tools. Say what you did when its tests pass.", **MARK}]


def _tool(name: str, **properties: str) -> Json:
    schema = {"type": "object", "properties": {key: {"type": kind} for key, kind in properties.items()}}
    return {"name": name, "description": name, "input_schema": {**schema, "required": list(properties)}}


TOOLS = [
    _tool("shell", command="string"),
    _tool("read", path="string", first="integer", last="integer"),
    _tool("edit", path="string", old="string", new="string"),
]


def play(url: str, goal: str) -> None:
    """Until the model calls no tool."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
    messages: list[Json] = [{"role": "user", "content": [{"type": "text", "text": goal}]}]
    while True:
        content = _ask(connection, f"{parts.path}/v1/messages", messages)
        calls = [block for block in content if block["type"] == "tool_use"]
        if not calls:
            return
        results = [{"type": "tool_result", "tool_use_id": call["id"], "content": _carry_out(call)} for call in calls]
        messages += [{"role": "assistant", "content": content}, {"role": "user", "content": results}]


def _ask(connection: http.client.HTTPConnection, path: str, messages: list[Json]) -> list[Json]:
    *before, last = messages
    *blocks, tail = last["content"]
    marked = [*before, {**last, "content": [*blocks, {**tail, **MARK}]}]
    body = {"model": "claude-sonnet-5-5", "max_tokens": 4096, "system": SYSTEM, "tools": TOOLS, "messages": marked}
    connection.request("POST", path, json.dumps(body), HEADERS)
    answer = connection.getresponse()
    document = json.loads(answer.read())
    if answer.status != 200:
        raise SystemExit(f"answered {answer.status}: {document}")
    content: list[Json] = document["content"]
    return content


def _carry_out(call: Json) -> str:
    said = call["input"]
    match call["name"]:
        case "shell":
            argv = ["/bin/bash", "-c", said["command"]]
            done = subprocess.run(argv, capture_output=True, text=True, check=False)
            return f"exit {done.returncode}\n{done.stdout}{done.stderr}"
        case "read":
            with Path(said["path"]).open() as lines:
                return "".join(islice(lines, said["first"] - 1, said["last"]))
        case _:
            path = Path(said["path"])
            path.write_text(path.read_text().replace(said["old"], said["new"], 1))
            return "edited"


if __name__ == "__main__":
    play(sys.argv[1], sys.argv[2])
