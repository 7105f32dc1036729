"""A map's items, as the host of the working copy sees them: a checkpoint before each, and back to it to undo one.

The checkpoint lives as long as the walk. Where a walk ends within an item, that item is undone too, and its map rests
before it: whoever goes on begins it anew.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from minion.blueprint.engine import Engine
from minion.blueprint.state import MapStep, NodeResult, State
from minion.domain.errors import Outage
from minion.ports.workspace import Checkpoint, Workspace
from minion.runner.journal import Journal

_SHOWN: Final = 200


@dataclass(frozen=True)
class _Begun:
    state: State
    """At rest before the item."""
    checkpoint: Checkpoint


class Items:
    def __init__(self, engine: Engine, workspace: Workspace, journal: Journal) -> None:
        self._engine = engine
        self._workspace = workspace
        self._journal = journal
        self._begun: _Begun | None = None
        self._here: Checkpoint | None = None
        """What the files are known to be, since nothing could change them."""

    def worked(self) -> None:
        """A node had the files in its hands."""
        self._here = None

    def step(self, state: State, name: str) -> NodeResult:
        """Carries out what the map waits for; `fail` where the working copy cannot be kept or put back."""
        began, asked = time.monotonic(), self._engine.map_step(state)
        done = self._begin(state, asked, name) if asked.phase == "begin" else self._undo(asked, name)
        return NodeResult(outcome="ok" if done else "fail", wall_s=time.monotonic() - began)

    def open(self, state: State) -> bool:
        """Whether the walk is within an item: between its checkpoint and what becomes of it."""
        return state.frame.map is not None and state.frame.map.phase != "begin"

    def given_back(self, state: State) -> State:
        """For an end in the middle: the tree and the state as they were before the item that is open."""
        if self._begun is None or not self.open(state):
            return state
        self._go_back(self._begun.checkpoint)
        return self._begun.state

    def since(self, state: State) -> Checkpoint | None:
        """How the files were before the item that is open."""
        return None if self._begun is None or not self.open(state) else self._begun.checkpoint

    def facts(self, state: State, facts: Mapping[str, Any]) -> Mapping[str, Any]:
        """Within an item, `workspace.diff` is the item's."""
        since = self.since(state)
        if since is None:
            return facts
        return _ItemFacts(facts, lambda: "" if self._here is since else self._workspace.diff(since=since))

    def _begin(self, state: State, asked: MapStep, name: str) -> bool:
        self._tell("map.item", asked, name)
        try:
            self._here = self._here or self._workspace.checkpoint()
        except Outage as met:
            self._tell("map.failed", asked, name, str(met))
            return False
        self._begun = _Begun(state, self._here)
        return True

    def _undo(self, asked: MapStep, name: str) -> bool:
        if self._begun is None:
            self._tell("map.failed", asked, name, "what the files were before this item is not known any more")
            return False
        try:
            self._go_back(self._begun.checkpoint)
        except Outage as met:
            self._tell("map.failed", asked, name, str(met))
            return False
        self._tell("map.undone", asked, name)
        return True

    def _go_back(self, checkpoint: Checkpoint) -> None:
        if self._here is not checkpoint:
            self._workspace.restore(checkpoint)
        self._here = checkpoint

    def _tell(self, kind: str, asked: MapStep, name: str, why: str = "") -> None:
        """Items are named as far as they are short, and counted from 1."""
        item = asked.item if isinstance(asked.item, str) else json.dumps(asked.item, default=str)
        text = f"{item[:_SHOWN]}: {why}" if why else item[:_SHOWN]
        self._journal.emit(kind, node=name, text=text, data={"number": asked.index + 1, "count": asked.count})


class _ItemFacts(Mapping[str, Any]):
    def __init__(self, facts: Mapping[str, Any], diff: Callable[[], str]) -> None:
        self._facts = facts
        self._diff = diff

    def __getitem__(self, path: str) -> Any:
        if path == "workspace.diff":
            return self._diff() or None
        return self._facts[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self._facts)

    def __len__(self) -> int:
        return len(self._facts)
