"""Maps of drawn bodies, over drawn lists, under drawn outcomes: what the engine says of them is held against a count of
what its host was asked to do.

The graphs are valid as they are drawn: good outcomes lead on, any other may lead anywhere in the body, and each node
has its visits.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import Any, TypeVar

from hypothesis import event, given
from hypothesis import strategies as st

from minion.blueprint.engine import Engine, is_work
from minion.blueprint.graph import kind, limits_of
from minion.blueprint.model import Blueprint, MapNode
from minion.blueprint.schema import GOOD, OUTCOMES, RESULTS
from minion.blueprint.state import Ended, MapAt, NodeResult, Pending, State, Unfit

from .drafts import Draft, read

T = TypeVar("T")
MOST_STEPS = 2_000
WORK: tuple[Draft, ...] = (
    {"type": "agent", "goal": "Try."},
    {"type": "run", "command": "test"},
    {"type": "judge", "criteria": ["is good"]},
)
ENDS = ("keep", "skip", "revert")
USD = (Decimal(0), Decimal("0.3"), Decimal(2))
WALL_S = (0.0, 60.0, 1200.0)


class Chance:
    """What happens, byte by byte; the last byte holds for all that comes after: the worst that a cycle can meet."""

    def __init__(self, drawn: bytes) -> None:
        self._drawn = drawn
        self._at = 0

    def of(self, choices: Sequence[T]) -> T:
        byte = self._drawn[min(self._at, len(self._drawn) - 1)]
        self._at += 1
        return choices[byte % len(choices)]


WALKS = 8
"""Of each drawn blueprint: a walk costs far less than a draw."""


@st.composite
def chances(draw: st.DrawFn) -> list[Chance]:
    drawn, seed = draw(st.binary(min_size=1, max_size=20)), draw(st.integers(0, 2**32))
    found = Random(seed)  # noqa: S311 -- nothing secret
    return [Chance(drawn), *(Chance(found.randbytes(80)) for _ in range(WALKS - 1))]


@st.composite
def bodies(draw: st.DrawFn, of: str) -> Draft:
    names = [f"{of}{index}" for index in range(draw(st.integers(1, 4)))]
    targets = [f"{of}_skip", *names, *(f"{of}_{end}" for end in ENDS)]
    nodes: dict[str, Draft] = {}
    for index, name in enumerate(names):
        after = [*names, f"{of}_keep"][index + 1]
        chosen = draw(st.sampled_from(WORK if index == 0 else (*WORK, {"type": "switch"})))
        nodes[name] = {**chosen, **draw(ways(chosen["type"], after, targets))}
    used = {target for node in nodes.values() for target in (node.get("next") or node["cases"]).values()}
    ends = {f"{of}_{end}": {"type": "end", "status": end} for end in ENDS if f"{of}_{end}" in used or end == "keep"}
    return {"start": names[0], "nodes": nodes | ends}


@st.composite
def ways(draw: st.DrawFn, of: str, after: str, targets: list[str]) -> Draft:
    if of == "switch":
        cases = {str(number): targets[-1 - number] for number in draw(st.sets(st.integers(0, 2)))}
        return {"value": "${{ caps.pushes_left }}", "cases": cases, "else": after}
    good, *bad = sorted((one for one in OUTCOMES[of] if one != "capped"), key=lambda one: one not in GOOD)
    mapped = draw(st.dictionaries(st.sampled_from(bad), st.sampled_from(targets), min_size=1, max_size=2))
    return {"next": {good: after, **mapped}, "limits": {"visits": draw(st.integers(1, 3))}}


@st.composite
def maps(draw: st.DrawFn, name: str, after: str) -> Draft:
    return {
        "type": "map",
        "over": "${{ nodes.find.output.items }}",
        "most": draw(st.sampled_from((5, 3, 1))),
        **draw(bodies(name)),
        "limits": {"visits": draw(st.integers(1, 2))},
        "next": {"ok": after, "none": draw(st.sampled_from((after, "find", "gave_up")))},
    }


@st.composite
def drafts(draw: st.DrawFn, name: str) -> Draft:
    """A list, one map over it or two, perhaps a push and the same once more."""
    two = draw(st.booleans())
    again = draw(st.sampled_from(("done", "find")))
    nodes: dict[str, Draft] = {
        "find": {"type": "run", "script": "list", "parse": "lines", "limits": {"visits": 2}, "next": "one"},
        "one": draw(maps("one", "two" if two else "push")),
        **({"two": draw(maps("two", "push"))} if two else {}),
        "push": {"type": "action", "uses": "push", "next": {"ok": again, "fail": "gave_up", "none": "done"}},
        "done": {"type": "end", "status": "success"},
        "gave_up": {"type": "end", "status": "handed_off"},
    }
    usd = draw(st.sampled_from((9, 3, 1)))
    return blueprint(name, "find", nodes, {"pushes": draw(st.integers(0, 2)), "usd": usd, "wall": "1h"})


def blueprint(name: str, start: str, nodes: dict[str, Draft], caps: Draft) -> Draft:
    return {
        "apiVersion": "minion/v1",
        "kind": "Blueprint",
        "name": name,
        "description": "Drawn.",
        "caps": caps,
        "defaults": {"fail": "gave_up"},
        "start": start,
        "nodes": nodes,
    }


def caller(usd: int) -> Draft:
    nodes: dict[str, Draft] = {
        "call": {"type": "call", "blueprint": "sub", "limits": {"visits": 2}, "next": {"ok": "done", "fail": "call"}},
        "done": {"type": "end", "status": "success"},
        "gave_up": {"type": "end", "status": "handed_off"},
    }
    return blueprint("main", "call", nodes, {"pushes": 2, "usd": usd, "wall": "2h"})


@st.composite
def libraries(draw: st.DrawFn) -> dict[str, Blueprint]:
    """The map stands in the blueprint that was asked for, or in one that it calls."""
    called = draw(st.booleans())
    drawn = [draw(drafts("sub")), caller(draw(st.sampled_from((9, 3))))] if called else [draw(drafts("main"))]
    library: dict[str, Blueprint] = {}
    for draft in drawn:
        found = read(draft)
        assert isinstance(found, Blueprint), "\n".join(map(str, found))
        library[found.name] = found
    return library


def result(chance: Chance, pending: Pending) -> NodeResult:
    assert not isinstance(pending, Ended)
    outcomes = sorted(RESULTS[kind(pending)], key=lambda one: one not in GOOD)
    if isinstance(pending, MapNode):  # a working copy that cannot be kept or put back is rare
        return NodeResult(outcome=chance.of(["ok"] * 12 + ["fail"]), wall_s=0.1)
    output: Draft = {}
    if pending.name == "find":
        items = list("abcde"[: chance.of((5, 4, 3, 1, 0))])
        output = {"items": items, "count": len(items)}
        return NodeResult(outcome=chance.of(("ok", "ok", "ok", "fail")), output=output)
    good = [one for one in outcomes if one in GOOD]
    outcome = chance.of((*good, *good, *outcomes))
    return NodeResult(outcome=outcome, output=output, usd=chance.of(USD), wall_s=chance.of(WALL_S))


@dataclass
class Asked:
    """What a host was asked to do for one visit of a map."""

    begun: list[int] = field(default_factory=list)
    undone: Counter[str] = field(default_factory=Counter)
    entered: Counter[str] = field(default_factory=Counter)
    """Body nodes, of the item under way."""
    unmarked: int = 0
    """Items before which the working copy could not be kept."""


@dataclass
class Host:
    """Follows a walk, and counts for itself what the engine should have counted."""

    engine: Engine
    library: dict[str, Blueprint]
    asked: Asked = field(default_factory=Asked)
    items: int = 0
    within: int = 0
    """Steps of bodies."""
    ends: Counter[str] = field(default_factory=Counter)
    spent: list[NodeResult] = field(default_factory=list)

    def meets(self, state: State) -> None:
        """The engine rests: may it, here?"""
        pending, at = self.engine.pending(state), state.frame.map
        if at is None or isinstance(pending, Ended):
            return
        around = self.library[state.frame.blueprint].nodes[at.node]
        assert isinstance(around, MapNode)
        if at.phase == "body":
            self._body(state, around, at)
        elif at.phase == "begin":
            assert at.index == len(self.asked.begun), "items are taken one after the other"
            assert at.index < min(at.total, around.most)
            assert self.left(state) or at.index == 0, "no item is begun where nothing may be spent"

    def _body(self, state: State, around: MapNode, at: MapAt) -> None:
        name, most = state.frame.node, limits_of(around.nodes[state.frame.node]).visits
        self.within += 1
        self.asked.entered[name] += 1
        assert self.left(state), "nothing is entered where nothing may be spent"
        assert most is None or self.asked.entered[name] <= most
        assert at.visits[name] == self.asked.entered[name], "visits are the item's"

    def left(self, state: State) -> bool:
        """What is left, from what this host said that it spent."""
        usd, wall_s = sum(one.usd for one in self.spent), sum(one.wall_s for one in self.spent)
        frames = [(self.library[frame.blueprint].caps, frame.before) for frame in state.frames]
        return all(
            usd - before.usd < caps.usd and round(wall_s - before.wall_s, 6) < caps.wall_s for caps, before in frames
        )

    def does(self, before: State, said: NodeResult, after: State) -> None:
        """The pending node ended like this, and there the engine went."""
        at = before.frame.map
        self.spent.append(said)
        if at is None:
            self._outside(before, after)
            return
        if at.phase == "begin":
            self._begun(said, at, after)
        elif at.phase == "undo":
            self.asked.undone[at.ending if said.outcome == "ok" and not at.final else "revert"] += 1
        if after.frame.map is None or after.frame.map.node != at.node:
            self._through(before, after, at)

    def _outside(self, before: State, after: State) -> None:
        if after.frame.map is not None:
            self.asked = Asked()
        if before.frame.node == "push":
            assert after.spent.pushes <= 2

    def _begun(self, said: NodeResult, at: MapAt, after: State) -> None:
        if said.outcome != "ok":
            self.asked.unmarked += 1
            return
        self.items += 1
        self.asked.begun.append(at.index)
        self.asked.entered.clear()
        if self.left(after):
            assert after.frame.map is not None
            assert after.frame.map.phase == "body", "each item has its own visits"

    def _through(self, before: State, after: State, at: MapAt) -> None:
        """Past the map: what it says of its items is what this host saw of them."""
        asked, self.asked = self.asked, Asked()
        undone, depth = asked.undone, len(before.frames)
        output = after.frames[depth - 1].outputs.get(at.node) if len(after.frames) >= depth else None
        if output is None:  # the blueprint around it was called, and ended at once
            return
        told = {name: output[name] for name in ("count", "kept", "skipped", "reverted", "left")}
        tried = len(asked.begun) + asked.unmarked
        assert told == {
            "count": at.total,
            "kept": len(asked.begun) - undone.total(),
            "skipped": undone["skip"],
            "reverted": undone["revert"] + asked.unmarked,
            "left": at.total - tried,
        }
        assert len(output["not_kept"]) == told["reverted"]
        self.ends += Counter({name: count for name, count in told.items() if name != "count"})


def walk(library: dict[str, Blueprint], chance: Chance) -> tuple[Host, State]:
    engine = Engine(library)
    host, state = Host(engine, library), engine.start("main", {})
    for _ in range(MOST_STEPS):
        host.meets(state)
        pending = engine.pending(state)
        if isinstance(pending, Ended):
            return host, state
        said = result(chance, pending)
        after = engine.apply(state, said)
        host.does(state, said, after)
        state = after
    raise AssertionError(f"no end within {MOST_STEPS} steps")


def test_a_map_does_what_it_says_and_ends_within_its_caps() -> None:
    """And the walks are worth it: they go through bodies, and items end in each of the four ways."""
    hosts: list[Host] = []

    @given(libraries(), chances())
    def walks(library: dict[str, Blueprint], drawn: list[Chance]) -> None:
        for chance in drawn:
            host, state = walk(library, chance)
            assert state.spent.usd == sum(one.usd for one in host.spent)
            event(f"items begun: {min(host.items, 10)}")
            hosts.append(host)

    walks()
    through = [host for host in hosts if host.within]
    assert len(through) > len(hosts) / 2
    ends: Counter[str] = sum((host.ends for host in hosts), Counter())
    assert all(ends[name] > len(hosts) / 10 for name in ("kept", "skipped", "reverted", "left")), ends


@given(libraries(), chances())
def test_stopping_and_resuming_within_a_map_gives_the_same_end(
    library: dict[str, Blueprint], drawn: list[Chance]
) -> None:
    """Through JSON, into a new engine, at each step."""
    chance = drawn[-1]
    engine = Engine(library)
    kept = sent = engine.start("main", {})
    for _ in range(40):
        if isinstance(pending := engine.pending(kept), Ended):
            break
        said = result(chance, pending)
        kept = engine.apply(kept, said)
        later = Engine(library)
        restored = later.restore(json.loads(sent.model_dump_json()))
        assert isinstance(restored, State), restored
        sent = later.apply(restored, NodeResult.model_validate_json(said.model_dump_json()))
        assert sent == kept


def runner_s(engine: Engine, state: State, chance: Chance) -> Iterator[State]:
    """As far as a runner goes by itself."""
    while is_work(pending := engine.pending(state)):
        state = engine.apply(state, result(chance, pending))
        yield state


@given(libraries(), chances(), st.integers(0, 60), st.integers(0, 60))
def test_a_runner_s_way_through_a_map_is_worked_out_again_from_any_step(
    library: dict[str, Blueprint], drawn: list[Chance], first: int, second: int
) -> None:
    engine, chance = Engine(library), drawn[-1]
    start = engine.start("main", {})
    states = [start, *runner_s(engine, start, chance)]
    before, after = sorted((first % len(states), second % len(states)))
    sent = engine.restore(json.loads(states[after].model_dump_json()))
    assert isinstance(sent, State)
    assert engine.replay(states[before], sent) == states[after]
    assert isinstance(engine.replay(states[before], _richer(sent)), Unfit)


def _richer(state: State) -> State:
    """The same, but for one more item that was kept, or less that was spent."""
    frame, at = state.frame, state.frame.map
    if at is not None:
        counted = frame.changed(map=at.changed(kept=at.kept + 1))
        return state.changed(frames=(*state.frames[:-1], counted))
    spent: Any = state.spent.changed(wall_s=state.spent.wall_s + 1)
    return state.changed(spent=spent)
