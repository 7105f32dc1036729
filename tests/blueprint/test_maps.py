"""The same nodes for each item of a list."""

from __future__ import annotations

import json
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minion.blueprint.engine import Engine, is_work
from minion.blueprint.graph import kind
from minion.blueprint.library import assemble
from minion.blueprint.model import AgentNode, MapNode, RunNode
from minion.blueprint.schema import RESULTS
from minion.blueprint.state import Ended, Last, MapStep, NodeResult, State, Unfit

HEAD = """\
apiVersion: minion/v1
kind: Blueprint
name: each
description: Something for each file.
caps: {pushes: 1, usd: 5, wall: 1h}
defaults: {fail: gave_up}
start: find
nodes:
  find: {type: run, script: list files, parse: lines, next: {ok: each, fail: idle, capped: each}}
"""
TAIL = """\
  idle: {type: end, status: declined}
  done: {type: end, status: success}
  gave_up: {type: end, status: handed_off}
"""
EACH = """\
  each:
    type: map
    over: ${{ nodes.find.output.items }}
    most: 5
    start: annotate
    limits: {visits: 1}
    nodes:
      annotate:
        type: agent
        goal: Annotate.
        context: [item, task.spec, nodes.find.output.count, nodes.check.output?]
        tools: [read, edit]
        gate: [lint, types]
        output:
          type: object
          additionalProperties: false
          required: [worth, note]
          properties: {worth: {type: boolean}, note: {type: string}}
        limits: {visits: 2}
        next: route
      route: {type: switch, value: '${{ nodes.annotate.output.worth }}', cases: {true: check, false: skip}}
      check: {type: run, argv: [mypy], env: {FILE: '${{ item }}'}, next: {ok: kept, fail: annotate}}
      types: {type: run, script: mypy "$FILE", env: {FILE: '${{ item }}'}, gate_only: true}
      kept: {type: end, status: keep}
      skip: {type: end, status: skip}
    next: {ok: report, none: idle}
  lint: {type: run, command: lint, gate_only: true}
  report: {type: action, uses: comment, with: {text: '${{ nodes.each.output.not_kept }}'}, next: done}
"""
YES: dict[str, Any] = {"worth": True, "note": "long text " * 30}
NO: dict[str, Any] = {"worth": False, "note": ""}


def engine_of(*parts: str) -> Engine:
    library = assemble({"each": HEAD + "".join(parts) + TAIL})
    assert isinstance(library, dict), "\n".join(map(str, library))
    return Engine(library)


@pytest.fixture(scope="module")
def engine() -> Engine:
    return engine_of(EACH)


SAID = (
    "",
    " \n---\n",
    "=== 3 ===\n1 passed\nE   it failed\n",
    "\x1b[1mx\0y\u202e" * 200,
    "7" * 400 + "a",
    7,
    None,
    ["x"],
    "é",
)


def at(engine: Engine, *items: Any) -> State:
    state = engine.start("each", {})
    return engine.apply(state, NodeResult(outcome="ok", output={"items": list(items), "count": len(items)}))


def where(engine: Engine, state: State) -> str:
    pending = engine.pending(state)
    if isinstance(pending, Ended):
        return pending.status
    return f"{engine.map_step(state).phase} {engine.map_step(state).item}" if pending.name == "each" else pending.name


def go(engine: Engine, state: State, *told: tuple[Any, ...]) -> State:
    """(where, outcome[, output[, usd]]) one after the other."""
    for place, outcome, *rest in told:
        assert where(engine, state) == place
        output, usd = [*rest, *({}, "0")[len(rest) :]]
        state = engine.apply(state, NodeResult(outcome=outcome, output=output, usd=Decimal(usd)))
    return state


def kept(item: str) -> tuple[tuple[Any, ...], ...]:
    return (f"begin {item}", "ok"), ("annotate", "ok", YES), ("check", "ok", {"text": "all " * 50})


def skipped(item: str) -> tuple[tuple[Any, ...], ...]:
    return (f"begin {item}", "ok"), ("annotate", "ok", NO), (f"undo {item}", "ok")


def reverted(item: str) -> tuple[tuple[Any, ...], ...]:
    return (f"begin {item}", "ok"), ("annotate", "stuck"), (f"undo {item}", "ok")


def test_items_are_kept_skipped_and_reverted(engine: Engine) -> None:
    state = go(engine, at(engine, "a", "b", "c"), *kept("a"), *skipped("b"), *reverted("c"))
    assert where(engine, state) == "report"
    assert state.frame.outputs["each"] == {
        "count": 3, "kept": 1, "skipped": 1, "reverted": 1, "left": 0, "not_kept": ["c"],
        "reasons": ["c: `annotate` ended with stuck"],
    }  # fmt: skip
    assert state.frame.map is None
    assert state.trouble is None, "what went wrong for an item is the map's to say"


def test_nothing_to_do_and_nothing_kept_are_none(engine: Engine) -> None:
    assert where(engine, at(engine)) == "declined"
    assert where(engine, go(engine, at(engine, "a", "b"), *skipped("a"), *reverted("b"))) == "declined"


def test_a_map_is_work_and_says_what_it_waits_for(engine: Engine) -> None:
    state = at(engine, "a", "b")
    node = engine.pending(state)
    assert isinstance(node, MapNode)
    assert is_work(node)
    assert engine.map_step(state) == MapStep("begin", 0, 2, "a")
    state = go(engine, state, *skipped("a")[:-1])
    assert engine.map_step(state) == MapStep("undo", 0, 2, "a")
    with pytest.raises(TypeError):
        engine.map_step(go(engine, state, ("undo a", "ok"), ("begin b", "ok")))


def test_items_beyond_the_most_are_left(engine: Engine) -> None:
    items = "abcdefg"
    state = at(engine, *items)
    assert engine.map_step(state).count == 5
    state = go(engine, state, *(step for item in items[:5] for step in kept(item)))
    assert state.frame.outputs["each"]["left"] == 2
    assert state.frame.outputs["each"]["count"] == 7


def test_visits_count_for_each_item_anew(engine: Engine) -> None:
    twice = (*kept("a")[:2], ("check", "fail"), ("annotate", "ok", YES), ("check", "fail"))
    state = go(engine, at(engine, "a", "b"), *twice, ("undo a", "ok"), *kept("b")[:2], ("check", "fail"))
    assert where(engine, state) == "annotate", "its third visit of all, the second one for this item"


def test_an_item_sees_itself_and_what_ran_before(engine: Engine) -> None:
    state = go(engine, at(engine, "a", "b"), *kept("a")[:2], ("check", "fail", {"text": "1 error"}))
    node = engine.pending(state)
    assert isinstance(node, AgentNode)
    seen = {entry.path: (entry.value, entry.tainted) for entry in engine.context(state, node, {"task.spec": "s"})}
    assert seen == {
        "item": ("a", True),
        "task.spec": ("s", True),
        "nodes.find.output.count": (2, False),
        "nodes.check.output": ({"text": "1 error"}, True),
    }
    assert [gate.name for gate in engine.gate_nodes(state, node)] == ["lint", "types"]
    assert engine.environment(state, engine.gate_nodes(state, node)[1]) == {"FILE": "a"}
    state = go(engine, state, ("annotate", "ok", NO), ("undo a", "ok"), ("begin b", "ok"))
    seen_next = [entry.path for entry in engine.context(state, node, {})]
    assert seen_next == ["item", "nodes.find.output.count"], "what nodes said of the last item is forgotten"
    assert engine.lookup(at(engine, "a"), "item", {}) is None


def test_environment_of_a_command(engine: Engine) -> None:
    state = go(engine, at(engine, "a b\0;rm"), ("begin a b\0;rm", "ok"), ("annotate", "ok", YES))
    node = engine.pending(state)
    assert isinstance(node, RunNode)
    assert engine.environment(state, node) == {"FILE": "a b;rm"}


def test_a_spent_budget_leaves_the_rest(engine: Engine) -> None:
    state = go(engine, at(engine, "a", "b", "c"), *kept("a"), ("begin b", "ok"), ("annotate", "ok", YES, "5"))
    assert where(engine, state) == "undo b", "no check could be paid for"
    state = go(engine, state, ("undo b", "ok"))
    assert where(engine, state) == "report"
    assert state.frame.outputs["each"] == {
        "count": 3, "kept": 1, "skipped": 0, "reverted": 1, "left": 1, "not_kept": ["b"],
        "reasons": ["b: the task's cap of usd was reached"],
    }  # fmt: skip


def test_a_budget_spent_by_the_last_node_of_an_item_leaves_the_rest(engine: Engine) -> None:
    state = go(engine, at(engine, "a", "b"), *kept("a")[:2], ("check", "ok", {}, "5"))
    assert where(engine, state) == "report"
    assert (state.frame.outputs["each"]["kept"], state.frame.outputs["each"]["left"]) == (1, 1)


def test_a_map_is_not_entered_without_money(engine: Engine) -> None:
    found = NodeResult(outcome="ok", output={"items": ["a"]}, usd=Decimal(5))
    state = engine.apply(engine.start("each", {}), found)
    assert state.last == Last(blueprint="each", node="each", outcome="capped", output={"cap": "usd"})
    assert where(engine, state) == "handed_off"


def test_visits_of_a_map() -> None:
    again = EACH.replace("{ok: report, none: idle}", "{ok: find, none: idle, capped: report}").replace(
        "each.output", "each.output", 1
    )
    engine = engine_of(again)
    state = go(engine, at(engine, "a"), *kept("a"))
    assert where(engine, state) == "find"
    state = engine.apply(state, NodeResult(outcome="ok", output={"items": ["a"]}))
    assert where(engine, state) == "report"
    assert state.last is not None
    assert state.last.output == {"cap": "visits"}


@pytest.mark.parametrize("phase", ["begin", "undo"])
def test_a_step_that_the_host_cannot_take_ends_the_map(engine: Engine, phase: str) -> None:
    before = () if phase == "begin" else skipped("b")[:-1]
    state = go(engine, at(engine, "a", "b", "c"), *kept("a"), *before, (f"{phase} b", "fail"))
    assert where(engine, state) == "report"
    assert state.frame.outputs["each"] == {
        "count": 3, "kept": 1, "skipped": 0, "reverted": 1, "left": 1, "not_kept": ["b"],
        "reasons": [f"b: the working copy could not be {'marked' if phase == 'begin' else 'put back'}"],
    }  # fmt: skip


def reason_of(engine: Engine, *told: tuple[Any, ...]) -> str:
    begun = at(engine, "a.py")
    state = go(engine, begun, ("begin a.py", "ok"), *told, ("undo a.py", "ok"))
    assert engine.replay(begun, engine.restore(json.loads(state.model_dump_json()))) == state  # type: ignore[arg-type]
    [found] = state.frame.outputs["each"]["reasons"]
    return str(found)


def test_why_an_item_was_reverted(engine: Engine) -> None:
    asked = {"blocked": True, "question": "May it go?\nOr not?"}
    assert reason_of(engine, ("annotate", "fail", asked)) == "a.py: `annotate` ended with fail: May it go?"
    errors = {"exit_code": 1, "text": "=== checks ===\n2 files\n  b.py:1: error: no type\nb.py:2: error: none\n"}
    twice = (("annotate", "ok", YES), ("check", "fail", errors), ("annotate", "ok", YES), ("check", "fail", errors))
    assert reason_of(engine, *twice) == "a.py: `annotate` ended with capped: b.py:1: error: no type"
    long = reason_of(engine, ("annotate", "stuck", {"reason": "x" * 400}))
    assert len(long) == len("a.py: `annotate` ended with stuck: ") + 240
    assert reason_of(engine, ("annotate", "stuck", {"text": 7, "summary": "...", "reason": "\x1b[31mred\u202e\n"})) == (
        "a.py: `annotate` ended with stuck: [31mred"
    )


def test_a_reason_names_any_item_and_is_short(engine: Engine) -> None:
    wide = {"path": "a.py", "why": "x" * 500}
    state = go(engine, at(engine, wide, ["b"]), (f"begin {wide}", "ok"), ("annotate", "stuck", {"text": "y" * 500}))
    state = go(
        engine, state, (f"undo {wide}", "ok"), ("begin ['b']", "ok"), ("annotate", "stuck"), ("undo ['b']", "ok")
    )
    first, second = state.frame.outputs["each"]["reasons"]
    assert first.startswith('{"path": "a.py", "why": "xxx')
    assert len(first) == 300
    assert second == "b: `annotate` ended with stuck"


def test_what_is_no_list_is_nothing_to_do(engine: Engine) -> None:
    for output in ({}, {"items": None}, {"items": "a"}, {"items": {"a": 1}}):
        state = engine.apply(engine.start("each", {}), NodeResult(outcome="ok", output=output))
        assert where(engine, state) == "declined"


def test_at_most_a_hundred_are_named() -> None:
    engine = engine_of(EACH.replace("most: 5", "most: 200"))
    items = [str(number) for number in range(150)]
    state = go(engine, at(engine, *items), *(step for item in items for step in reverted(item)))
    assert state.frame.outputs["each"]["reverted"] == 150
    assert state.frame.outputs["each"]["not_kept"] == items[:100]
    assert len(state.frame.outputs["each"]["reasons"]) == 100
    assert engine.replay(at(engine, *items), state) == state


def long_way(engine: Engine) -> list[State]:
    told = (*kept("a"), *skipped("b"), *kept("c")[:2], ("check", "fail"), ("annotate", "fail"), ("undo c", "ok"))
    states = [at(engine, "a", "b", "c")]
    for step in told:
        states.append(go(engine, states[-1], step))
    return states


def test_a_round_may_stop_anywhere_and_is_worked_out_again(engine: Engine) -> None:
    states = long_way(engine)
    for begin, before in enumerate(states):
        for after in states[begin:]:
            sent = engine.restore(json.loads(after.model_dump_json()))
            assert isinstance(sent, State)
            assert engine.replay(before, sent) == after


def test_a_runner_cannot_say_how_many_it_kept(engine: Engine) -> None:
    states = long_way(engine)
    before, after = states[4], states[-1]
    assert before.frame.map is not None
    frame = after.frame.model_copy(update={"outputs": {**after.frame.outputs, "each": {"kept": 9}}})
    longer = after.model_copy(update={"log": after.log[:-1]})
    other = after.log[4].model_copy(update={"result": NodeResult(outcome="ok", output={"worth": True})})
    past = after.model_copy(update={"log": (*after.log[:2], other, *after.log[3:])})
    fuller = after.model_copy(
        update={
            "log": (*after.log[:2], after.log[2].model_copy(update={"result": NodeResult(outcome="ok", output=YES)}))
        }
    )
    for forged in (after.model_copy(update={"frames": (frame,)}), longer, past, fuller):
        assert isinstance(engine.replay(before, forged), Unfit)


def test_a_state_within_a_map_must_fit(engine: Engine) -> None:
    state = long_way(engine)[2]
    place = state.frame.map
    assert place is not None
    assert engine.check(state) is None

    def placed(node: str = state.frame.node, **changes: Any) -> State:
        frame = state.frame.model_copy(update={"node": node, "map": place.model_copy(update=changes)})
        return state.model_copy(update={"frames": (frame,)})

    wrong = [placed(index=3), placed(total=4), placed(node="done"), placed(phase="undo"), placed(node="each")]
    wrong += [placed(node="annotate").model_copy(update={"frames": (state.frame.model_copy(update={"map": None}),)})]
    lost = state.frame.model_copy(update={"outputs": {}})
    for each in (*wrong, state.model_copy(update={"frames": (lost,)})):
        assert isinstance(engine.check(each), Unfit)


def test_the_log_of_an_item_keeps_what_led_on(engine: Engine) -> None:
    state = go(engine, at(engine, "a", "b"), *kept("a"))
    assert [(step.node, step.result.output) for step in state.log][1:] == [
        ("each", {}),
        ("annotate", {"worth": True}),
        ("check", {}),
    ]


@given(st.lists(st.text(max_size=3), max_size=8), st.randoms(use_true_random=True))
def test_any_way_through_items_ends_adds_up_and_is_worked_out_again(items: list[str], chance: Random) -> None:
    """Through JSON into a new engine at each step."""
    engine = engine_of(EACH)
    begin = state = at(engine, *items)
    states = [begin]
    while is_work(pending := engine.pending(state)):
        assert not isinstance(pending, Ended)
        outcome = chance.choice(("ok", "ok", *RESULTS[kind(pending)]))
        said = {name: chance.choice(SAID) for name in ("text", "summary", "reason") if chance.random() < 0.5}
        output = {"worth": chance.random() < 0.7, **said}
        told = NodeResult(outcome=outcome, output=output, usd=Decimal(chance.choice((0, 1))))
        state = engine.apply(state, told)
        sent = Engine(engine._library).restore(json.loads(state.model_dump_json()))
        assert sent == state
        states.append(state)
        assert len(states) < 200
    if items:
        output = state.frame.outputs["each"]
        assert output["count"] == len(items) == sum(output[part] for part in ("kept", "skipped", "reverted", "left"))
        assert len(output["not_kept"]) == output["reverted"] == len(output["reasons"])
    assert engine.replay(chance.choice(states), state) == state
