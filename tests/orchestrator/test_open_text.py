"""`pr.open` with `text`: what a run node found stands in the pull request, a note for each line."""

from __future__ import annotations

from tests.orchestrator.world import World

TEXT = b"""
apiVersion: minion/v1
kind: Blueprint
name: tell
description: Says what it left.
inputs: {issue: {type: integer, required: true}}
defaults: {fail: over}
caps: {pushes: 1, usd: 2, wall: 1h}
start: left
nodes:
  left: {type: run, argv: [ls], next: push}
  push: {type: action, uses: push, next: open}
  open: {type: action, uses: pr.open, with: {draft: true, text: '${{ nodes.left.output.text }}'}, next: over}
  over: {type: end, status: handed_off}
"""


def _opened(world: World, text: str) -> str:
    main = world.github.branches["main"]
    files = {".github/minion/blueprints/tell.yml": TEXT}
    world.github.branches["main"] = world.github.commit_files(main, "c", files)
    world.github.issue(5)
    assert world.say(5, "/minion tell").startswith("task t"), world.github.bodies(5)
    task = world.round(5, left=("ok", {"text": text, "exit_code": 0}))
    return world.github.pulls[task.pull_number or 0].body


def test_each_line_is_a_note(world: World) -> None:
    body = _opened(world, "a.py is as it was\n\n  b.py is as it was: ask @ann  \n")
    assert "- a.py is as it was\n- b.py is as it was: ask" in body
    assert "@ann" not in body.split("## The request")[0], "nobody is called by what a program printed"


def test_many_lines_are_counted(world: World) -> None:
    body = _opened(world, "\n".join(f"{number}.py is as it was" for number in range(40)))
    assert "- 11.py is as it was\n- And 28 more lines of this kind." in body
    assert "12.py" not in body


def test_no_text_is_no_note(world: World) -> None:
    assert "## Look at" not in _opened(world, "")
