"""What a person sees of a local run, and what an interrupted node has cost."""

from __future__ import annotations

import io
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from rich.console import Console

from minion.domain.receipt import Receipt, ReceiptLine, Spending, Tokens
from minion.domain.trace import TraceEvent
from minion.runner.local_meter import Meter
from minion.runner.local_spending import in_short, tables
from minion.runner.progress import Progress

USAGE = {"usd": "0.25", "turn": 3, "model": "m", "input": 10, "output": 5, "cache_read": 2}


def events() -> Iterator[TraceEvent]:
    told: list[tuple[str, str, dict[str, Any]]] = [
        ("node.started", "", {"type": "Agent"}),
        ("agent.usage", "", USAGE),
        ("agent.tool", "shell", {"input": {"command": "make [all]\nsecond line"}}),
    ]
    for number, (kind, text, data) in enumerate(told):
        yield TraceEvent(seq=number, at="", kind=kind, node="implement", text=text, data=data)


def shown(*, terminal: bool, width: int = 60) -> tuple[str, str]:
    """What was printed, and the living line."""
    written = io.StringIO()
    console = Console(file=written, force_terminal=terminal, width=width, no_color=True)
    clock = iter([0.0, *[75.0] * 1000])
    progress = Progress(console, monotonic=lambda: next(clock))
    for event in events():
        progress.listen(event)
    living = Console(file=io.StringIO(), width=width, no_color=True)
    living.print(progress)
    assert isinstance(living.file, io.StringIO)
    return written.getvalue(), living.file.getvalue().rstrip()


def test_the_living_line_says_node_turn_tool_money_and_time() -> None:
    printed, living = shown(terminal=True)
    assert "implement turn 3: shell make [all]" in living
    assert living.endswith("$0.25  1:15")
    assert "make [all]" in printed
    assert "second line" not in printed


def test_a_narrow_terminal_cuts_what_it_does_and_keeps_the_money() -> None:
    _, living = shown(terminal=True, width=40)
    assert living.endswith("$0.25  1:15")
    assert len(living) <= 40


def test_in_a_file_there_are_plain_lines_only() -> None:
    printed, _ = shown(terminal=False, width=20)
    assert printed == "  shell make [all]\n"


def test_the_meter_knows_what_an_interrupted_node_has_cost() -> None:
    heard: list[ReceiptLine] = []
    meter = Meter(heard.append, monotonic=iter([1.0, 2.0, 4.5]).__next__)
    for event in events():
        meter.listen(event)
    line = meter.interrupted()
    assert line is not None
    assert (line.node, line.outcome, line.turns, line.usd) == ("implement", "interrupted", 1, Decimal("0.25"))
    assert line.tokens == Tokens(input=10, output=5, cache_read=2)
    assert (line.seconds, len(heard)) == (3.5, 1)
    meter.listen(TraceEvent(seq=9, at="", kind="node.finished", node="implement"))
    assert meter.interrupted() is None


def test_spending_in_short_and_in_tables() -> None:
    spent = {
        "answers": Spending(tokens=Tokens(output=100), usd=Decimal("0.30")),
        "rules": Spending(tokens=Tokens(cache_read=1000), usd=Decimal("0.10")),
        "task": Spending(tokens=Tokens(input=5), usd=Decimal("0.40")),
        "results of read": Spending(tokens=Tokens(input=1), usd=Decimal("0.20")),
    }
    line = ReceiptLine(round=0, node="implement", outcome="ok", model="m", turns=2, usd=Decimal(1), spent_on=spent)
    receipt = Receipt(lines=(line, line))
    assert in_short(receipt) == "task 40%, answers 30%, results of read 20%, other 10%"
    rows = tables(receipt).splitlines()
    heads = " ".join(rows[0].split())
    assert heads == "node outcome model turns input write 5m write 1h read output usd s"
    assert rows[-4].split()[0] == "task"
    assert rows[-4].split()[-1] == "0.8000"
    assert in_short(Receipt()) == ""
