"""The append-only history of a session, and the cache breakpoints on the copy that is sent.

History is stored raw and resent verbatim: current models bind thinking blocks to the conversation before them, so any
change of an earlier message can be a 400 (https://platform.claude.com/docs/en/models/opus-5-5/migration-guide).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from minion.domain.receipt import Tokens
from minion.ports.model import Block

Message = Mapping[str, Any]

MARK = {"type": "ephemeral"}
_UNMARKABLE = frozenset({"thinking", "redacted_thinking"})

Position = tuple[int, int]


class Transcript:
    def __init__(self, first_turn: Sequence[Block]) -> None:
        self._messages: list[dict[str, Any]] = [{"role": "user", "content": list(first_turn)}]
        self._unsent = _size(first_turn)

    def user(self, blocks: Sequence[Block]) -> None:
        """Appends a user message; after another user message its blocks join that one, as roles alternate."""
        if self._messages[-1]["role"] == "user":
            self._messages[-1] = {"role": "user", "content": [*self._messages[-1]["content"], *blocks]}
        else:
            self._messages.append({"role": "user", "content": list(blocks)})
        self._unsent += _size(blocks)

    def assistant(self, content: Sequence[Block]) -> None:
        self._messages.append({"role": "assistant", "content": list(content)})
        self._unsent = 0

    @property
    def unsent_bytes(self) -> int:
        """Size of what was added since the last answer: what the last usage says nothing about yet."""
        return self._unsent

    @property
    def ends_with_user(self) -> bool:
        return bool(self._messages[-1]["role"] == "user")

    def for_request(self) -> list[dict[str, Any]]:
        """A view with at most three breakpoints: the first user turn, the tail, and the tail of the request before.

        That last one is an entry of the cache for certain, however many blocks one turn of parallel calls has added
        since: a breakpoint alone looks back over 20 blocks only
        (https://docs.claude.com/en/docs/build-with-claude/prompt-caching).
        """
        places: dict[int, set[int]] = {}
        for index, place in _breakpoints(self._messages):
            places.setdefault(index, set()).add(place)
        return [
            {**message, "content": _marked(message["content"], places[index])} if index in places else message
            for index, message in enumerate(self._messages)
        ]


def system_block(text: str, *, marked: bool) -> Block:
    """With a breakpoint where the prefix up to here is long enough to be kept: sessions of one node share it."""
    return {"type": "text", "text": text, **({"cache_control": MARK} if marked else {})}


def cache_alarm(tokens: Tokens, least_cacheable: int, *, warm: bool) -> str | None:
    """What is wrong with the cache: nothing comes out of it after something went in, or nothing goes in at all though
    the prompt is twice as long as it has to be."""
    if warm and tokens.cache_read == 0:
        return "nothing was read from the prompt cache"
    if tokens.cached == 0 and tokens.input >= 2 * least_cacheable:
        return f"nothing of a prompt of {tokens.input} tokens went into the prompt cache"
    return None


def _breakpoints(messages: Sequence[Message]) -> set[Position]:
    last_answer = max((index for index, message in enumerate(messages) if message["role"] == "assistant"), default=0)
    ends = (1, last_answer, len(messages))
    return {found for end in ends if (found := _last_markable(messages, end)) is not None}


def _last_markable(messages: Sequence[Message], end: int) -> Position | None:
    for index in range(end - 1, -1, -1):
        content = messages[index]["content"]
        for place in range(len(content) - 1, -1, -1):
            if content[place]["type"] not in _UNMARKABLE:
                return index, place
    return None


def _marked(content: Sequence[Block], places: set[int]) -> list[Block]:
    return [{**block, "cache_control": MARK} if place in places else block for place, block in enumerate(content)]


def _size(blocks: Sequence[Block]) -> int:
    return len(json.dumps(list(blocks), ensure_ascii=False).encode())
