"""Whatever graph passes the loader ends, under whatever outcomes; no cap is passed; and a state survives JSON.

Graphs are drawn at random and then mended as the loader asks, until it has nothing to say.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from minion.blueprint.engine import Engine, is_work
from minion.blueprint.graph import kind
from minion.blueprint.library import assemble
from minion.blueprint.loader import load
from minion.blueprint.model import ActionNode, Blueprint
from minion.blueprint.schema import GOOD, OUTCOMES
from minion.blueprint.state import Ended, NodeResult, State

MOST_STEPS = 600
UNREACHED = re.compile(r"`(\w+)` is never reached")
CYCLE = re.compile(r"nothing ends the cycle (.+)")
Draft = dict[str, Any]

NODES: tuple[Draft, ...] = (
    {"type": "run", "command": "test"},
    {"type": "run", "command": "setup", "prepare": True},
    {"type": "agent", "goal": "Try."},
    {"type": "judge", "criteria": ["is good"]},
    {"type": "action", "uses": "push"},
    {"type": "action", "uses": "comment", "with": {"text": "Hello."}},
    {"type": "action", "uses": "handoff"},
    {"type": "wait", "event": "checks.settled"},
    {"type": "switch", "value": "${{ caps.pushes_left }}"},
    {"type": "call", "blueprint": "sub"},
)


@st.composite
def drafts(draw: st.DrawFn, name: str, *, calls: bool) -> Draft:
    names = [f"n{index}" for index in range(draw(st.integers(2, 7)))]
    targets = st.sampled_from([*names, "done", "gave_up"])
    nodes: dict[str, Draft] = {}
    for node in names:
        chosen = dict(draw(st.sampled_from(NODES if calls else NODES[:-1])))
        nodes[node] = {**chosen, **draw(ways(chosen["type"], targets))}
    nodes["done"] = {"type": "end", "status": "success"}
    nodes["gave_up"] = {"type": "end", "status": "handed_off"}
    return {
        "apiVersion": "minion/v1",
        "kind": "Blueprint",
        "name": name,
        "description": "Drawn.",
        "caps": {"pushes": draw(st.integers(0, 2)), "usd": draw(st.integers(1, 9)), "wall": "1h"},
        "defaults": {"fail": draw(targets)},
        "start": draw(st.sampled_from(names)),
        "nodes": nodes,
    }


@st.composite
def ways(draw: st.DrawFn, of: str, targets: st.SearchStrategy[str]) -> Draft:
    if of == "switch":
        return {"cases": {str(n): draw(targets) for n in draw(st.sets(st.integers(0, 2)))}, "else": draw(targets)}
    mapped = [outcome for outcome in OUTCOMES[of] if outcome in GOOD or draw(st.booleans())]
    visits = draw(st.none() | st.integers(1, 3))
    limits = {} if visits is None else {"limits": {"visits": visits}}
    return {"next": {outcome: draw(targets) for outcome in mapped}, **limits}


def mended(draft: Draft) -> Blueprint | None:
    """The draft as the loader wants it: unreached nodes dropped, cycles bounded. None where that is not enough."""
    for _ in range(40):
        found = load(json.dumps(draft), source="drawn.yml")
        if isinstance(found, Blueprint):
            return found
        unreached = [match[1] for problem in found if (match := UNREACHED.fullmatch(problem.message))]
        cycle = next((match[1] for problem in found if (match := CYCLE.fullmatch(problem.message))), "")
        for name in unreached:
            draft["nodes"].pop(name)
        if not unreached and not (cycle and bound(draft, cycle.split(" → "))):
            return None
    return None


def bound(draft: Draft, cycle: list[str]) -> bool:
    """Gives a node of the cycle a visit cap and, where it has one, its `capped` a way out."""
    for name in cycle:
        node = draft["nodes"][name]
        if node["type"] in {"switch", "end"}:
            continue
        if "limits" in node and node["next"].get("capped") == "gave_up":
            continue
        node["limits"] = {"visits": 2}
        node["next"]["capped"] = "gave_up"
        return True
    return False


@st.composite
def engines(draw: st.DrawFn) -> Engine:
    found = {name: mended(draw(drafts(name, calls=name == "main"))) for name in ("main", "sub")}
    library = {name: blueprint for name, blueprint in found.items() if blueprint is not None}
    assume(len(library) == 2)
    return Engine(library)


def result(data: st.DataObject, outcomes: tuple[str, ...]) -> NodeResult:
    outcome = data.draw(st.sampled_from(outcomes))
    usd = data.draw(st.sampled_from([Decimal(0), Decimal("0.3"), Decimal(2)]))
    return NodeResult(outcome=outcome, usd=usd, wall_s=data.draw(st.sampled_from([0.0, 60.0, 1200.0])))


@given(engines(), st.data())
def test_every_walk_ends_within_its_caps(engine: Engine, data: st.DataObject) -> None:
    favourite = data.draw(st.sampled_from([*sorted(GOOD), "fail", "none", "veto", "capped", "any"]))
    state = engine.start("main", {})
    for _ in range(MOST_STEPS):
        pending = engine.pending(state)
        if isinstance(pending, Ended):
            return
        left = engine.caps_left(state)
        if is_work(pending):
            assert left.usd > 0
            assert left.wall_s > 0
        if isinstance(pending, ActionNode):
            assert pending.uses != "push" or left.pushes > 0
            assert pending.uses != "handoff" or len(state.frames) == 1
        outcomes = OUTCOMES[kind(pending)]
        # The same outcome again and again is the worst that a cycle can meet; costs nothing, so only visits end it.
        if favourite in outcomes:
            state = engine.apply(state, NodeResult(outcome=favourite))
        else:
            state = engine.apply(state, result(data, outcomes))
    raise AssertionError(f"no end within {MOST_STEPS} steps")


@given(engines(), st.data())
def test_json_at_any_step_gives_the_same_end(engine: Engine, data: st.DataObject) -> None:
    kept = engine.start("main", {})
    sent = kept
    while not isinstance(pending := engine.pending(kept), Ended):
        given_result = result(data, OUTCOMES[kind(pending)])
        kept = engine.apply(kept, given_result)
        restored = engine.restore(json.loads(sent.model_dump_json()))
        assert isinstance(restored, State)
        sent = engine.apply(restored, NodeResult.model_validate_json(given_result.model_dump_json()))
        assert sent == kept
    assert kept.spent.pushes <= 2


def test_the_drawn_graphs_are_worth_it() -> None:
    """A draft that needs mending is mended, so that the walks above are not all trivial."""
    draft: Draft = {
        "apiVersion": "minion/v1",
        "kind": "Blueprint",
        "name": "main",
        "description": "Drawn.",
        "defaults": {"fail": "gave_up"},
        "start": "a",
        "nodes": {
            "a": {"type": "agent", "goal": "Try.", "next": {"ok": "b"}},
            "b": {"type": "judge", "criteria": ["is good"], "next": {"pass": "done", "veto": "a"}},
            "c": {"type": "run", "command": "test", "next": "done"},
            "done": {"type": "end", "status": "success"},
            "gave_up": {"type": "end", "status": "handed_off"},
        },
    }
    found = mended(draft)
    assert found is not None
    assert set(found.nodes) == {"a", "b", "done", "gave_up"}
    assert isinstance(assemble({"main": json.dumps(draft)}), dict)
