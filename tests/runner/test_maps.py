"""A map, carried out on a real working copy: what is kept stays, what is not is gone, wherever the round ends."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.runner.sites import ScriptedSite, done, make_repository, site_at

from minion.adapters.workspace import GitWorkspace
from minion.blueprint.engine import Engine
from minion.blueprint.library import assemble
from minion.blueprint.model import MapNode
from minion.blueprint.state import State
from minion.domain.errors import Outage
from minion.domain.trace import TraceEvent
from minion.nodes.base import NodeReport, Visit
from minion.ports.workspace import Checkpoint
from minion.runner.journal import Journal
from minion.runner.walk import Stopped, Walk

BLUEPRINT = """
apiVersion: minion/v1
kind: Blueprint
name: each
description: The same for each file.
caps: {pushes: 1, usd: 50, wall: 24h}
defaults: {fail: handoff}
start: find
nodes:
  find: {type: run, argv: [ls], parse: lines, next: each}
  each:
    type: map
    over: ${{ nodes.find.output.items }}
    most: 10000
    start: mend
    nodes:
      mend:
        type: agent
        goal: Mend it.
        context: [item, workspace.diff?]
        tools: [edit]
        gate: [test]
        next: {ok: check, stuck: skip}
      test: {type: run, argv: [test], env: {ONLY: '${{ item }}'}, gate_only: true}
      check: {type: run, argv: [check], env: {FILE: '${{ item }}', DEEP: 2}, next: {ok: keep, fail: undo}}
      keep: {type: end, status: keep}
      skip: {type: end, status: skip}
      undo: {type: end, status: revert}
    next: {ok: push, none: nothing}
  push: {type: action, uses: push, next: done}
  handoff: {type: action, uses: handoff, next: gave_up}
  done: {type: end, status: success}
  nothing: {type: end, status: declined}
  gave_up: {type: end, status: handed_off}
"""


def engine() -> Engine:
    library = assemble({"each": BLUEPRINT})
    assert isinstance(library, dict), library
    return Engine(library)


class Shop:
    """Items whose name says how they go: `good-…`, `bad-…`, `dull-…`."""

    def __init__(self, folder: Path, items: list[str]) -> None:
        sha = make_repository(folder / "origin", {"code.py": "x = 1\n", "sub/deep.py": "y = 1\n"})
        steps = {"find": self.find, "mend": self.mend, "check": self.check}
        self.site: ScriptedSite = site_at(folder / "origin", sha, folder / "place", steps)
        self.items = items
        self.events: list[TraceEvent] = []
        self.visits: list[Visit] = []
        self.trees: list[Mapping[str, str]] = []
        self.stop: str | None = None
        self.applied: list[State] = []

    def find(self, _: ScriptedSite, visit: Visit) -> NodeReport:
        return done(visit, output={"items": self.items, "count": len(self.items)})

    def mend(self, site: ScriptedSite, visit: Visit) -> NodeReport:
        self.visits.append(visit)
        item = str(visit.context[0].value)
        self.trees.append(self.files())
        (Path(site.workspace.root) / f"{item}.txt").write_text(f"made for {item}\n")
        if not item.startswith("good"):
            (Path(site.workspace.root) / "code.py").unlink(missing_ok=True)
            (Path(site.workspace.root) / "sub/deep.py").write_text("broken\n")
            (Path(site.workspace.root) / ".gitignore").write_text("hidden/\n")
            (Path(site.workspace.root) / "hidden").mkdir(exist_ok=True)
            (Path(site.workspace.root) / "hidden/x.py").write_text("1\n")
        report = done(visit, "stuck" if item.startswith("dull") else "ok", usd="0.01")
        return replace(report, summary=f"I mended {item}.")

    def check(self, _: ScriptedSite, visit: Visit) -> NodeReport:
        self.visits.append(visit)
        item = visit.env["FILE"]
        return (
            done(visit, "ok")
            if item.startswith("good")
            else done(visit, "fail", output={"text": f"error: {item} is bad"})
        )

    def files(self) -> dict[str, str]:
        root = Path(self.site.workspace.root)
        found = {str(path.relative_to(root)): path.read_text() for path in root.rglob("*") if path.is_file()}
        return {path: text for path, text in found.items() if path != ".git"}

    def walk(self, state: State | None = None) -> Walk:
        return Walk(
            engine=engine(),
            state=state or engine().start("each", {}),
            site=self.site,
            facts={"workspace.diff": "the whole"},
            journal=Journal([self.events.append]),
            cancelled=lambda: self.stop,
            usd=Decimal(50),
            applied=self.applied.append,
        )


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Any]:
    made: list[Shop] = []

    def open_(*items: str) -> Shop:
        made.append(Shop(tmp_path, list(items)))
        return made[-1]

    yield open_
    for one in made:
        one.site.workspace.close()


def at(walk: Walk) -> str:
    return getattr(walk.engine.pending(walk.state), "name", "")


def test_what_is_kept_stays_and_the_rest_is_gone(shop: Any) -> None:
    here = shop("good-1", "bad-1", "dull-1", "good-2")
    walk = here.walk()
    walk.on()
    assert at(walk) == "push"
    assert walk.state.frame.outputs["each"] == {
        "count": 4,
        "kept": 2,
        "skipped": 1,
        "reverted": 1,
        "left": 0,
        "not_kept": ["bad-1"],
        "reasons": ["bad-1: `check` ended with fail: error: bad-1 is bad"],
    }
    base = {"code.py": "x = 1\n", "sub/deep.py": "y = 1\n"}
    after = base | {"good-1.txt": "made for good-1\n", "good-2.txt": "made for good-2\n"}
    assert here.files() == after
    assert here.site.workspace.changed_paths() == ["good-1.txt", "good-2.txt"]
    assert here.trees[-1] == base | {"good-1.txt": "made for good-1\n"}, "no item sees what was undone"


def test_people_are_told_why_an_item_was_put_back(shop: Any) -> None:
    here = shop("good-1", "bad-1", "dull-1", *(f"bad-{number}" for number in range(2, 20)))
    walk = here.walk()
    walk.on()
    told = list(walk.learned.notes)
    assert told[0] == "Put back as it was: bad-1: `check` ended with fail: error: bad-1 is bad"
    assert told[1].startswith("Put back as it was: bad-2: "), "the dull one was of no concern"
    assert len(told) == 10, "the first ones; the rest is counted"


def test_the_command_of_an_item_is_given_it_as_environment_and_so_are_its_gates(shop: Any) -> None:
    here = shop("good-1")
    here.walk().on()
    mend, check = here.visits
    assert mend.gate_env == {"test": {"ONLY": "good-1"}}
    assert mend.one_of_many
    assert check.env == {"FILE": "good-1", "DEEP": "2"}
    assert here.site.visits[0].env == {}
    assert not here.site.visits[0].one_of_many


def test_within_an_item_the_diff_is_the_item_s(shop: Any) -> None:
    here = shop("good-1", "good-2")
    walk = here.walk()
    walk.on()
    for visit in (here.visits[0], here.visits[2]):
        assert [entry.path for entry in visit.context] == ["item"], "nothing is changed when the item begins"


def test_items_are_told_one_by_one(shop: Any) -> None:
    here = shop("good-1", "bad-1")
    here.walk().on()
    told = [(event.kind, event.text, event.data) for event in here.events if event.kind.startswith("map.")]
    assert told == [
        ("map.item", "good-1", {"number": 1, "count": 2}),
        ("map.item", "bad-1", {"number": 2, "count": 2}),
        ("map.undone", "bad-1", {"number": 2, "count": 2}),
    ]


def test_the_receipt_has_one_line_for_each_way_that_a_node_went(shop: Any) -> None:
    here = shop(*(f"good-{number}" for number in range(5)), "dull-1")
    walk = here.walk()
    walk.on()
    lines = {(line.node, line.outcome): (line.turns, line.usd) for line in walk.learned.receipt}
    assert lines == {
        ("find", "ok"): (1, Decimal(0)),
        ("mend", "ok"): (5, Decimal("0.05")),
        ("mend", "stuck"): (1, Decimal("0.01")),
        ("check", "ok"): (5, Decimal(0)),
    }


@pytest.mark.parametrize("how", ["outage", "stopped", "interrupted"])
def test_an_end_in_the_middle_of_an_item_undoes_that_item_and_it_is_begun_anew(shop: Any, how: str) -> None:
    here = shop("good-1", "bad-1", "good-2")
    mend = here.site.steps["mend"]

    def ends(site: ScriptedSite, visit: Visit) -> NodeReport:
        report = mend(site, visit)
        if visit.context[0].value != "bad-1":
            return report
        if how == "outage":
            raise Outage("the model is away")
        if how == "interrupted":
            raise KeyboardInterrupt
        here.stop = "somebody said so"
        return report

    here.site.steps = {**here.site.steps, "mend": ends}
    walk = here.walk()
    with pytest.raises((Outage, Stopped, KeyboardInterrupt)):
        walk.on()
    assert isinstance(walk.engine.pending(walk.state), MapNode)
    assert walk.engine.map_step(walk.state).index == 1
    assert here.site.workspace.changed_paths() == ["good-1.txt"]
    assert sum(line.usd for line in walk.learned.receipt) >= Decimal("0.01")

    restored = engine().restore(json.loads(walk.state.model_dump_json()))
    assert isinstance(restored, State)
    assert isinstance(engine().replay(engine().start("each", {}), restored), State), "the App follows it"
    here.stop, here.site.steps = None, {**here.site.steps, "mend": mend}
    again = here.walk(restored)
    again.on()
    assert at(again) == "push"
    assert again.state.frame.outputs["each"]["kept"] == 2
    assert here.site.workspace.changed_paths() == ["good-1.txt", "good-2.txt"]


def test_a_host_that_keeps_states_is_told_of_none_within_an_item(shop: Any) -> None:
    here = shop("good-1", "bad-1")
    here.walk().on()
    steps = [state.frame.map and (state.frame.map.phase, state.frame.map.index) for state in here.applied]
    assert steps == [("begin", 0), ("begin", 1), None]


def test_a_working_copy_that_cannot_be_put_back_ends_the_map_with_what_it_has(shop: Any) -> None:
    here = shop("bad-1", "good-1")
    walk = here.walk()
    while walk.state.frame.map is None or walk.state.frame.map.phase != "undo":
        node = walk.engine.pending(walk.state)
        step = walk.items.step(walk.state, node.name) if isinstance(node, MapNode) else walk._worked(node)
        walk.state = walk.engine.apply(walk.state, step)
    other = here.walk(walk.state)  # in another process: the checkpoint is gone
    other.on()
    assert other.state.frame.outputs["each"] == {
        "count": 2,
        "kept": 0,
        "skipped": 0,
        "reverted": 1,
        "left": 1,
        "not_kept": ["bad-1"],
        "reasons": ["bad-1: `check` ended with fail: error: bad-1 is bad"],
    }
    [failed] = [event for event in here.events if event.kind == "map.failed"]
    assert "not known any more" in failed.text


def test_each_item_stores_its_own_contents_and_no_other(shop: Any) -> None:
    here = shop(*(f"good-{number}" for number in range(40)))
    objects = Path(here.site.workspace.git_dir) / "objects"

    def stored() -> int:
        return sum(1 for path in objects.rglob("*") if path.is_file())

    before = stored()
    here.walk().on()
    assert len(here.site.workspace.changed_paths()) == 40
    assert stored() - before < 40, "the last item is followed by no checkpoint"


class Counting(GitWorkspace):
    """Of the walks over the whole tree, what each was for."""

    asked: list[str]

    def checkpoint(self) -> Checkpoint:
        self.asked.append("checkpoint")
        return super().checkpoint()

    def restore(self, checkpoint: Checkpoint) -> None:
        self.asked.append("restore")
        super().restore(checkpoint)

    def diff(self, limit: int = 60_000, since: Checkpoint | None = None) -> str:
        self.asked.append("diff")
        return super().diff(limit, since)


def test_the_tree_is_looked_at_once_for_an_item(shop: Any) -> None:
    """One that was put back leaves a known tree to the next, and before anything ran there is no diff."""
    here = shop("good-1", "bad-1", "bad-2", "good-2", "good-3")
    counting = here.site.workspace
    counting.__class__ = Counting
    counting.asked = []
    here.walk().on()
    assert counting.asked == ["checkpoint", "checkpoint", "restore", "restore", "checkpoint"]
    assert here.site.workspace.changed_paths() == ["good-1.txt", "good-2.txt", "good-3.txt"]


def test_an_agent_that_comes_again_sees_what_it_changed_in_this_item(shop: Any) -> None:
    here = shop("good-1")
    state = engine().start("each", {})
    walk = here.walk(state)
    looked: list[str] = []
    mend = here.site.steps["mend"]

    def twice(site: ScriptedSite, visit: Visit) -> NodeReport:
        report = mend(site, visit)
        facts = walk.items.facts(walk.state, {"workspace.diff": "the whole"})
        looked.append(facts["workspace.diff"])
        return report

    here.site.steps = {**here.site.steps, "mend": twice}
    walk.on()
    assert "+made for good-1" in looked[0]


def test_a_later_map_begins_with_the_files_as_they_are_then(shop: Any) -> None:
    """What the last item of a map was put back to is known only until something else runs."""
    here = shop("bad-1")
    walk = here.walk()
    walk.on()
    walk._visit(walk.engine._nodes["each"]["find"])
    here.site.write("code.py", "x = 2\n")
    begin = here.applied[0]
    walk.state = begin
    walk.on()
    assert here.files()["code.py"] == "x = 2\n"
