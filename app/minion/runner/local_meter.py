"""What the node that is being executed has cost so far, and how long gates took: a listener of the journal.

An executed node says itself what it cost; one that was interrupted cannot.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from minion.domain.receipt import ReceiptLine, Tokens
from minion.domain.trace import TraceEvent


@dataclass
class Meter:
    """`heard` is told of each model call that was booked. `gates`: the seconds that each took, the last time."""

    heard: Callable[[ReceiptLine], None] = lambda _: None
    monotonic: Callable[[], float] = time.monotonic
    gates: dict[str, float] = field(default_factory=dict)
    _line: ReceiptLine | None = field(default=None)
    _began: float = 0.0

    def listen(self, event: TraceEvent) -> None:
        match event.kind:
            case "node.started":
                self._line = ReceiptLine(round=0, node=event.node, outcome="interrupted")
                self._began = self.monotonic()
            case "node.finished":
                self._line = None
            case "agent.usage" if self._line is not None:
                self._line = self._with(self._line, event)
                self.heard(self._line)
            case "gate.finished":
                self.gates[event.node] = float(event.data.get("seconds", 0))
            case _:
                pass

    def interrupted(self) -> ReceiptLine | None:
        """The line of the node that was not executed to its end, if there is one."""
        return self._line and self._line.model_copy(update={"seconds": self.monotonic() - self._began})

    def _with(self, line: ReceiptLine, event: TraceEvent) -> ReceiptLine:
        used = Tokens(**{name: event.data.get(name, 0) for name in Tokens.model_fields})
        return line.model_copy(
            update={
                "model": str(event.data.get("model", "")),
                "turns": line.turns + 1,
                "tokens": line.tokens + used,
                "usd": line.usd + Decimal(str(event.data.get("usd", "0"))),
                "seconds": self.monotonic() - self._began,
            }
        )
