"""What a run has to do at some time, done while the model is being waited for."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Final

from minion.bootstrap.scratch import remove_left_over
from minion.domain.changeset import ChangedFile, ChangeSet
from minion.domain.ids import CommitSha
from minion.domain.trace import TraceEvent
from minion.tasks.gate import GateRules, judge

_SOME_CHANGE: Final = ChangeSet(base_sha=CommitSha("0" * 40), files=(ChangedFile.of("tests/test_a.py", b"a\n"),))


@dataclass
class Warming:
    """A listener of the journal: begins when the first answer has come, so that nothing is in the first one's way."""

    begun: bool = False

    def listen(self, event: TraceEvent) -> None:
        if event.kind == "agent.usage" and not self.begun:
            self.begun = True
            threading.Thread(target=_warm, name="warming", daemon=True).start()


def _warm() -> None:
    judge(_SOME_CHANGE, GateRules(protected_paths=("/any",)))  # compiles its patterns, and imports its detectors
    remove_left_over()
