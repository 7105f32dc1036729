"""One step of a task: what an effect or a wait is given, and what it may answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from minion.blueprint.engine import Engine
from minion.blueprint.model import ActionNode, WaitNode
from minion.blueprint.state import NodeResult, State
from minion.domain.ids import RepositoryRef
from minion.domain.outcomes import Outcome
from minion.domain.task import Task, TaskStatus
from minion.orchestrator.desk import Desk, repository_of
from minion.ports.github import GitHub, Item


@dataclass(frozen=True)
class Ground:
    """The task as it was read, the issue or PR that it is about, and GitHub as its installation sees it."""

    desk: Desk
    github: GitHub
    task: Task
    item: Item

    @property
    def repository(self) -> RepositoryRef:
        return repository_of(self.task)


@dataclass(frozen=True)
class Scene(Ground):
    """And the engine, where it rests."""

    engine: Engine
    state: State
    now: datetime


@dataclass(frozen=True)
class Done:
    """The pending node has its outcome; `task` carries what else changed."""

    task: Task
    result: NodeResult


@dataclass(frozen=True)
class Later:
    """Nothing more to do now: look again at `due`, or when woken."""

    task: Task
    due: datetime


@dataclass(frozen=True)
class Over:
    """The task ends here, whatever the blueprint would do next. `task.reason` says why."""

    task: Task
    status: TaskStatus


Step: TypeAlias = Done | Later | Over
Effect: TypeAlias = Callable[[Scene, ActionNode], Step]
Wait: TypeAlias = Callable[[Scene, WaitNode], Step]


def done(task: Task, outcome: Outcome, pushes: int = 0, **output: Any) -> Done:
    return Done(task, NodeResult(outcome=outcome, output=dict(output), pushes=pushes))


def over(task: Task, status: TaskStatus, reason: str) -> Over:
    return Over(changed(task, reason=reason), status)


def hand_off(task: Task, reason: str) -> Over:
    """A person takes it from here."""
    return over(task, TaskStatus.HANDED_OFF, reason)


def changed(task: Task, **fields: Any) -> Task:
    return task.model_copy(update=fields)


def arguments(scene: Scene, node: ActionNode) -> Mapping[str, Any]:
    return scene.engine.arguments(scene.state, node)
