"""A turn of the script as content blocks, with ids and signatures bound to the conversation that they answer."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from minion.scripted.prompt import blocks_of, message_prefixes
from minion.scripted.script import Call, Turn

Json = Mapping[str, Any]

_OURS = re.compile(r"^toolu_script_[0-9a-f]{24}$")


@dataclass(frozen=True)
class Block:
    """`raw_input` is the JSON text of a tool call's input as streamed; it may be broken on purpose."""

    content: dict[str, Any]
    raw_input: str = ""


@dataclass(frozen=True)
class Answer:
    id: str
    model: str
    blocks: tuple[Block, ...]
    stop_reason: str
    stop_details: Json | None
    usage: dict[str, Any]


def _short(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def signature(prefix: str, thinking: str) -> str:
    """Thinking is bound to its text and to the conversation before it: neither may change afterwards."""
    return "sig_" + _short("thinking", prefix, thinking)


def call_id(prefix: str, index: int) -> str:
    return "toolu_script_" + _short("call", prefix, str(index))[:24]


def blocks_for(turn: Turn, prefix: str) -> tuple[Block, ...]:
    found: list[Block] = []
    if turn.compaction is not None:
        found.append(Block({"type": "compaction", "content": turn.compaction}))
    if turn.thinking:
        thinking = {"type": "thinking", "thinking": turn.thinking, "signature": signature(prefix, turn.thinking)}
        found.append(Block(thinking))
    if turn.text:
        found.append(Block({"type": "text", "text": turn.text}))
    found += [_call(call, prefix, index) for index, call in enumerate(turn.calls)]
    return tuple(found)


def _call(call: Call, prefix: str, index: int) -> Block:
    block = {"type": "tool_use", "id": call_id(prefix, index), "name": call.name, "input": dict(call.input)}
    raw = json.dumps(call.input, ensure_ascii=False) if call.malformed_input is None else call.malformed_input
    return Block(block, raw)


def output_tokens(blocks: Sequence[Block]) -> int:
    text = "".join(json.dumps(block.content, ensure_ascii=False) for block in blocks)
    return max(1, len(text.encode()) // 4)


def cut(blocks: Sequence[Block]) -> tuple[Block, ...]:
    """What arrives of an answer that runs into `max_tokens`: the last block, half of it."""
    if not blocks:
        return ()
    *whole, last = blocks
    content = dict(last.content)
    if content["type"] == "text":
        content["text"] = content["text"][: len(content["text"]) // 2] or "."
        return (*whole, Block(content))
    return (*whole, Block(content, last.raw_input[: len(last.raw_input) // 2]))


def broken_binding(request: Json) -> str | None:
    """The first block of the history that does not belong where it stands, or None.

    Thinking blocks are bound to model and conversation
    (https://platform.claude.com/docs/en/models/opus-5-5/migration-guide). Ids of our own tool calls are checked in the
    same way, which shows any rewriting of an append-only history, of `system` and of `tools` included.
    """
    prefixes = message_prefixes(request)
    for index, message in enumerate(request["messages"]):
        problem = _unbound(blocks_of(message["content"]), prefixes[index]) if message["role"] == "assistant" else None
        if problem:
            return f"messages.{index}.content.{problem}"
    return None


def _unbound(content: Sequence[Json], prefix: str) -> str | None:
    calls = 0
    for position, block in enumerate(content):
        if block["type"] == "thinking" and block["signature"] != signature(prefix, block["thinking"]):
            return f"{position}: Invalid `signature` in `thinking` block"
        if block["type"] == "tool_use":
            if _OURS.match(block["id"]) and block["id"] != call_id(prefix, calls):
                return f"{position}: the conversation before this `tool_use` block was changed after it was made"
            calls += 1
    return None
