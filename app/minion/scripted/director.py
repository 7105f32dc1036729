"""Which conversation a request belongs to, and what its next turn is."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from minion.scripted.prompt import blocks_of
from minion.scripted.script import Conversation, Fault, Match, Script, Turn

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Cue:
    """The turn to play. `fault` replaces it; `cut_after` breaks its stream after so many bytes."""

    conversation: str
    index: int
    turn: Turn
    fault: Fault | None = None
    cut_after: int | None = None


@dataclass(frozen=True)
class NoCue:
    """The script has nothing for the request; the message says why."""

    reason: str


@dataclass
class Director:
    script: Script
    _played: Counter[tuple[str, int, str]] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def cue(self, request: Json) -> Cue | NoCue:
        conversation = next((c for c in self.script.conversations if _fits(c.match, request)), None)
        if conversation is None:
            return NoCue("No conversation of the script fits this request.")
        index = sum(1 for message in request["messages"] if message["role"] == "assistant")
        turn = conversation.turn(index)
        if turn is None:
            return NoCue(f"The script's conversation {conversation.name!r} has no turn {index}.")
        if request["messages"][-1]["role"] == "assistant" and not _resumable(conversation, index):
            return NoCue(
                "This model does not support assistant message prefill. The conversation must end with a user message."
            )
        return self._with_faults(conversation.name, index, turn)

    def _with_faults(self, name: str, index: int, turn: Turn) -> Cue:
        for number, fault in enumerate(turn.errors):
            if self._first(name, index, f"error{number}", fault.times):
                return Cue(name, index, turn, fault=fault)
        cut = turn.cut_after_bytes is not None and self._first(name, index, "cut", turn.cut_times)
        return Cue(name, index, turn, cut_after=turn.cut_after_bytes if cut else None)

    def _first(self, name: str, index: int, kind: str, times: int) -> bool:
        with self._lock:
            self._played[name, index, kind] += 1
            return self._played[name, index, kind] <= times


def _fits(match: Match, request: Json) -> bool:
    offered = {tool.get("name") for tool in request.get("tools") or ()}
    text = _opening(request)
    return (
        offered.issuperset(match.tool)
        and all(part in text for part in match.contains)
        and not any(part in text for part in match.lacks)
        and (not match.served or all(part in _served(request) for part in match.served))
        and match.model in {None, request["model"]}
    )


def _opening(request: Json) -> str:
    blocks = [*blocks_of(request.get("system")), *blocks_of(request["messages"][0].get("content"))]
    return "\n".join(str(block.get("text", "")) for block in blocks)


def _served(request: Json) -> str:
    """What tools have answered; a result's content is a string or a list of blocks."""
    blocks = [block for message in request["messages"] for block in blocks_of(message.get("content"))]
    results = [blocks_of(block.get("content")) for block in blocks if block.get("type") == "tool_result"]
    return "\n".join(str(block.get("text", "")) for result in results for block in result)


def _resumable(conversation: Conversation, index: int) -> bool:
    """A history may end with an assistant turn only to go on after a pause."""
    before = conversation.turn(index - 1) if index else None
    return before is not None and before.reason in {"pause_turn", "compaction"}
