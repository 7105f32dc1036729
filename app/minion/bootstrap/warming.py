"""What earlier runs left is removed while the model is being waited for."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from minion.bootstrap.scratch import remove_left_over
from minion.domain.trace import TraceEvent


@dataclass
class Warming:
    """A listener of the journal: begins when the first answer has come, so that nothing is in the first one's way."""

    begun: bool = False

    def listen(self, event: TraceEvent) -> None:
        if event.kind == "agent.usage" and not self.begun:
            self.begun = True
            threading.Thread(target=remove_left_over, name="warming", daemon=True).start()
