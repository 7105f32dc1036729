"""A team's own blueprints: added, asked for with words, in place of one that comes with Minion, and broken."""

from __future__ import annotations

from tests.scenarios.project import Json, add_notes, call, conversation, finish, mend_code, turn
from tests.scenarios.universe import Snapshot, Universe, wait

FOLDER = ".github/minion/blueprints"
TIDY = """\
apiVersion: minion/v1
kind: Blueprint
name: tidy
description: Mend one thing, note it, and make a pull request of it.
inputs: {issue: {type: integer, required: true}}
caps: {pushes: 1, usd: 1, wall: 20m}
defaults: {fail: handoff}
start: mend
nodes:
  mend:
    type: agent
    goal: Tidy up what the task names.
    context: [task.spec]
    tools: [read, edit]
    gate: [test]
    limits: {turns: 10, usd: 0.50, wall: 10m}
    next: push
  test:    {type: run, command: test, gate_only: true}
  push:    {type: action, uses: push, next: open}
  open:    {type: action, uses: pr.open, with: {draft: true}, next: checks}
  checks:  {type: wait, event: checks.settled, timeout: 1h, next: {ok: ready, none: ready}}
  ready:   {type: action, uses: pr.ready, next: done}
  handoff: {type: action, uses: handoff, next: gave_up}
  done:    {type: end, status: success}
  gave_up: {type: end, status: handed_off}
"""
OURS = TIDY.replace("name: tidy", "name: implement")
SLIP = TIDY.replace("tools: [read, edit]", "tools: [read, edti]")


def mend() -> Json:
    reads = [call("read", path=path) for path in ("calc.py", "NOTES.md")]
    return conversation(
        "tidy", "Tidy up what the task names", turn(*reads), turn(mend_code(), add_notes()), turn(finish("Tidied."))
    )


def test_added_and_asked_for_by_its_label(universe: Universe, snapshot: Snapshot) -> None:
    """The file beside it is broken, which stops only what needs it; its walks are no blueprint."""
    files: dict[str, str | None] = {
        f"{FOLDER}/tidy.yml": TIDY,
        f"{FOLDER}/tidy.walks.yml": "kind: Walks\n",
        f"{FOLDER}/sketch.yml": SLIP.replace("name: tidy", "name: sketch"),
    }
    repository = universe.repository(files)
    universe.play(mend())
    number = repository.issue()
    universe.ann.label(repository.name, number, "minion:tidy")
    assert repository.ended(number) == "minion-done"
    [pull] = repository.pulls()
    assert not pull["draft"]
    assert len(repository.pushes(pull["head"]["ref"])) == 1
    snapshot(repository)


def test_added_and_asked_for_by_a_command_with_words(universe: Universe, snapshot: Snapshot) -> None:
    repository = universe.repository({f"{FOLDER}/tidy.yaml": TIDY})
    told = mend()
    told["match"]["contains"].append("only the sign")
    universe.play(told)
    number = repository.issue()
    universe.ann.comment(repository.name, number, "/minion tidy --max $0.50 only the sign")
    assert repository.ended(number) == "minion-done"
    snapshot(repository)


def test_in_place_of_one_that_comes_with_minion(universe: Universe, snapshot: Snapshot) -> None:
    repository = universe.repository({f"{FOLDER}/implement.yml": OURS})
    universe.play(mend())
    number = repository.issue()
    repository.ask(number)
    assert repository.ended(number) == "minion-done"
    snapshot(repository)


def test_broken_ones_are_told_and_nothing_else_is_run(universe: Universe, snapshot: Snapshot) -> None:
    """By the default label, by name, through a call, and where two files have one name."""
    caller = TIDY.replace("name: tidy", "name: whole").replace(
        "start: mend\nnodes:\n",
        "start: first\nnodes:\n  first: {type: call, blueprint: implement, with: {issue: 1}, next: mend}\n",
    )
    files: dict[str, str | None] = {
        f"{FOLDER}/implement.yml": OURS.replace("tools: [read, edit]", "tools: [read, edti]"),
        f"{FOLDER}/whole.yml": caller,
        f"{FOLDER}/twin.yml": TIDY.replace("name: tidy", "name: twin"),
        f"{FOLDER}/twin.yaml": TIDY.replace("name: tidy", "name: twin"),
    }
    repository = universe.repository(files)
    universe.play()
    number = repository.issue()
    repository.ask(number)
    repository.await_comment(number, f"{FOLDER}/implement.yml:14:19:")
    for said, awaited in (("/minion whole", "whole.yml:10:3:"), ("/minion twin", "is defined twice")):
        universe.ann.comment(repository.name, number, said)
        repository.await_comment(number, awaited)
    universe.ann.comment(repository.name, number, "/minion help")
    repository.await_comment(number, "/minion stop")
    wait(repository.said_all, "the last words")
    assert repository.tasks() == []
    snapshot(repository)


STAMP = """\
apiVersion: minion/v1
kind: Blueprint
name: stamp
description: Write the names of all Python files into one.
inputs: {issue: {type: integer, required: true}}
caps: {pushes: 1, usd: 1, wall: 20m}
defaults: {fail: handoff}
start: write
nodes:
  write:   {type: run, program: names.py, env: {TO: NAMES.txt}, next: push}
  push:    {type: action, uses: push, next: open}
  open:    {type: action, uses: pr.open, with: {draft: true}, next: checks}
  checks:  {type: wait, event: checks.settled, timeout: 1h, next: {ok: ready, none: ready}}
  ready:   {type: action, uses: pr.ready, next: done}
  handoff: {type: action, uses: handoff, next: gave_up}
  done:    {type: end, status: success}
  gave_up: {type: end, status: handed_off}
"""
NAMES = """\
import ast, os
from pathlib import Path

files = sorted(path for path in Path().rglob("*.py") if ast.parse(path.read_text()))
Path(os.environ["TO"]).write_text("".join(f"{path}\\n" for path in files))
"""


def test_its_program_runs_in_the_box(universe: Universe, snapshot: Snapshot) -> None:
    """Read from the default branch, pinned with the blueprint, and run by a runner."""
    repository = universe.repository({f"{FOLDER}/stamp.yml": STAMP, f"{FOLDER}/programs/names.py": NAMES})
    universe.play()
    number = repository.issue()
    universe.ann.label(repository.name, number, "minion:stamp")
    assert repository.ended(number) == "minion-done"
    [pull] = repository.pulls()
    [file] = universe.ann.pr_files(repository.name, pull["number"])
    assert (file["filename"], "+calc.py\n" in file["patch"] + "\n") == ("NAMES.txt", True)
    snapshot(repository)
