"""Where a task stands in its blueprint: frozen, and the same after a trip through JSON."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from minion.blueprint.model import ActionNode, AgentNode, JudgeNode, RunNode, WaitNode

Usd: TypeAlias = Annotated[Decimal, Field(ge=0, allow_inf_nan=False)]
Seconds: TypeAlias = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Status: TypeAlias = Literal["success", "handed_off", "declined", "failed"]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class NodeResult(_Record):
    """What a host says of the node that was pending. `usd` and `wall_s` (runner seconds) are what it cost."""

    outcome: str
    output: dict[str, Any] = Field(default_factory=dict)
    usd: Usd = Decimal(0)
    wall_s: Seconds = 0.0
    pushes: Annotated[int, Field(ge=0)] = 0
    """Commits that reached GitHub; an `ok` of a push node counts as one at least."""


class Step(_Record):
    """A node that was executed, with its result."""

    blueprint: str
    node: str
    result: NodeResult


class Last(_Record):
    """An outcome, also one that the engine gave itself (`capped`, with output `{"cap": visits|usd|wall|pushes}`)."""

    blueprint: str
    node: str
    outcome: str
    output: dict[str, Any] = Field(default_factory=dict)


class Spent(_Record):
    usd: Usd = Decimal(0)
    wall_s: Seconds = 0.0
    pushes: Annotated[int, Field(ge=0)] = 0


class Frame(_Record):
    """One blueprint on the call stack. `node` is where it rests: for a caller, the call."""

    blueprint: str
    node: str
    inputs: dict[str, Any] = Field(default_factory=dict)
    visits: dict[str, int] = Field(default_factory=dict)
    outputs: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """Node name to its last output."""
    before: Spent = Spent()
    """What the task had spent when this frame began: its blueprint's caps count from there."""


class State(_Record):
    digests: dict[str, str]
    """Blueprint name to SHA-256 (hex): the started one and all that it can call, pinned for the task's life."""
    frames: tuple[Frame, ...] = Field(min_length=1)
    spent: Spent = Spent()
    max_usd: Usd | None = None
    """Asked for by a person; lowers the blueprint's own cap."""
    last: Last | None = None
    """The last outcome of all."""
    trouble: Last | None = None
    """The last outcome that was not good: what a handoff has to speak of."""
    log: tuple[Step, ...] = ()
    """Every executed node; `Engine.replay` holds a runner's state against it."""
    prepared: tuple[tuple[str, str], ...] = ()
    """(blueprint, node) of the `prepare` nodes that were entered, first entered first."""
    ended: Status | None = None
    reason: str = ""
    """Why it ended, where that was not a success: `fix.collect: none`."""

    @property
    def frame(self) -> Frame:
        return self.frames[-1]


@dataclass(frozen=True)
class Ended:
    """Nothing is pending: the blueprint is through."""

    status: Status
    reason: str


Pending: TypeAlias = RunNode | AgentNode | JudgeNode | ActionNode | WaitNode | Ended


@dataclass(frozen=True)
class Unfit:
    """A state that does not belong to this library or to its own past; `reason` is for the operator."""

    reason: str


@dataclass(frozen=True)
class Found:
    """A value that was looked up. A host may wrap a fact in it to say that this text is trusted after all."""

    value: Any
    tainted: bool


@dataclass(frozen=True)
class ContextEntry:
    path: str
    """Without `?`."""
    value: Any
    tainted: bool
