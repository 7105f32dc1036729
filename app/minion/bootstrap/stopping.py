"""Ctrl-C and SIGTERM during `minion run`: the first stops it cleanly, the second at once."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType
from typing import Final, NoReturn

INTERRUPTED: Final = 130
"""128 + SIGINT, as shells report it."""


@dataclass
class Stopper:
    """The first signal raises `KeyboardInterrupt` in the main thread; what is run there keeps the work and reports.

    The second ends the process without a further word; the box dies with its parent (`bwrap --die-with-parent`).
    """

    say: Callable[[str], None]
    told: bool = False

    def install(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop)

    def _stop(self, _number: int, _frame: FrameType | None) -> NoReturn:
        if self.told:
            os._exit(INTERRUPTED)
        self.told = True
        self.say("Stopping; what was done is kept. Once more, and it ends at once.")
        raise KeyboardInterrupt
