"""Whatever graph passes the loader ends, under whatever outcomes; no cap is passed; and a state survives JSON.

Graphs are drawn at random and then mended as the loader asks, until it has nothing to say.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal

from hypothesis import assume, given
from hypothesis import strategies as st

from minion.blueprint.engine import Engine, is_work
from minion.blueprint.graph import kind, limits_of
from minion.blueprint.library import assemble
from minion.blueprint.model import ActionNode, Blueprint, MapNode
from minion.blueprint.schema import GOOD, OUTCOMES, RESULTS
from minion.blueprint.state import Ended, NodeResult, Pending, State, Unfit

from .drafts import Draft, read

MOST_STEPS = 3000
UNREACHED = re.compile(r"`(\w+)` is never reached")
CYCLE = re.compile(r"nothing ends the cycle (.+)")

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
    {"type": "map", "over": "${{ nodes.n0.output.items }}", "most": 3},
    {"type": "call", "blueprint": "sub"},
)
FIND: Draft = {"type": "run", "script": "list", "parse": "lines"}
BODY = (*(node for node in NODES if node["type"] in {"agent", "judge", "switch"}), {"type": "run", "command": "test"})
ENDS = ("keep", "skip", "revert")


@st.composite
def drafts(draw: st.DrawFn, name: str, *, calls: bool) -> Draft:
    names = [f"n{index}" for index in range(draw(st.integers(2, 7)))]
    targets = st.sampled_from([*names, "done", "gave_up"])
    nodes: dict[str, Draft] = {}
    for node in names:
        chosen = FIND if node == "n0" else dict(draw(st.sampled_from(NODES if calls else NODES[:-1])))
        body = draw(bodies(node)) if chosen["type"] == "map" else {}
        nodes[node] = {**chosen, **body, **draw(ways(chosen["type"], targets))}
    nodes["done"] = {"type": "end", "status": "success"}
    nodes["gave_up"] = {"type": "end", "status": "handed_off"}
    return {
        "apiVersion": "minion/v1",
        "kind": "Blueprint",
        "name": name,
        "description": "Drawn.",
        "caps": {"pushes": draw(st.integers(0, 2)), "usd": draw(st.integers(1, 9)), "wall": "1h"},
        "defaults": {"fail": draw(targets)},
        "start": "n0",
        "nodes": nodes,
    }


@st.composite
def bodies(draw: st.DrawFn, of: str) -> Draft:
    names = [f"{of}_b{index}" for index in range(draw(st.integers(1, 3)))]
    targets = st.sampled_from([*names, *(f"{of}_{end}" for end in ENDS)])
    nodes: dict[str, Draft] = {}
    for node in names:
        chosen = dict(draw(st.sampled_from(BODY)))
        nodes[node] = {**chosen, **draw(ways(chosen["type"], targets))}
    ends = {f"{of}_{end}": {"type": "end", "status": end} for end in ENDS}
    return {"start": names[0], "nodes": {**nodes, **ends}}


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
        found = read(draft)
        if isinstance(found, Blueprint):
            return found
        unreached = [match[1] for problem in found if (match := UNREACHED.fullmatch(problem.message))]
        cycles = [match[1].split(" → ") for problem in found if (match := CYCLE.fullmatch(problem.message))]
        for name in sorted(unreached, key=len, reverse=True):  # those in bodies first
            around(draft, name).pop(name)
        if not unreached and not (cycles and all(bound(draft, cycle) for cycle in cycles)):
            return None
    return None


def around(draft: Draft, name: str) -> dict[str, Draft]:
    """The nodes among which this one stands."""
    nodes: dict[str, Draft] = draft["nodes"]
    return nodes if name in nodes else nodes[name.partition("_")[0]]["nodes"]


def bound(draft: Draft, cycle: list[str]) -> bool:
    """Gives a node of the cycle a visit cap and, where it has one, its `capped` a way out."""
    for name in cycle:
        node = around(draft, name)[name]
        way_out = "gave_up" if name in draft["nodes"] else None
        if node["type"] in {"switch", "end"}:
            continue
        if "limits" in node and node["next"].get("capped") == way_out:
            continue
        node["limits"] = {"visits": 2}
        node["next"].pop("capped", None)
        node["next"] |= {"capped": way_out} if way_out else {}
        return True
    return False


@st.composite
def libraries(draw: st.DrawFn) -> dict[str, Blueprint]:
    found = {name: mended(draw(drafts(name, calls=name == "main"))) for name in ("main", "sub")}
    library = {name: blueprint for name, blueprint in found.items() if blueprint is not None}
    assume(len(library) == 2)
    return library


def result(data: st.DataObject, pending: Pending, favourite: str = "") -> NodeResult:
    assert not isinstance(pending, Ended)
    outcomes = RESULTS[kind(pending)]
    output = {"items": list("abcde"[: data.draw(st.integers(0, 5))])} if pending.name == "n0" else {}
    # The same outcome again and again is the worst that a cycle can meet; costs nothing, so only visits end it.
    if favourite in outcomes:
        return NodeResult(outcome=favourite, output=output)
    outcome = data.draw(st.sampled_from(outcomes))
    usd = data.draw(st.sampled_from([Decimal(0), Decimal("0.3"), Decimal(2)]))
    wall_s = data.draw(st.sampled_from([0.0, 60.0, 1200.0]))
    return NodeResult(outcome=outcome, output=output, usd=usd, wall_s=wall_s)


def within_limits(state: State, blueprint: Blueprint) -> None:
    """Entries never pass `visits`, and items add up."""
    for name, count in state.frame.visits.items():
        most = limits_of(blueprint.nodes[name]).visits
        assert most is None or count <= most
    at = state.frame.map
    if at is not None:
        around_it = blueprint.nodes[at.node]
        assert isinstance(around_it, MapNode)
        assert at.kept + at.skipped + at.reverted == at.index
        assert all(count <= (limits_of(around_it.nodes[name]).visits or count) for name, count in at.visits.items())
    for name, output in state.frame.outputs.items():
        if isinstance(blueprint.nodes[name], MapNode):
            assert output["count"] == sum(output[part] for part in ("kept", "skipped", "reverted", "left"))
            assert len(output["not_kept"]) == output["reverted"] == len(output["reasons"])


@given(libraries(), st.data())
def test_every_walk_ends_within_its_caps(library: dict[str, Blueprint], data: st.DataObject) -> None:
    engine = Engine(library)
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
        within_limits(state, library[state.frame.blueprint])
        state = engine.apply(state, result(data, pending, favourite))
    raise AssertionError(f"no end within {MOST_STEPS} steps")


@given(libraries(), st.data())
def test_stopping_and_resuming_at_any_step_gives_the_same_end(
    library: dict[str, Blueprint], data: st.DataObject
) -> None:
    """Through JSON, into a new engine."""
    engine = Engine(library)
    kept = engine.start("main", {})
    sent = kept
    for _ in range(60):
        if isinstance(pending := engine.pending(kept), Ended):
            break
        given_result = result(data, pending)
        kept = engine.apply(kept, given_result)
        later = Engine(library)
        restored = later.restore(json.loads(sent.model_dump_json()))
        assert isinstance(restored, State)
        sent = later.apply(restored, NodeResult.model_validate_json(given_result.model_dump_json()))
        assert sent == kept
    assert kept.spent.pushes <= 2


@given(libraries(), st.data())
def test_a_runners_way_is_worked_out_again_from_any_step(library: dict[str, Blueprint], data: st.DataObject) -> None:
    """And a single other outcome on the way is another way."""
    engine = Engine(library)
    states = [engine.start("main", {})]
    while is_work(pending := engine.pending(states[-1])) and len(states) < 40:
        states.append(engine.apply(states[-1], result(data, pending)))
    before, after = states[data.draw(st.integers(0, len(states) - 1))], states[-1]
    sent = engine.restore(json.loads(after.model_dump_json()))
    assert isinstance(sent, State)
    assert engine.replay(before, sent) == after
    dearer = after.model_copy(update={"spent": after.spent.model_copy(update={"usd": after.spent.usd + 1})})
    assert isinstance(engine.replay(before, dearer), Unfit)


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
