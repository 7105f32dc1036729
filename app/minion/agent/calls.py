"""Running the tool calls of one turn: reads at the same time, writes in order, every id answered."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from jsonschema import Draft202012Validator

from minion.agent.nearest import nearest_call
from minion.ports.model import Block
from minion.tools.base import Tool, ToolResult, ToolSchema

PARALLEL = 8
LONGEST_EXAMPLE = 2_000
BROKEN_INPUT = "INVALID_JSON"
"""The key under which the model adapter keeps a tool input that was no JSON object."""


@dataclass(frozen=True)
class Malformed:
    """The arguments do not fit the tool's schema; the text is for the model."""

    text: str


def checked(schema: ToolSchema, arguments: Mapping[str, Any]) -> Malformed | None:
    """None when the arguments fit. The answer says what does not, and shows a call that would."""
    if set(arguments) == {BROKEN_INPUT}:
        said = f"The input of {schema.name} is no JSON object: {str(arguments[BROKEN_INPUT])[:200]!r}"
        return Malformed(said + _shown(schema, {}))
    validator = Draft202012Validator(schema.input_schema)
    errors = sorted(validator.iter_errors(dict(arguments)), key=lambda error: list(map(str, error.absolute_path)))
    if not errors:
        return None
    lines = [f"- {'.'.join(map(str, error.absolute_path)) or 'input'}: {error.message[:500]}" for error in errors[:5]]
    said = f"The input of {schema.name} does not fit its schema:\n" + "\n".join(lines)
    return Malformed(said + _shown(schema, arguments))


def _shown(schema: ToolSchema, arguments: Mapping[str, Any]) -> str:
    """The nearest valid call; where none can be told, the tool's own example."""
    near = nearest_call(schema.input_schema, arguments)
    if near is not None:
        text = json.dumps(near, ensure_ascii=False)
        return f"\nThe nearest valid input: {text}" if len(text) <= LONGEST_EXAMPLE else ""
    example = next(iter(schema.input_examples), None)
    return "" if example is None else f"\nAn input that is valid: {json.dumps(dict(example), ensure_ascii=False)}"


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
    pool = ThreadPoolExecutor(min(PARALLEL, len(batch)), thread_name_prefix="tool")
    try:
        return list(pool.map(lambda call: call.tool.call(call.block["input"]), batch))
    finally:  # whoever interrupts does not wait for calls that hang: the node's end takes away what they wait for
        pool.shutdown(wait=False, cancel_futures=True)


def answer(block: Block, result: ToolResult) -> Block:
    """The `tool_result` block; empty content would be refused in places, so it says that it is empty."""
    answered: Block = {"type": "tool_result", "tool_use_id": block["id"], "content": result.content or "(empty)"}
    if result.error:
        answered["is_error"] = True
    return answered
