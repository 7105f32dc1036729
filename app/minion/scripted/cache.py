"""Prompt caching, simulated: which part of a prompt is read from the cache, written to it, or neither.

Rules from https://docs.claude.com/en/docs/build-with-claude/prompt-caching: entries are written at breakpoints only; a
breakpoint looks back over at most 20 blocks for an entry; prefixes shorter than the model's minimum are not cached; an
entry lives five minutes or an hour from its last use. A token is four bytes here.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from minion.scripted.prompt import PromptBlock

LOOK_BACK = 20
LIFETIME_S = {"5m": 300.0, "1h": 3600.0}


@dataclass(frozen=True)
class InputTokens:
    fresh: int
    read: int
    written_5m: int
    written_1h: int

    def usage(self) -> dict[str, object]:
        return {
            "input_tokens": self.fresh,
            "cache_read_input_tokens": self.read,
            "cache_creation_input_tokens": self.written_5m + self.written_1h,
            "cache_creation": {
                "ephemeral_5m_input_tokens": self.written_5m,
                "ephemeral_1h_input_tokens": self.written_1h,
            },
        }


@dataclass
class PromptCache:
    minimum: int
    now: Callable[[], float]
    _entries: dict[str, float] = field(default_factory=dict)  # prefix hash -> when it dies
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def account(self, flat: Sequence[PromptBlock]) -> InputTokens:
        sizes = _cumulative_tokens(flat)
        total = sizes[-1] if sizes else 0
        marks = [index for index, block in enumerate(flat) if block.cache_ttl and sizes[index] >= self.minimum]
        with self._lock:
            hit = self._longest_hit(flat, marks)
            read = sizes[hit] if hit is not None else 0
            written = {"5m": 0, "1h": 0}
            reached = read
            for mark in marks:
                ttl = "1h" if flat[mark].cache_ttl == "1h" else "5m"
                self._entries[flat[mark].prefix] = self.now() + LIFETIME_S[ttl]
                written[ttl] += max(0, sizes[mark] - reached)
                reached = max(reached, sizes[mark])
        return InputTokens(total - reached, read, written["5m"], written["1h"])

    def _longest_hit(self, flat: Sequence[PromptBlock], marks: Sequence[int]) -> int | None:
        for mark in reversed(marks):
            for index in range(mark, max(-1, mark - LOOK_BACK), -1):
                if self._entries.get(flat[index].prefix, 0.0) > self.now():
                    return index
        return None


def _cumulative_tokens(flat: Sequence[PromptBlock]) -> list[int]:
    sizes: list[int] = []
    size = 0
    for block in flat:
        size += block.bytes
        sizes.append(size // 4)
    return sizes
