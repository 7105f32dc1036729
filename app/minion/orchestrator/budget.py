"""How much a task may cost."""

from __future__ import annotations

from decimal import Decimal

from minion.blueprint.state import Unfit
from minion.domain.task import Task
from minion.orchestrator.engines import library_of


def budget(task: Task, operator: Decimal) -> Decimal:
    """In USD, the least of the blueprint's cap and what the person, the repository and the operator allow."""
    library = library_of(task)
    blueprint = None if isinstance(library, Unfit) else library.get(task.blueprint)
    said = [operator, task.max_usd, task.configuration.max_usd, None if blueprint is None else blueprint.caps.usd]
    return min(limit for limit in said if limit is not None)
