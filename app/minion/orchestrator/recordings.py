"""How each node of a task ended, for whoever wants to try a changed blueprint on it."""

from __future__ import annotations

from datetime import datetime

from minion.blueprint.recording import Recording, cleaned, record
from minion.blueprint.state import Unfit
from minion.domain.task import Task
from minion.orchestrator.engines import library_of, restored
from minion.tasks.leaks import Redactor


def recording_of(task: Task, now: datetime) -> Recording | Unfit:
    """As far as the task is; `Unfit` where this version cannot read its blueprints or its state any more."""
    library, found = library_of(task), restored(task)
    if isinstance(library, Unfit):
        return library
    if isinstance(found, Unfit):
        return found
    _, state = found
    return cleaned(record(library, state, now.isoformat(timespec="seconds")), Redactor())
