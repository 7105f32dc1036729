"""The engine on two blueprints that stay as they are (`pinned/`), and on small ones made to ask one question."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from minion.blueprint.engine import Engine, is_work
from minion.blueprint.library import assemble
from minion.blueprint.model import AgentNode, Blueprint, JudgeNode
from minion.blueprint.state import ContextEntry, Ended, Found, Last, NodeResult, State, Unfit
from minion.domain.errors import UsageError

DO = {"fit": "do", "objective": "o", "paths": [], "done_when": "d", "question": ""}


@pytest.fixture(scope="module")
def library(pinned: dict[str, Blueprint]) -> dict[str, Blueprint]:
    """Not the ones that are shipped: those may change, and what is asked here would not be asked any more."""
    return pinned


@pytest.fixture(scope="module")
def engine(library: dict[str, Blueprint]) -> Engine:
    return Engine(library)


def name_of(engine: Engine, state: State) -> str:
    pending = engine.pending(state)
    return pending.status if isinstance(pending, Ended) else f"{state.frame.blueprint}.{pending.name}"


def go(engine: Engine, state: State, *results: tuple[str, str] | tuple[str, str, dict[str, Any]]) -> State:
    """Applies (node, outcome[, output]) one after the other, and insists that the node is the pending one."""
    for node, outcome, *output in results:
        assert name_of(engine, state).split(".")[-1] == node
        state = engine.apply(state, NodeResult(outcome=outcome, output=output[0] if output else {}))
    return state


def to_checks(engine: Engine) -> State:
    return go(
        engine,
        engine.start("implement", {"issue": 7}),
        ("triage", "ok", DO),
        ("setup", "ok"),
        ("implement", "ok"),
        ("judge", "pass"),
        ("push", "ok", {"sha": "a1", "digest": "d1"}),
        ("open", "ok", {"number": 12, "draft": True}),
    )


def test_green_at_once(engine: Engine) -> None:
    state = go(engine, to_checks(engine), ("checks", "ok"), ("ready", "ok"))
    assert engine.pending(state) == Ended("success", "")
    assert state.spent.pushes == 1


def test_red_then_repaired_by_the_callee(engine: Engine) -> None:
    state = go(engine, to_checks(engine), ("checks", "fail"))
    assert state.frame.inputs == {"pr": 12}
    state = go(engine, state, ("collect", "ok", {"count": 1, "new_information": True}), ("setup", "ok"))
    state = go(engine, state, ("autofix", "fail"), ("repair", "ok"), ("push", "ok"), ("checks", "ok"))
    assert name_of(engine, state) == "implement.ready"
    assert state.frame.outputs["fix"] == {"status": "ok"}
    assert state.spent.pushes == 2


def test_two_pushes_count_over_caller_and_callee(engine: Engine) -> None:
    state = go(engine, to_checks(engine), ("checks", "fail"), ("collect", "ok"), ("setup", "ok"), ("autofix", "ok"))
    state = go(engine, state, ("repair", "ok"), ("push", "ok"), ("checks", "fail", {"why": "still red"}))
    # The failures are collected for the handoff; no repair is paid for that could not be pushed.
    state = go(engine, state, ("collect", "ok"))
    assert name_of(engine, state) == "implement.handoff", "a callee never hands off itself"
    assert state.trouble == Last(blueprint="fix", node="checks", outcome="fail", output={"why": "still red"})
    state = go(engine, state, ("handoff", "ok"))
    assert engine.pending(state) == Ended("handed_off", "fix.checks: fail")


def test_called_by_a_person_fix_hands_off_itself(engine: Engine) -> None:
    state = go(engine, engine.start("fix", {"pr": 3}), ("collect", "fail"))
    assert name_of(engine, state) == "fix.handoff"
    assert name_of(engine, go(engine, state, ("handoff", "ok"))) == "handed_off"


def test_fix_by_a_person_has_two_pushes(engine: Engine) -> None:
    state = engine.start("fix", {"pr": 3})
    for _ in range(2):
        state = go(engine, state, ("collect", "ok"), ("setup", "ok"), ("autofix", "ok"), ("repair", "ok"))
        state = go(engine, state, ("push", "ok"), ("checks", "fail"))
    assert name_of(engine, go(engine, state, ("collect", "ok"))) == "fix.handoff"


def test_nothing_of_ours_fails(engine: Engine) -> None:
    state = go(engine, engine.start("fix", {"pr": 3}), ("collect", "none"), ("not_ours", "ok"))
    assert name_of(engine, state) == "success"


def test_a_failing_handoff_ends_failed(engine: Engine) -> None:
    state = go(engine, engine.start("fix", {"pr": 3}), ("collect", "fail"), ("handoff", "fail"))
    assert engine.pending(state) == Ended("failed", "fix.handoff: fail")


def test_a_question_and_its_answer(engine: Engine) -> None:
    ask = {**DO, "fit": "ask", "question": "Which one?"}
    state = go(engine, engine.start("implement", {"issue": 7}), ("triage", "ok", ask))
    node = engine.pending(state)
    assert engine.arguments(state, node, {}) == {"template": "ask", "text": "Which one?"}  # type: ignore[arg-type]
    state = go(engine, state, ("ask", "ok"), ("reply", "ok"), ("triage", "ok", ask), ("ask", "ok"), ("reply", "ok"))
    # The third entry of a node with `visits: 2` is `capped`, before anything is spent.
    assert name_of(engine, state) == "implement.handoff"
    assert state.trouble == Last(blueprint="implement", node="triage", outcome="capped", output={"cap": "visits"})


def test_declined_and_not_answered(engine: Engine) -> None:
    start = engine.start("implement", {"issue": 7})
    assert name_of(engine, go(engine, start, ("triage", "ok", {**DO, "fit": "decline"}))) == "declined"
    asked = go(engine, start, ("triage", "ok", {**DO, "fit": "ask"}), ("ask", "ok"), ("reply", "timeout"))
    assert engine.pending(asked) == Ended("declined", "")


def test_a_value_beside_the_enum_is_not_obeyed(engine: Engine) -> None:
    state = go(engine, engine.start("implement", {"issue": 7}), ("triage", "ok", {**DO, "fit": "merge it"}))
    assert name_of(engine, state) == "implement.handoff"


@pytest.mark.parametrize(
    ("reason", "then"),
    [("draft_skipped", "undraft"), ("not_configured", "ready"), ("conflict", "handoff"), ("", "handoff")],
)
def test_no_checks(engine: Engine, reason: str, then: str) -> None:
    state = go(engine, to_checks(engine), ("checks", "none", {"reason": reason}))
    assert name_of(engine, state) == f"implement.{then}"


def test_checks_are_waited_for_twice_at_most(engine: Engine) -> None:
    skipped = ("checks", "none", {"reason": "draft_skipped"})
    state = go(engine, to_checks(engine), skipped, ("undraft", "ok"), skipped, ("undraft", "ok"))
    assert name_of(engine, state) == "implement.handoff"


def test_a_veto_goes_back_once(engine: Engine) -> None:
    state = go(engine, engine.start("implement", {"issue": 7}), ("triage", "ok", DO), ("setup", "ok"))
    node = engine.pending(state)
    assert isinstance(node, AgentNode)
    assert "nodes.judge.output" not in [entry.path for entry in engine.context(state, node, {})]
    state = go(engine, state, ("implement", "ok"), ("judge", "veto", {"reasons": ["a.py:3 deletes a test"]}))
    assert engine.context(state, node, {})[-1] == ContextEntry(
        "nodes.judge.output", {"reasons": ["a.py:3 deletes a test"]}, tainted=True
    )
    state = go(engine, state, ("implement", "ok"), ("judge", "veto"))
    assert name_of(engine, state) == "implement.handoff"


def test_money_is_counted_and_capped(engine: Engine) -> None:
    state = engine.start("implement", {"issue": 7})
    state = engine.apply(state, NodeResult(outcome="ok", output=DO, usd=Decimal("6.01"), wall_s=5))
    assert name_of(engine, state) == "implement.handoff"
    assert state.last == Last(blueprint="implement", node="setup", outcome="capped", output={"cap": "usd"})
    assert engine.caps_left(state).usd == 0


def test_a_person_may_lower_the_price(engine: Engine) -> None:
    state = engine.start("implement", {"issue": 7}, max_usd=Decimal(3))
    assert engine.caps_left(state).usd == 3
    state = engine.apply(state, NodeResult(outcome="ok", output=DO, usd=Decimal(2)))
    assert engine.caps_left(state).usd == 1


def test_time_is_counted_and_capped(engine: Engine) -> None:
    state = engine.start("implement", {"issue": 7})
    state = engine.apply(state, NodeResult(outcome="ok", output=DO, wall_s=3 * 3600))
    assert state.last == Last(blueprint="implement", node="setup", outcome="capped", output={"cap": "wall"})


def test_a_callee_has_the_least_of_all_caps(engine: Engine) -> None:
    state = engine.start("implement", {"issue": 7})
    for outcome, usd in (("ok", "0.5"), ("ok", "0"), ("ok", "3"), ("pass", "0"), ("ok", "0"), ("ok", "0")):
        output = DO if state.frame.node == "triage" else {"number": 12}
        state = engine.apply(state, NodeResult(outcome=outcome, output=output, usd=Decimal(usd)))
    state = go(engine, state, ("checks", "fail"))
    left = engine.caps_left(state)
    assert (left.pushes, left.usd) == (1, Decimal("2.5")), "fix alone would allow 2 pushes and 4 dollars"


def test_prepare_runs_again_in_every_round(engine: Engine) -> None:
    start = engine.start("implement", {"issue": 7})
    assert engine.prepare_nodes(start) == []
    at_setup = go(engine, start, ("triage", "ok", DO))
    assert engine.prepare_nodes(at_setup) == [], "it is pending, so it runs anyway"
    at_work = go(engine, at_setup, ("setup", "ok"))
    assert [node.name for node in engine.prepare_nodes(at_work)] == ["setup"]
    red = go(engine, to_checks(engine), ("checks", "fail"), ("collect", "ok"))
    assert name_of(engine, red) == "fix.setup"
    assert engine.prepare_nodes(red) == [], "the callee's own set-up does the same"
    repairing = go(engine, red, ("setup", "ok"), ("autofix", "ok"))
    assert [node.name for node in engine.prepare_nodes(repairing)] == ["setup"]


def test_gates(engine: Engine) -> None:
    state = go(engine, engine.start("implement", {"issue": 7}), ("triage", "ok", DO), ("setup", "ok"))
    node = engine.pending(state)
    assert isinstance(node, AgentNode)
    assert [(gate.name, gate.command) for gate in engine.gate_nodes(state, node)] == [
        ("lint", "lint"),
        ("test", "test"),
    ]


def test_work_and_effects(engine: Engine) -> None:
    state = engine.start("implement", {"issue": 7})
    assert is_work(engine.pending(state))
    assert not is_work(engine.pending(to_checks(engine)))
    assert not is_work(Ended("success", ""))


def test_lookups_and_their_taint(engine: Engine) -> None:
    state = go(engine, engine.start("implement", {"issue": 7}), ("triage", "ok", {**DO, "question": "q"}))
    facts = {"task.spec": "text", "task.title": Found("mine", tainted=False), "task.number": "7; rm"}
    look = lambda path: engine.lookup(state, path, facts)  # noqa: E731
    assert look("inputs.issue") == Found(7, tainted=False)
    assert look("nodes.triage.output.fit") == Found("do", tainted=False)
    assert look("nodes.triage.output.question") == Found("q", tainted=True)
    assert look("nodes.triage.output") == Found({**DO, "question": "q"}, tainted=True)
    assert look("task.spec") == Found("text", tainted=True)
    assert look("task.title") == Found("mine", tainted=False), "the host knows who wrote it"
    assert look("task.number") == Found("7; rm", tainted=True), "not the integer that it should be"
    assert look("caps.pushes_left") == Found(2, tainted=False)
    for absent in ("nodes.judge.output?", "nodes.judge.output.reasons", "repo.map", "nodes.x.output", "secrets.key"):
        assert look(absent) is None


def test_inputs_are_taken_and_refused(engine: Engine) -> None:
    assert engine.start("implement", {"issue": 7, "pr": 9, "text": "more"}).frame.inputs == {"issue": 7}
    for name, inputs in (("implement", {}), ("implement", {"issue": "7"}), ("implement", {"issue": True}), ("x", {})):
        with pytest.raises(UsageError):
            engine.start(name, inputs)


def test_an_outcome_of_another_type_is_a_bug(engine: Engine) -> None:
    state = engine.start("implement", {"issue": 7})
    with pytest.raises(ValueError, match="does not belong"):
        engine.apply(state, NodeResult(outcome="veto"))
    with pytest.raises(ValueError, match="does not belong"):
        engine.apply(go(engine, to_checks(engine), ("checks", "ok"), ("ready", "ok")), NodeResult(outcome="ok"))


def test_a_state_must_fit_its_library(engine: Engine, library: dict[str, Blueprint]) -> None:
    state = to_checks(engine)
    assert engine.restore(state.model_dump(mode="json")) == state
    changed = assemble({"fix": "", "implement": ""})
    assert not isinstance(changed, dict)
    assert isinstance(Engine({"implement": library["implement"]}).check(state), Unfit), "a callee is gone"
    other = state.model_copy(update={"digests": {**state.digests, "fix": "0" * 64}})
    assert engine.check(other) == Unfit("the blueprint `fix` has changed since the task began")
    for node in ("nowhere", "route", "done", "fix", "lint_"):
        frame = state.frame.model_copy(update={"node": node})
        assert isinstance(engine.check(state.model_copy(update={"frames": (frame,)})), Unfit)
    for broken in ({}, {"frames": []}, {**state.model_dump(mode="json"), "more": 1}):
        assert isinstance(engine.restore(broken), Unfit)


def worked(engine: Engine) -> tuple[State, State]:
    before = go(engine, engine.start("implement", {"issue": 7}), ("triage", "ok", DO))
    return before, go(engine, before, ("setup", "ok"), ("implement", "ok"), ("judge", "pass"))


def test_a_round_is_worked_out_again(engine: Engine) -> None:
    before, after = worked(engine)
    sent = State.model_validate_json(after.model_dump_json())
    assert engine.replay(before, sent) == after


def test_a_runner_cannot_say_where_the_task_stands(engine: Engine) -> None:
    before, after = worked(engine)
    pushed = engine.apply(after, NodeResult(outcome="ok"))
    richer = after.model_copy(
        update={"spent": after.spent.model_copy(update={"usd": Decimal(0), "pushes": 0, "wall_s": 9})}
    )
    moved = after.model_copy(update={"frames": (after.frame.model_copy(update={"node": "ready"}),)})
    shorter = after.model_copy(update={"log": after.log[1:]})
    priced = after.model_copy(update={"max_usd": Decimal(90)})
    for forged in (pushed, richer, moved, shorter, priced, before.model_copy(update={"ended": "success"})):
        assert isinstance(engine.replay(before, forged), Unfit)


def test_judges_see_the_diff(engine: Engine) -> None:
    state = go(
        engine, engine.start("implement", {"issue": 7}), ("triage", "ok", DO), ("setup", "ok"), ("implement", "ok")
    )
    judge = engine.pending(state)
    assert isinstance(judge, JudgeNode)
    entries = engine.context(state, judge, {"workspace.diff": "+1", "task.spec": {"title": "t"}})
    assert [entry.path for entry in entries] == ["task.spec", "nodes.triage.output", "workspace.diff"]


def test_a_third_push_is_never_pending() -> None:
    text = (
        "apiVersion: minion/v1\nkind: Blueprint\nname: three\ndescription: Three pushes.\ndefaults: {fail: handoff}\n"
        "start: one\nnodes:\n  one: {type: action, uses: push, next: two}\n"
        "  two: {type: action, uses: push, next: three}\n"
        "  three: {type: action, uses: push, next: done}\n  handoff: {type: action, uses: handoff, next: gave_up}\n"
        "  done: {type: end, status: success}\n  gave_up: {type: end, status: handed_off}\n"
    )
    library = assemble({"three": text})
    assert isinstance(library, dict)
    engine = Engine(library)
    state = go(engine, engine.start("three", {}), ("one", "ok"), ("two", "ok"))
    assert name_of(engine, state) == "three.handoff"
    assert state.last == Last(blueprint="three", node="three", outcome="capped", output={"cap": "pushes"})


def test_a_runner_cannot_say_that_it_pushed(engine: Engine) -> None:
    before, _ = worked(engine)
    after = engine.apply(before, NodeResult(outcome="ok", pushes=1))
    assert engine.replay(before, after) == Unfit("`implement.setup` was not a runner's to execute")


def test_a_runner_cannot_change_the_past(engine: Engine) -> None:
    before, after = worked(engine)
    cheaper = before.log[0].model_copy(update={"result": NodeResult(outcome="ok", output={**DO, "fit": "ask"})})
    forged = after.model_copy(update={"log": (cheaper, *after.log[1:])})
    assert engine.replay(before, forged) == Unfit("the log does not begin with what was known")
