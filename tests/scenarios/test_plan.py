"""`/minion plan`: nothing is done before a person has read how, and agrees."""

from __future__ import annotations

from typing import Any

from tests.scenarios.project import (
    add_notes,
    add_test,
    call,
    conversation,
    finish,
    implement,
    judge,
    mend_code,
    triage,
    turn,
)
from tests.scenarios.universe import Snapshot, Universe, wait

Json = dict[str, Any]
GOAL = "write the plan for what the spec asks for"
FIRST = "1. `add()` adds.\n2. A test shows it."
SECOND = f"{FIRST}\n3. The notes name it."


def planned(plan: str, *beside: str, lacks: tuple[str, ...] = ()) -> Json:
    read = [call("read", path="calc.py")]
    made = conversation("plan", GOAL, turn(*read), turn(finish("A plan.", output={"fit": "do", "plan": plan})))
    made["match"] |= {"contains": [GOAL, *beside], "lacks": list(lacks)}
    return made


def understood(wants: str) -> Json:
    """Looks at the thread and says what its newest entry wants."""
    reads = turn(call("task", names=["task.thread"]))
    return conversation("read", "answers the plan", reads, turn(finish("Read.", output={"wants": wants})))


def test_planned_changed_and_carried_out(universe: Universe, snapshot: Snapshot) -> None:
    repository = universe.repository()
    first = planned(FIRST, lacks=("nodes.plan.output",))
    universe.play(first, planned(SECOND, "nodes.plan.output"), understood("change"))
    number = repository.issue()
    universe.bob.comment(repository.name, number, "/minion plan")
    repository.await_comment(number, "A test shows it.")
    wait(lambda: repository.tasks() == ["awaiting_reply"], "the question")
    universe.mallory.comment(repository.name, number, "go")
    universe.bob.comment(repository.name, number, "The notes, too.")
    repository.await_comment(number, "The notes name it.")
    wait(lambda: repository.tasks() == ["awaiting_reply"], "the second question")
    assert repository.pulls() == []
    work = implement(mend_code(), add_test(), add_notes())
    work["match"]["contains"].append("inputs.plan")
    universe.play(understood("go"), triage(), work, judge())
    universe.bob.comment(repository.name, number, "Now go.")
    assert repository.ended(number) == "minion-done"
    [pull] = repository.pulls()
    assert repository.conclusions(pull["head"]["sha"]) == {"test": "success", "notes": "success"}
    snapshot(repository)
