"""What a run cost, for people: by node and model with every class of token, and by what the tokens went for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from minion.domain.receipt import Receipt, ReceiptLine, Spending, Tokens

CLASSES = {
    "input": "input",
    "cache_write_5m": "write 5m",
    "cache_write_1h": "write 1h",
    "cache_read": "read",
    "output": "output",
}
_MOST = 3


def in_short(receipt: Receipt) -> str:
    """`results of read 41 %, system and tools 20 %, answers 18 %, other 21 %`: shares of the money; empty: no money."""
    found = receipt.purposes
    whole = sum((spending.usd for _, spending in found), Decimal(0))
    if not whole:
        return ""
    shown = [f"{purpose} {spending.usd / whole:.0%}" for purpose, spending in found[:_MOST]]
    rest = sum((spending.usd for _, spending in found[_MOST:]), Decimal(0))
    return ", ".join([*shown, *([f"other {rest / whole:.0%}"] if rest else [])])


def tables(receipt: Receipt) -> str:
    """Two tables of aligned text: the visits of nodes that asked a model, and the purposes."""
    heads = ["node", "outcome", "model", "turns", *CLASSES.values(), "usd", "s"]
    visits = [
        [line.node, line.outcome, line.model or "", str(line.turns), *_figures(line)]
        for line in receipt.lines
        if line.turns
    ]
    total = ["all", "", "", str(receipt.turns), *_figures(receipt)]
    purposes = [[name, *_counts(spent.tokens), _usd(spent.usd)] for name, spent in receipt.purposes]
    parts = ["\n".join(_aligned([heads, *visits, total], left=3))]
    if purposes:
        parts.append("\n".join(_aligned([["went for", *CLASSES.values(), "usd"], *purposes], left=1)))
    return "\n\n".join(parts)


def as_data(receipt: Receipt) -> dict[str, Any]:
    """`spent_on` as JSON, the dearest first."""
    return {name: _plain(spending) for name, spending in receipt.purposes}


def line_data(line: Mapping[str, Any]) -> dict[str, Any]:
    """A receipt's line as JSON, without what the whole run's table says already."""
    return {name: value for name, value in line.items() if name not in {"round", "spent_on"}}


def _plain(spending: Spending) -> dict[str, Any]:
    return {"usd": f"{spending.usd:f}", "tokens": spending.tokens.model_dump()}


def _figures(of: ReceiptLine | Receipt) -> list[str]:
    return [*_counts(of.tokens), _usd(of.usd), f"{of.seconds:.1f}"]


def _counts(tokens: Tokens) -> list[str]:
    return [f"{getattr(tokens, name):,}" for name in CLASSES]


def _usd(usd: Decimal) -> str:
    return f"{usd:.4f}"


def _aligned(rows: Sequence[Sequence[str]], *, left: int) -> Iterator[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [
            cell.ljust(width) if column < left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(cells).rstrip()
