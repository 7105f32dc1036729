"""Requests as anybody could send them: plain HTTP, no SDK."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from minion.scripted import Script, ScriptedModel

HEADERS = {"x-api-key": "key", "anthropic-version": "2023-06-01"}
TOOL = {"name": "look", "description": "Looks.", "input_schema": {"type": "object"}}


@dataclass
class Wire:
    model: ScriptedModel
    http: httpx2.Client

    def ask(
        self, messages: list[Any] | None = None, headers: dict[str, str] | None = None, **fields: Any
    ) -> httpx2.Response:
        body = {"model": "claude-sonnet-5-5", "max_tokens": 1000, "messages": messages or [user("go")], **fields}
        body = {key: value for key, value in body.items() if value is not None}
        return self.http.post("/v1/messages", json=body, headers=HEADERS if headers is None else headers)

    def events(self, messages: list[Any] | None = None, **fields: Any) -> list[dict[str, Any]]:
        answer = self.ask(messages, stream=True, **fields)
        assert answer.headers["content-type"].startswith("text/event-stream")
        return [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: ")]


def user(*parts: Any) -> dict[str, Any]:
    blocks = [{"type": "text", "text": part} if isinstance(part, str) else part for part in parts]
    return {"role": "user", "content": blocks}


def result(of: dict[str, Any], text: str = "ok") -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": of["id"], "content": text}


@pytest.fixture
def wire() -> Iterator[Callable[..., Wire]]:
    """`wire(turn, ...)` or `wire(script, api_key=...)`."""
    stack = ExitStack()

    def open_wire(*turns: Any, **options: Any) -> Wire:
        script = turns[0] if turns and isinstance(turns[0], Script) else Script.playing(*(turns or [{"text": "hi"}]))
        model = stack.enter_context(ScriptedModel(script, **options))
        return Wire(model, stack.enter_context(httpx2.Client(base_url=model.url)))

    with stack:
        yield open_wire
