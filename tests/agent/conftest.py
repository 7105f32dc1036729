"""A session against the scripted model over real HTTP, with small tools that remember what they were asked."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from minion.adapters.anthropic_model import AnthropicModel, Credential
from minion.agent.budget import Budget, Limits
from minion.agent.finish import Finish
from minion.agent.loop import run_agent
from minion.agent.prices import price_table
from minion.agent.prompts import SYSTEM
from minion.agent.run import AgentReport, AgentRun
from minion.domain.secret import Secret
from minion.scripted import Script, ScriptedModel
from minion.tools.base import Json, ToolResult, ToolSchema

MODEL = "claude-sonnet-5-5"
TABLE = price_table()


@dataclass
class NoteTool:
    """Answers every call with what `reply` makes of it, and keeps the calls with their begin and end."""

    name: str
    writes: bool = False
    reply: Callable[[Json], str] = lambda arguments: f"did {arguments['what']}"
    seconds: float = 0.0
    together: threading.Barrier | None = None
    calls: list[Json] = field(default_factory=list)
    error: bool = False

    @property
    def schema(self) -> ToolSchema:
        properties = {"what": {"type": "string"}}
        shape = {"type": "object", "properties": properties, "required": ["what"], "additionalProperties": False}
        return ToolSchema(self.name, f"Does {self.name}.", shape)

    def call(self, arguments: Json) -> ToolResult:
        self.calls.append(arguments)
        if self.together is not None:
            self.together.wait(5)
        return ToolResult(self.reply(arguments), error=self.error, paths=(arguments["what"],))


def finish(**changes: Any) -> dict[str, Any]:
    arguments = {"status": "done", "summary": "did it", "verified_how": "tests", "confidence": "high"}
    return {"name": "finish", "input": {**arguments, "risks": [], "open_questions": [], **changes}}


def look(what: str, tool: str = "look") -> dict[str, Any]:
    return {"name": tool, "input": {"what": what}}


@dataclass
class Stage:
    """A running scripted model, and sessions played on it."""

    model: ScriptedModel
    client: AnthropicModel
    events: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)

    def play(self, *tools: Any, limits: Limits | None = None, **changes: Any) -> AgentReport:
        facts = TABLE.facts(changes.pop("model_id", MODEL))
        price = next(iter(facts.prices), None)
        run = AgentRun(
            model=self.client,
            facts=facts,
            system=SYSTEM,
            opening="<goal>Mend it.</goal>",
            tools=tools or [NoteTool("look")],
            ending=Finish(),
            budget=Budget(limits or Limits(turns=60, usd=Decimal(5)), price, time.monotonic),
            emit=lambda kind, text, data: self.events.append((kind, text, data)),
            effort="high",
        )
        return run_agent(replace(run, **changes))

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [request["body"] for request in self.model.requests]

    def results(self, request: int) -> list[dict[str, Any]]:
        """The tool results in the last message of a request."""
        return [block for block in self.bodies[request]["messages"][-1]["content"] if block["type"] == "tool_result"]

    def said(self, request: int) -> str:
        """The text blocks in the last message of a request."""
        content = self.bodies[request]["messages"][-1]["content"]
        return "\n".join(block["text"] for block in content if block["type"] == "text")

    def kinds(self, kind: str) -> list[dict[str, Any]]:
        return [data for found, _, data in self.events if found == kind]


@contextmanager
def staged(script: Script) -> Iterator[Stage]:
    with ScriptedModel(script, api_key="key") as model:
        slept: list[float] = []
        client = AnthropicModel(model.url, Credential(Secret("key")), sleep=slept.append)
        opened = Stage(model, client, slept=slept)
        try:
            yield opened
        finally:
            client.close()
        only_grows(opened.bodies)


def only_grows(bodies: Sequence[Mapping[str, Any]]) -> None:
    """Each request of a session begins with what the request before it sent; the same system and tools go before it."""
    for before, after in pairwise(bodies):
        *earlier, last = _bare(before["messages"])
        now = _bare(after["messages"])
        if len(now) == 1:
            continue  # another session begins
        assert (after["system"], after["tools"]) == (before["system"], before["tools"])
        assert now[: len(earlier)] == earlier
        assert now[len(earlier)]["role"] == last["role"]
        assert now[len(earlier)]["content"][: len(last["content"])] == last["content"]


def _bare(messages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Without the breakpoints, which move."""
    return [
        {
            "role": message["role"],
            "content": [{k: v for k, v in block.items() if k != "cache_control"} for block in content],
        }
        for message in messages
        for content in [message["content"]]
    ]


@pytest.fixture
def stage() -> Iterator[Callable[..., Stage]]:
    """`stage(turn, turn, ...)` plays these turns; `stage(script)` a whole script."""
    opened = []

    def open_stage(*turns: Any) -> Stage:
        script = turns[0] if turns and isinstance(turns[0], Script) else Script.playing(*turns)
        context = staged(script)
        opened.append(context)
        return context.__enter__()

    yield open_stage
    for context in opened:
        context.__exit__(None, None, None)
