"""A run as a person at a terminal follows it: one line for each step and call, and what it costs so far."""

from __future__ import annotations

from decimal import Decimal
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.status import Status

from minion.domain.trace import TraceEvent

COLOURS = {"ok": "green", "pass": "green"}
SHORT = 100


class Progress:
    """A listener of the journal; the spinner stands while the context is open."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status: Status = console.status("starting")
        self._usd = Decimal(0)
        self._node = ""

    def __enter__(self) -> Self:
        self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._status.stop()

    def listen(self, event: TraceEvent) -> None:
        match event.kind:
            case "node.started":
                self._node = event.node
                self._show("working")
            case "node.finished":
                self._finished(event)
            case "agent.tool":
                self._console.print(f"  [dim]{escape(event.text)}[/] {escape(_argument(event))}", highlight=False)
            case "gate.finished":
                self._console.print(f"  [dim]gate[/] {escape(_first_line(event.text))}", highlight=False)
            case "agent.usage":
                self._usd += Decimal(str(event.data.get("usd", "0")))
                self._show("thinking")
            case _:
                pass

    def _finished(self, event: TraceEvent) -> None:
        outcome = str(event.data.get("outcome", ""))
        colour = COLOURS.get(outcome, "yellow")
        facts = f"{event.data.get('seconds', 0)} s"
        if event.data.get("turns"):
            facts += f", {event.data['turns']} turns, ${Decimal(str(event.data.get('usd', '0'))):.2f}"
        self._console.print(f"[{colour}]{escape(outcome):>6}[/] [bold]{escape(event.node)}[/] [dim]{facts}[/]")

    def _show(self, doing: str) -> None:
        self._status.update(f"{escape(self._node)}: {doing} [dim](${self._usd:.2f})[/]")


def _argument(event: TraceEvent) -> str:
    given = event.data.get("input")
    if not isinstance(given, dict):
        return ""
    return next((_first_line(value) for value in given.values() if isinstance(value, str)), "")


def _first_line(text: str) -> str:
    line = text.strip().splitlines()[0] if text.strip() else ""
    return line if len(line) <= SHORT else line[:SHORT] + "..."
