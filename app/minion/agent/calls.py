"""Running the tool calls of one turn: reads at the same time, writes in order, every id answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from jsonschema import Draft202012Validator

from minion.ports.model import Block
from minion.tools.base import Tool, ToolResult, ToolSchema

PARALLEL = 8
BROKEN_INPUT = "INVALID_JSON"
"""The key under which the model adapter keeps a tool input that was no JSON object."""


@dataclass(frozen=True)
class Malformed:
    """The arguments do not fit the tool's schema; the text is for the model."""

    text: str


def checked(schema: ToolSchema, arguments: Mapping[str, Any]) -> Malformed | None:
    """None when the arguments fit."""
    if set(arguments) == {BROKEN_INPUT}:
        return Malformed(f"The input of {schema.name} is no JSON object: {str(arguments[BROKEN_INPUT])[:200]!r}")
    validator = Draft202012Validator(schema.input_schema)
    errors = sorted(validator.iter_errors(dict(arguments)), key=lambda error: list(map(str, error.absolute_path)))
    if not errors:
        return None
    lines = [f"- {'.'.join(map(str, error.absolute_path)) or 'input'}: {error.message}" for error in errors[:5]]
    return Malformed(f"The input of {schema.name} does not fit its schema:\n" + "\n".join(lines))


@dataclass(frozen=True)
class Ready:
    """A call that may run."""

    block: Block
    tool: Tool


def in_batches(calls: Sequence[Ready]) -> list[list[Ready]]:
    """Neighbouring reads share a batch; each write is one of its own."""
    batches: list[list[Ready]] = []
    for writes, group in groupby(calls, key=lambda call: call.tool.writes):
        together = list(group)
        batches += [[call] for call in together] if writes else [together]
    return batches


def run_batch(batch: Sequence[Ready], stopped: Callable[[], str | None]) -> list[ToolResult]:
    """Results in the order of the calls. A batch of one runs in this thread."""
    if stopped():
        return [ToolResult("Not run: the task was cancelled.", error=True) for _ in batch]
    if len(batch) == 1:
        return [batch[0].tool.call(batch[0].block["input"])]
    with ThreadPoolExecutor(min(PARALLEL, len(batch)), thread_name_prefix="tool") as pool:
        return list(pool.map(lambda call: call.tool.call(call.block["input"]), batch))


def answer(block: Block, result: ToolResult) -> Block:
    """The `tool_result` block; empty content would be refused in places, so it says that it is empty."""
    answered: Block = {"type": "tool_result", "tool_use_id": block["id"], "content": result.content or "(empty)"}
    if result.error:
        answered["is_error"] = True
    return answered
