"""The engine over a task's own, pinned blueprints."""

from __future__ import annotations

from functools import lru_cache

from minion.blueprint.engine import Engine
from minion.blueprint.library import assemble
from minion.blueprint.model import Blueprint
from minion.blueprint.state import State, Unfit
from minion.domain.task import Task


@lru_cache(maxsize=256)
def _library(texts: tuple[tuple[str, str], ...]) -> dict[str, Blueprint] | str:
    library = assemble(dict(texts))
    return library if isinstance(library, dict) else f"the blueprints do not load any more: {library[0].message}"


def library_of(task: Task) -> dict[str, Blueprint] | Unfit:
    library = _library(tuple(sorted(task.blueprints.items())))
    return Unfit(library) if isinstance(library, str) else library


def engine_of(task: Task) -> Engine | Unfit:
    library = library_of(task)
    return library if isinstance(library, Unfit) else Engine(library)


def restored(task: Task) -> tuple[Engine, State] | Unfit:
    """The engine and the task's state in it, or why this version cannot go on with the task."""
    engine = engine_of(task)
    if isinstance(engine, Unfit):
        return engine
    state = engine.restore(task.state)
    return state if isinstance(state, Unfit) else (engine, state)
