"""The box, and the choice of it: what was asked for, or nothing. There is no silent step down."""

from __future__ import annotations

from minion.adapters.sandbox.bubblewrap import Bubblewrap, Reason, available
from minion.adapters.sandbox.mounts import stage_etc
from minion.adapters.sandbox.selftest import Escape
from minion.adapters.sandbox.settings import BoxSettings, KnownTools, Limits, known_tools
from minion.adapters.sandbox.unsafe import Unsafe
from minion.ports.sandbox import Sandbox

__all__ = [
    "BoxSettings",
    "Bubblewrap",
    "Escape",
    "KnownTools",
    "Limits",
    "Reason",
    "Unsafe",
    "available",
    "choose",
    "known_tools",
    "stage_etc",
]


def choose(mode: str, settings: BoxSettings) -> Sandbox | Reason:
    """`bubblewrap` (or `auto`, which is the same) when it works here, `unsafe` only when asked for by that name."""
    match mode:
        case "auto" | "bubblewrap":
            return available(settings) or Bubblewrap(settings)
        case "unsafe":
            return Unsafe(settings)
        case _:
            return Reason(f"no sandbox is called {mode!r}", "use bubblewrap (or unsafe, knowing what that means)")
