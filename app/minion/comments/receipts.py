"""What it cost."""

from __future__ import annotations

from decimal import Decimal

from minion.comments.voice import folded
from minion.domain.receipt import Receipt, ReceiptLine, Tokens
from minion.tasks.outgoing import one_line

_HEAD = "| Round | Node | Outcome | Model | Turns | Tokens in | of these cached | Tokens out | Cost | Time |"
_RULE = "|--:|---|---|---|--:|--:|--:|--:|--:|--:|"


def receipt(costs: Receipt) -> str:
    """A folded table: one line for each visit of a node, and the sum."""
    if not costs.lines:
        return ""
    rows = [_row(line) for line in costs.lines]
    total = _cells(costs.tokens, costs.usd, costs.seconds)
    rows.append(f"| | **Total** | | | {costs.turns} | {total}")
    summary = f"Receipt: {dollars(costs.usd)}, {costs.turns} turns, {duration(costs.seconds)} of runner time"
    return folded(summary, "\n".join([_HEAD, _RULE, *rows]))


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
