"""What it cost, and what the tokens went for."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final, TypeVar

from minion.comments.voice import folded, paragraphs
from minion.domain.receipt import Receipt, ReceiptLine, Spending, Tokens
from minion.tasks.outgoing import one_line

_Key = TypeVar("_Key")
_HEAD = "| Round | Node | Outcome | Model | Turns | Tokens in | of these cached | Tokens out | Cost | Time |"
_RULE = "|--:|---|---|---|--:|--:|--:|--:|--:|--:|"
_CLASSES = "Input | Cache read | Cache write, 5 min | Cache write, 1 h | Output | Cost |"
_CLASSES_RULE = "--:|--:|--:|--:|--:|--:|"
_MOST: Final = 12
"""Rows of a table: a runner may name as many as it likes."""


def receipt(costs: Receipt) -> str:
    """A folded table: one line for each visit of a node, and the sum."""
    if not costs.lines:
        return ""
    rows = [_row(line) for line in costs.lines]
    total = _cells(costs.tokens, costs.usd, costs.seconds)
    rows.append(f"| | **Total** | | | {costs.turns} | {total}")
    summary = f"Receipt: {dollars(costs.usd)}, {costs.turns} turns, {duration(costs.seconds)} of runner time"
    return folded(summary, "\n".join([_HEAD, _RULE, *rows]))


def spending(costs: Receipt) -> str:
    """Folded: every class of token by node and model, over all rounds, and by purpose, the dearest first. Empty where
    no model was asked."""
    if not costs.tokens.total:
        return ""
    nodes = [f"| {one_line(node, 60)} | {one_line(model, 60)} | {_classes(of)}" for (node, model), of in _asked(costs)]
    rows = ["| Node | Model | " + _CLASSES, "|---|---|" + _CLASSES_RULE, *nodes]
    rows.append(f"| **Total** | | {_classes(Spending(tokens=costs.tokens, usd=costs.usd))}")
    return folded("What the tokens went for", paragraphs(("\n".join(rows), _purposes(costs))).rstrip())


def _asked(costs: Receipt) -> list[tuple[tuple[str, str], Spending]]:
    found: dict[tuple[str, str], Spending] = {}
    for line in costs.lines:
        if line.tokens.total or line.usd:
            key = (line.node, line.model or "")
            found[key] = found.get(key, Spending()) + Spending(tokens=line.tokens, usd=line.usd)
    return list(_shown(list(found.items()), ("others", "")))


def _purposes(costs: Receipt) -> str:
    if not costs.spent_on:
        return ""
    rows = [f"| {one_line(purpose, 60)} | {_classes(of)}" for purpose, of in _shown(costs.purposes, "others")]
    note = "Sums are what was billed; each part's share is estimated by its size."
    return "\n".join([f"{note}\n", "| For | " + _CLASSES, "|---|" + _CLASSES_RULE, *rows])


def _shown(rows: list[tuple[_Key, Spending]], others: _Key) -> Iterator[tuple[_Key, Spending]]:
    yield from rows[:_MOST]
    if rows[_MOST:]:
        yield others, sum((of for _, of in rows[_MOST:]), Spending())


def _classes(of: Spending) -> str:
    counts = (of.tokens.input, of.tokens.cache_read, of.tokens.cache_write_5m, of.tokens.cache_write_1h)
    return " | ".join([*(f"{count:,}" for count in (*counts, of.tokens.output)), dollars(of.usd)]) + " |"


def dollars(usd: Decimal) -> str:
    """Two digits behind the point; small amounts keep four."""
    return f"${usd:.4f}" if 0 < usd < Decimal("0.10") else f"${usd:.2f}"


def duration(seconds: float) -> str:
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def _row(line: ReceiptLine) -> str:
    names = " | ".join(one_line(name, 60) for name in (line.node, line.outcome, line.model or ""))
    return f"| {line.round} | {names} | {line.turns} | {_cells(line.tokens, line.usd, line.seconds)}"


def _cells(tokens: Tokens, usd: Decimal, seconds: float) -> str:
    sent = tokens.total - tokens.output
    return f"{sent:,} | {tokens.cache_read:,} | {tokens.output:,} | {dollars(usd)} | {duration(seconds)} |"
