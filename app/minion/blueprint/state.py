"""Where a task stands in its blueprint: frozen, and the same after a trip through JSON."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer

from minion.blueprint.log import Log
from minion.blueprint.model import ActionNode, AgentNode, JudgeNode, MapNode, RunNode, WaitNode

Usd: TypeAlias = Annotated[Decimal, Field(ge=0, allow_inf_nan=False)]
Seconds: TypeAlias = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Status: TypeAlias = Literal["success", "handed_off", "declined", "failed"]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    def changed(self, **changes: Any) -> Self:
        """What `model_copy(update=...)` gives, at a fifth of its time: the engine does this a dozen times a step.

        https://docs.pydantic.dev/latest/api/base_model/#pydantic.BaseModel names the four attributes.
        """
        other = object.__new__(type(self))
        for name, value in (
            ("__dict__", {**self.__dict__, **changes}),
            ("__pydantic_fields_set__", self.__pydantic_fields_set__),
            ("__pydantic_extra__", None),
            ("__pydantic_private__", None),
        ):
            object.__setattr__(other, name, value)
        return other


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


Phase: TypeAlias = Literal["begin", "body", "undo"]
Ending: TypeAlias = Literal["", "skip", "revert"]
Count: TypeAlias = Annotated[int, Field(ge=0)]


class MapAt(_Record):
    """Where a map stands. It rests at the map itself before each item (`begin`: the host marks what the tree holds) and
    where an item's changes go (`undo`: the host goes back to that mark), else at a node of the body."""

    node: str
    total: Count
    """Length of the list."""
    phase: Phase = "begin"
    index: Count = 0
    ending: Ending = ""
    """Why the item is undone."""
    final: bool = False
    """No item comes after this one: a cap was reached."""
    kept: Count = 0
    skipped: Count = 0
    reverted: Count = 0
    not_kept: tuple[Any, ...] = ()
    """The first of the reverted items."""
    reasons: tuple[str, ...] = ()
    """Why, one for each of them. Left out of JSON where there are none, as `why` is."""
    why: str = ""
    """Why the item is reverted that is undone just now."""
    visits: dict[str, int] = Field(default_factory=dict)
    """Of body nodes, for this item."""
    outputs: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """Of body nodes, for this item."""
    steps: tuple[Step, ...] = ()
    """Of this item; when it is done they join the log, without the outputs that led nowhere."""
    before: Last | None = None
    """The task's trouble before the map: what goes wrong for one item is the map's to say."""

    @model_serializer(mode="wrap")
    def _written(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return _without(_without(handler(self), "reasons"), "why")


class Frame(_Record):
    """One blueprint on the call stack. `node` is where it rests: a caller at its call, a map often in its body."""

    blueprint: str
    node: str
    inputs: dict[str, Any] = Field(default_factory=dict)
    visits: dict[str, int] = Field(default_factory=dict)
    outputs: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """Node name to its last output."""
    before: Spent = Spent()
    """What the task had spent when this frame began: its blueprint's caps count from there."""
    map: MapAt | None = None
    """Left out of JSON where there is none: older versions can read the state then."""

    @model_serializer(mode="wrap")
    def _written(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return _without(handler(self), "map")


def _without(written: dict[str, Any], name: str) -> dict[str, Any]:
    """Without the entry where it is empty."""
    return written if written[name] else {key: value for key, value in written.items() if key != name}


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
    log: Log[Step] = Field(default_factory=Log)
    """Every executed node; `Engine.replay` holds a runner's state against it."""
    prepared: tuple[tuple[str, str], ...] = ()
    """(blueprint, node) of the `prepare` nodes that were entered, first entered first."""
    narrowed: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """`blueprint.node` to the patterns that its last good answer narrowed the scope to; all must allow a path.
    Left out of JSON where there are none."""
    ended: Status | None = None
    reason: str = ""
    """Why it ended, where that was not a success: `fix.collect: none`."""

    @property
    def frame(self) -> Frame:
        return self.frames[-1]

    @model_serializer(mode="wrap")
    def _written(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return _without(handler(self), "narrowed")


@dataclass(frozen=True)
class Ended:
    """Nothing is pending: the blueprint is through."""

    status: Status
    reason: str


Pending: TypeAlias = RunNode | AgentNode | JudgeNode | ActionNode | WaitNode | MapNode | Ended


@dataclass(frozen=True)
class MapStep:
    """What a map waits for. `begin`: a mark of the working copy, before the item. `undo`: back to that mark."""

    phase: Literal["begin", "undo"]
    index: int
    """From 0."""
    count: int
    """Of the items that are taken."""
    item: Any


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
