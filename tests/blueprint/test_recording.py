"""What was recorded of a task is walked again, with the same blueprint and with a changed one."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from minion.blueprint.engine import Engine
from minion.blueprint.graph import kind
from minion.blueprint.library import assemble
from minion.blueprint.model import Blueprint, Node
from minion.blueprint.problem import Problem
from minion.blueprint.recording import Recording, as_walks, cleaned, load_recording, record, replay
from minion.blueprint.sample import good_result
from minion.blueprint.scenario import Walks, follow, load_walks
from minion.blueprint.schema import RESULTS
from minion.blueprint.state import NodeResult
from minion.blueprint.walk import paces, walk
from minion.blueprint_cli import blueprint
from minion.domain.errors import UsageError

WHEN = "2026-01-02T03:04:05+00:00"
TEXT = """\
apiVersion: minion/v1
kind: Blueprint
name: bump
description: Bump it.
inputs: {issue: {type: integer, required: true}}
defaults: {fail: handoff}
start: plan
nodes:
  plan:
    type: agent
    goal: Say what to do.
    output: {type: object, additionalProperties: false, properties: {fit: {enum: [do, drop]}}}
    next: route
  route: {type: switch, value: '${{ nodes.plan.output.fit }}', cases: {do: find}, else: dropped}
  find: {type: run, argv: [git, ls-files], parse: lines, next: each}
  each:
    type: map
    over: ${{ nodes.find.output.items }}
    start: mend
    nodes:
      mend: {type: agent, goal: Mend it., context: [item], next: {ok: kept, fail: undo}}
      kept: {type: end, status: keep}
      undo: {type: end, status: revert}
    next: {ok: push, none: dropped}
  push: {type: action, uses: push, limits: {visits: 2}, next: {ok: checks, none: dropped}}
  checks: {type: wait, event: checks.settled, limits: {visits: 2}, next: {ok: done, fail: plan_again}}
  plan_again: {type: agent, goal: Mend the checks., limits: {visits: 1}, next: push}
  handoff: {type: action, uses: handoff, next: gave_up}
  done: {type: end, status: success}
  dropped: {type: end, status: declined}
  gave_up: {type: end, status: handed_off}
"""
LONG = "x" * 500


def library_of(text: str) -> dict[str, Blueprint]:
    library = assemble({"bump": text})
    assert isinstance(library, dict), "\n".join(map(str, library))
    return library


@pytest.fixture(scope="module")
def recording() -> Recording:
    """Three files, one of them reverted; red, then green."""
    library = library_of(TEXT)
    engine = Engine(library)
    script = {
        "plan": [NodeResult(outcome="ok", output={"fit": "do", "summary": LONG}, usd=Decimal("0.25"), wall_s=10)],
        "find": [NodeResult(outcome="ok", output={"items": ["a", "b", "c"], "count": 3})],
        "mend": [NodeResult(outcome=one, usd=Decimal("0.5")) for one in ("ok", "fail", "ok")],
        "checks": [NodeResult(outcome="fail"), NodeResult(outcome="ok")],
    }
    done = walk(engine, engine.start("bump", {"issue": 7}), script)
    assert done.state.ended == "success"
    return record(library, done.state, WHEN)


def cli(*arguments: str | Path) -> Result:
    return CliRunner().invoke(blueprint, ["test", *map(str, arguments)])


def test_it_survives_its_file(recording: Recording) -> None:
    text = str(recording)
    assert all(json.loads(line) for line in text.splitlines())
    assert load_recording(text.encode(), source="r") == recording
    visits = [(step.node, step.visit, step.outcome) for step in recording.steps if step.node == "mend"]
    assert visits == [("mend", 1, "ok"), ("mend", 2, "fail"), ("mend", 3, "ok")]
    assert {step.type for step in recording.steps} == {"agent", "run", "map", "action", "wait"}
    assert recording.header.spent.usd == Decimal("1.75")
    assert recording.header.inputs == {"issue": 7}


def test_unchanged_it_goes_the_same_way(recording: Recording) -> None:
    found = replay(Engine(library_of(TEXT)), recording)
    assert [str(pace.stop) for pace in found.paces] == [str(step) for step in recording.steps]
    assert (found.assumed, found.unused) == ((), ())
    assert found.state.spent == recording.header.spent
    assert found.same_end(recording)


@given(st.data())
def test_whatever_happened_goes_the_same_way_again(data: st.DataObject) -> None:
    library = library_of(TEXT)
    engine = Engine(library)

    def answer(_: str, node: Node, visit: int) -> NodeResult:
        outcome = data.draw(st.sampled_from(RESULTS[kind(node)]), label=f"{node.name} {visit}")
        good = good_result(node)
        return good if outcome == good.outcome else NodeResult(outcome=outcome)

    start = engine.start("bump", {"issue": 1})
    walked = list(paces(engine, start, answer))
    made = load_recording(str(record(library, walked[-1].after, WHEN)), source="r")
    assert isinstance(made, Recording)
    found = replay(engine, made)
    assert [pace.stop.place for pace in found.paces] == [pace.stop.place for pace in walked]
    assert found.state == walked[-1].after
    assert (found.assumed, found.unused) == ((), ())


def test_a_new_node_is_assumed_to_go_well(recording: Recording) -> None:
    changed = TEXT.replace("{ok: push, none: dropped}", "{ok: review, none: dropped}").replace(
        "  push: {", "  review: {type: judge, criteria: [is good], next: {pass: push}}\n  push: {"
    )
    found = replay(Engine(library_of(changed)), recording)
    assert [str(pace.stop) for pace in found.assumed] == ["bump.review: pass"]
    assert found.unused == ()
    assert found.same_end(recording)


def test_a_node_that_changed_its_type_has_no_recorded_result(recording: Recording) -> None:
    changed = TEXT.replace("{type: agent, goal: Mend the checks., limits", "{type: run, command: format, limits")
    found = replay(Engine(library_of(changed)), recording)
    assert [str(pace.stop) for pace in found.assumed] == ["bump.plan_again: ok"]
    assert [str(step) for step in found.unused] == ["bump.plan_again: ok"]


def test_the_case_of_a_recording_passes_and_can_fail(recording: Recording) -> None:
    library = library_of(TEXT)
    text = as_walks(recording)
    assert LONG not in text
    walks = load_walks(text, source="w", library=library)
    assert isinstance(walks, Walks), "\n".join(map(str, walks))
    [case] = walks.walks
    assert follow(Engine(library), walks, case) == ()
    assert (case.ends, case.pushes, case.usd) == ("success", 2, Decimal("1.75"))
    other = library_of(TEXT.replace("{ok: done, fail: plan_again}", "{ok: done}").replace("  plan_again:", "  #"))
    assert "ended handed_off, not success (bump.checks: fail)" in follow(Engine(other), walks, case)


@given(st.text(max_size=60))
def test_any_text_of_an_output_can_be_written_as_a_case(text: str) -> None:
    library = library_of(TEXT)
    engine = Engine(library)
    script = {"plan": [NodeResult(outcome="ok", output={"fit": "drop", "summary": text})]}
    made = record(library, walk(engine, engine.start("bump", {"issue": 1}), script).state, WHEN)
    walks = load_walks(as_walks(made), source="w", library=library)
    assert isinstance(walks, Walks), "\n".join(map(str, walks))
    assert walks.walks[0].script["bump.plan"][0].output["summary"] == text


def test_cleaning_reaches_every_text(recording: Recording) -> None:
    found = str(cleaned(recording, lambda text: text.replace("x", "-")))
    assert LONG not in found
    assert "-" * 500 in found


def test_the_commands(recording: Recording, tmp_path: Path) -> None:
    made, file = tmp_path / "r.jsonl", tmp_path / "bump.yml"
    made.write_text(str(recording))
    file.write_text(TEXT)
    same = cli("--replay", made, file)
    assert same.exit_code == 0, same.output
    assert "way       the same" in same.output
    assert "ends      success, as recorded" in same.output
    case = tmp_path / "bump.walks.yml"
    case.write_text(cli("--record", made).output)
    assert cli(case).exit_code == 0
    file.write_text(TEXT.replace("{ok: done, fail: plan_again}", "{ok: done}").replace("  plan_again:", "  #"))
    other = cli("--replay", made, file)
    assert other.exit_code == 1
    assert "> bump.plan_again: ok" in other.output
    assert "ends      handed_off (bump.checks: fail), not success" in other.output
    assert "(recorded: $1.75, 10 s, 2 pushes)" in other.output


def test_what_cannot_be_replayed(recording: Recording, tmp_path: Path) -> None:
    made, file = tmp_path / "r.jsonl", tmp_path / "bump.yml"
    file.write_text(TEXT)
    under_way = recording.header.model_copy(update={"ended": None})
    made.write_text(str(Recording(under_way, ())))
    assert isinstance(cli("--record", made).exception, UsageError)
    for broken in ("", "{}\n", str(recording).replace('"visit":1', '"visit":0', 1), "\x00"):
        made.write_text(broken)
        result = cli("--replay", made, file)
        assert isinstance(result.exception, UsageError), broken
        assert f"{made}:" in str(result.exception)
    made.write_text(str(recording))
    elsewhere = tmp_path / "other.yml"
    elsewhere.write_text(TEXT.replace("name: bump", "name: other"))
    assert "has nothing of other" in str(cli("--replay", made, elsewhere).exception)
    file.write_text("name: bump\n")
    assert "is missing" in str(cli("--replay", made, file).exception)
    assert cli("--replay", made).exit_code == 2
    assert cli("--replay", made, "--record", made, file).exit_code == 2


@given(st.binary(max_size=200))
def test_any_bytes_are_a_recording_or_problems(data: bytes) -> None:
    found = load_recording(data, source="r")
    assert isinstance(found, Recording) or all(isinstance(one, Problem) and one.line >= 1 for one in found)
