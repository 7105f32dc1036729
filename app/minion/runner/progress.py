"""A run as a person follows it: lines of what happened, and at a terminal one that lives: where it is, what it does,
what it costs so far."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Self

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.markup import escape
from rich.spinner import Spinner
from rich.text import Text

from minion.domain.trace import TraceEvent

COLOURS = {"ok": "green", "pass": "green"}
SHORT = 100


class Progress:
    """A listener of the journal; the living line stands while the context is open, and only at a terminal."""

    def __init__(self, console: Console, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._monotonic = monotonic
        self._began = monotonic()
        self._spinner = Spinner("dots")
        self._live = Live(self, console=console, refresh_per_second=4, transient=True)
        self._lock = threading.Lock()
        self._usd = Decimal(0)
        self._node = "starting"
        self._turn = 0
        self._doing = ""

    def __enter__(self) -> Self:
        if self._console.is_terminal and not self._console.quiet:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The living line: node, turn, what it does, money, time."""
        with self._lock:
            turn = f" turn {self._turn}" if self._turn else ""
            text = f"{self._node}{turn}: {self._doing}" if self._doing else self._node
            money = f"  ${self._usd:.2f}  {_clock(self._monotonic() - self._began)}"
        line = Text(text, overflow="ellipsis", no_wrap=True)
        line.truncate(max(10, options.max_width - len(money) - 3), overflow="ellipsis")
        line.append(money, style="dim")
        self._spinner.update(text=line)
        yield self._spinner

    def listen(self, event: TraceEvent) -> None:
        match event.kind:
            case "node.started":
                self._now(node=event.node, turn=0, doing="working")
            case "node.finished":
                self._finished(event)
            case "agent.tool":
                called = f"{event.text} {_argument(event)}".strip()
                self._now(doing=called)
                self._line(f"  [dim]{escape(event.text)}[/] {escape(_argument(event))}")
            case "agent.result":
                self._now(doing="thinking")
            case "gate.finished":
                self._line(f"  [dim]gate[/] {escape(_first_line(event.text))}")
            case "map.item" | "map.undone":
                done = "undone" if event.kind == "map.undone" else f"{event.data['number']}/{event.data['count']}"
                self._line(f"  [dim]{escape(event.node)} {done}[/] {escape(_first_line(event.text))}")
            case "agent.usage":
                usd = Decimal(str(event.data.get("usd", "0")))
                self._now(turn=int(event.data.get("turn", 0)), doing="thinking", usd=usd)
            case _:
                pass

    def _now(self, *, node: str = "", turn: int | None = None, doing: str = "", usd: Decimal = Decimal(0)) -> None:
        with self._lock:
            self._node = node or self._node
            self._turn = self._turn if turn is None else turn
            self._doing = doing or self._doing
            self._usd += usd

    def _finished(self, event: TraceEvent) -> None:
        outcome = str(event.data.get("outcome", ""))
        colour = COLOURS.get(outcome, "yellow")
        facts = f"{event.data.get('seconds', 0)} s"
        if event.data.get("turns"):
            facts += f", {event.data['turns']} turns, ${Decimal(str(event.data.get('usd', '0'))):.2f}"
        self._line(f"[{colour}]{escape(outcome):>6}[/] [bold]{escape(event.node)}[/] [dim]{facts}[/]")

    def _line(self, markup: str) -> None:
        """In a file a line stays one, however long."""
        if self._console.quiet:
            return
        self._console.print(markup, highlight=False, soft_wrap=not self._console.is_terminal)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02d}"


def _argument(event: TraceEvent) -> str:
    given = event.data.get("input")
    if not isinstance(given, dict):
        return ""
    return next((_first_line(value) for value in given.values() if isinstance(value, str)), "")


def _first_line(text: str) -> str:
    line = text.strip().splitlines()[0] if text.strip() else ""
    return line if len(line) <= SHORT else line[:SHORT] + "..."
