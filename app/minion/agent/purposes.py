"""What the tokens of a session went for: the blocks that were really sent, scaled to what was billed.

A prompt is the tools, the system text and the messages, in this order; what is read from the cache is its beginning,
what is written to it comes next, the rest is new
(https://docs.claude.com/en/docs/build-with-claude/prompt-caching). Blocks share the tokens of a prompt by their size in
bytes, so the sums are exact and the parts are estimates. What failed attempts and compactions cost is told apart, in
proportion.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import accumulate
from typing import Any, TypeAlias

from minion.agent.prices import Price, Rates
from minion.domain.receipt import Spending, Tokens
from minion.ports.model import Block, Model, ModelRequest, ModelTurn

SYSTEM = "system and tools"
RULES = "rules"
TASK = "task"
NOTES = "notes to the model"
EARLIER = "its own earlier turns"
ANSWERS = "answers"
AGAIN = "retries and compaction"

Part: TypeAlias = tuple[str, int]
"""(purpose, bytes), in the order of the prompt."""

_CLASSES = ("cache_read", "cache_write_1h", "cache_write_5m", "input")


@dataclass
class Accounted:
    """A model whose calls are accounted for: one for each session. Implements `ports.model.Model`."""

    model: Model
    price: Price | None
    beside: Callable[[], None] | None = None
    """Done once, in the background, while the first answer is waited for; `then` when it has come."""
    then: Callable[[], None] | None = None
    spent_on: dict[str, Spending] = field(default_factory=dict)
    _parts: list[list[Part]] = field(default_factory=list)
    _names: dict[str, str] = field(default_factory=dict)

    def complete(self, request: ModelRequest, on_text: Callable[[str], None] | None = None) -> ModelTurn:
        first = not self._parts
        if first:
            _in_background(self.beside)
        turn = self.model.complete(request, on_text)
        if first:
            _in_background(self.then)
        self._read(request.messages)
        head = (SYSTEM, _size([*request.tools, *request.system]))
        self._add(shares([head, *(part for parts in self._parts for part in parts)], turn, self.price))
        return turn

    def _read(self, messages: Sequence[Mapping[str, Any]]) -> None:
        """The history only grows, and its last message may have grown since: the others are known."""
        del self._parts[max(0, len(self._parts) - 1) :]
        for index in range(len(self._parts), len(messages)):
            message = messages[index]
            if any(block["type"] == "compaction" for block in message["content"]):
                self._parts = [[] for _ in range(index)]  # the API reads nothing that stands before it
            if message["role"] == "assistant":
                self._parts.append([(EARLIER, _size(message["content"]))])
                self._names |= {b["id"]: b["name"] for b in message["content"] if b["type"] == "tool_use"}
            else:
                self._parts.append(list(self._said(message["content"], first=index == 0)))

    def _said(self, content: Sequence[Block], *, first: bool) -> Iterator[Part]:
        for block in content:
            match block["type"]:
                case "tool_result":
                    yield f"results of {self._names.get(block['tool_use_id'], '?')}", _size([block])
                case "text" if first:
                    yield from _opening(block["text"])
                    first = False
                case "text" if block["text"].startswith("<rule "):
                    yield RULES, _size([block])
                case _:
                    yield NOTES, _size([block])

    def _add(self, found: Mapping[str, Spending]) -> None:
        for purpose, spending in found.items():
            self.spent_on[purpose] = self.spent_on.get(purpose, Spending()) + spending


def _in_background(work: Callable[[], None] | None) -> None:
    if work is not None:
        threading.Thread(target=work, name="beside", daemon=True).start()


def shares(parts: Sequence[Part], turn: ModelTurn, price: Price | None) -> dict[str, Spending]:
    """The tokens of one call by purpose; together they are what was billed."""
    billed = turn.tokens
    again = max(0, billed.total - turn.context_tokens) if turn.context_tokens else 0
    extra, own = _parted(billed, again)
    by_purpose = {**_prompt(parts, own), ANSWERS: Tokens(output=own.output)}
    if extra.total:
        by_purpose[AGAIN] = extra
    rates = price.rates_for(billed.total - billed.output) if price else None
    return {name: Spending(tokens=tokens, usd=_usd(tokens, rates)) for name, tokens in by_purpose.items()}


def _usd(tokens: Tokens, rates: Rates | None) -> Decimal:
    return rates.cost(tokens) if rates else Decimal(0)


def _parted(billed: Tokens, extra: int) -> tuple[Tokens, Tokens]:
    """`extra` of the tokens, in the proportions of all; and the rest."""
    if not extra:
        return Tokens(), billed
    counts = billed.model_dump()
    taken = {name: count * extra // billed.total for name, count in counts.items()}
    return Tokens(**taken), Tokens(**{name: counts[name] - taken[name] for name in counts})


def _prompt(parts: Sequence[Part], tokens: Tokens) -> dict[str, Tokens]:
    """Cuts the prompt's tokens at the parts' ends; which class they are of depends on where they stand."""
    counts = tokens.model_dump()
    whole = sum(counts[name] for name in _CLASSES)
    size = max(1, sum(size for _, size in parts))
    ends = [whole * end // size for end in accumulate(size for _, size in parts)]
    found: dict[str, dict[str, int]] = {}
    begin = 0
    for (purpose, _), end in zip(parts, ends, strict=True):
        _take(begin, end, counts, found.setdefault(purpose, dict.fromkeys(_CLASSES, 0)))
        begin = end
    return {purpose: Tokens(**taken) for purpose, taken in found.items()}


def _take(begin: int, end: int, counts: Mapping[str, int], taken: dict[str, int]) -> None:
    """Adds the classes of the prompt's tokens from `begin` to `end`."""
    at = 0
    for name in _CLASSES:
        taken[name] += max(0, min(end, at + counts[name]) - max(begin, at))
        at += counts[name]


def _opening(text: str) -> Iterator[Part]:
    """The first turn: our own words, with the rules of the repository between two marks."""
    before, mark, rest = text.partition("\n\n<rules>\n")
    rules, _, after = rest.partition("\n</rules>")
    yield TASK, len(before.encode())
    if mark:
        yield RULES, len(rules.encode())
        yield TASK, len(after.encode())


def _size(blocks: Sequence[Block]) -> int:
    return len(json.dumps(list(blocks), ensure_ascii=False).encode())
