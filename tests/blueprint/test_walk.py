from __future__ import annotations

import pytest

from minion.blueprint.engine import Engine
from minion.blueprint.model import Blueprint
from minion.blueprint.state import NodeResult
from minion.blueprint.walk import walk

DO = NodeResult(outcome="ok", output={"fit": "do"})


@pytest.fixture(scope="module")
def engine(pinned: dict[str, Blueprint]) -> Engine:
    return Engine(pinned)


def result(outcome: str) -> NodeResult:
    return NodeResult(outcome=outcome)


def test_all_goes_well(engine: Engine) -> None:
    found = walk(engine, engine.start("implement", {"issue": 1}), {"triage": [DO]})
    nodes = [stop.node for stop in found.stops]
    assert nodes == ["triage", "setup", "implement", "judge", "push", "open", "checks", "ready"]
    assert found.state.ended == "success"
    assert found.unused == ()


def test_outcomes_by_visit_and_by_blueprint(engine: Engine) -> None:
    script = {
        "triage": [DO],
        "judge": [result("veto"), result("pass")],
        "open": [NodeResult(outcome="ok", output={"number": 2})],
        "implement.checks": [result("fail")],
        "fix.checks": [result("fail")],
        "nowhere": [result("ok")],
    }
    found = walk(engine, engine.start("implement", {"issue": 1}), script)
    said = [str(stop) for stop in found.stops]
    assert said.count("implement.implement: ok") == 2
    assert said[-3:] == ["fix.checks: fail", "fix.collect: ok", "implement.handoff: ok"]
    assert found.state.ended == "handed_off"
    assert found.state.spent.pushes == 2
    assert found.unused == ("nowhere",)
