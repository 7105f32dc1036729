"""`minion run --dry-run`: in words, with no key, no network, and nothing left behind."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.conftest import git

from minion.bootstrap.dry_run import DryRequest, dry_run
from minion.domain.errors import UsageError

NAME = ".github/minion/blueprints/mine.yml"
MINE = """\
apiVersion: minion/v1
kind: Blueprint
name: mine
description: Mine.
inputs: {issue: {type: integer, required: true}}
caps: {pushes: 1, usd: 2, wall: 1h}
defaults: {fail: handoff}
start: setup
nodes:
  setup: {type: run, command: setup, prepare: true, network: open, limits: {wall: 90s}, next: find}
  find: {type: run, argv: [git, ls-files, '*.py'], parse: lines, next: each}
  each:
    type: map
    over: ${{ nodes.find.output.items }}
    start: check
    nodes:
      check: {type: run, script: touch /tmp/not-there, env: {FILE: '${{ item }}'}, next: {ok: kept, fail: undo}}
      kept: {type: end, status: keep}
      undo: {type: end, status: revert}
    next: {ok: judge, none: say}
  judge: {type: judge, criteria: [is good, is small], context: [workspace.diff], next: {pass: push, veto: say}}
  push: {type: action, uses: push, next: {ok: checks}}
  checks: {type: wait, event: checks.settled, timeout: 2d, next: {ok: done, fail: fix}}
  fix: {type: call, blueprint: fix, with: {pr: 3}, next: done}
  say: {type: action, uses: comment, with: {template: note, text: Nothing to do.}, next: done}
  handoff: {type: action, uses: handoff, next: gave_up}
  done: {type: end, status: success}
  gave_up: {type: end, status: handed_off}
"""
WALKS = """\
apiVersion: minion/v1
kind: Walks
blueprint: mine
inputs: {issue: 4}
walks:
  two files: {given: {find: {outcome: ok, output: {items: [a.py, b.py]}}, check: [ok, fail]}, ends: success}
  red: {given: {checks: fail, fix.collect: fail, judge: {outcome: pass, usd: 0.5}}, ends: handed_off}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    for name, text in {NAME: MINE, "lib.py": "x = 1\n", ".github/minion.yml": "commands: {setup: make deps}\n"}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "first")
    (tmp_path / "walks.yml").write_text(WALKS)
    return folder


def told(project: Path, capsys: pytest.CaptureFixture[str], **changes: object) -> str:
    request = {"task": "Tidy up\nall of it", "repository": str(project), "blueprint": "mine", "given": None}
    dry_run(DryRequest(**{**request, "as_json": False, **changes}))  # type: ignore[arg-type]
    return capsys.readouterr().out


def test_each_kind_of_node_is_told(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted(project.rglob("*"))
    said = told(project, capsys)
    for line in (
        "Caps: 1 push, $2, 1 h",
        "runs `make deps` (setup, configured) with the network, before any task text is in reach (at most 90 s)",
        "runs it again at the start of every round",
        "runs `git ls-files '*.py'` in the box",
        "begins item 1 of 1: example",
        "runs a script (`touch /tmp/not-there`) in the box",
        "with FILE=example",
        "asks a fresh standard model to judge the change: is good, is small",
        "shows it workspace.diff",
        "pushes one commit to minion/tidy-up, when the gate lets it pass",
        "waits for the checks of the pushed commit to settle, at most 2 d",
        "-> ok (assumed); left: 0 pushes, $2, 1 h",
        "Ends success after 1 push.",
    ):
        assert line in said
    columns = {line.index("  run  ") for line in said.splitlines() if "  run  " in line}
    assert len(columns) == 1
    assert sorted(project.rglob("*")) == before
    assert not Path("/tmp/not-there").exists()


def test_given_outcomes_lead_another_way(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = project.parent / "walks.yml"
    two = told(project, capsys, given=f"{file}#two files")
    assert "begins item 2 of 2: b.py" in two
    assert "takes back what was changed for b.py" in two
    red = told(project, capsys, given=f"{file}#red")
    assert "fix.collect" in red
    assert "-> pass; left: 1 push, $1.5, 1 h" in red
    assert "Ends handed_off (fix.collect: fail) after 1 push, $0.5." in red


def test_for_programs(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = json.loads(told(project, capsys, as_json=True))
    assert (said["blueprint"], said["branch"], said["ended"], said["pushes"]) == (
        "mine",
        "minion/tidy-up",
        "success",
        1,
    )
    assert [step["node"] for step in said["steps"]][:3] == ["setup", "find", "each"]
    assert said["steps"][0]["left"] == {"pushes": 1, "usd": "2", "wall_s": 3600.0}


def test_a_file_that_is_not_committed_yet(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    draft = project.parent / "draft.yml"
    draft.write_text(MINE.replace("name: mine", "name: draft").replace("Nothing to do.", "Nothing at all."))
    assert told(project, capsys, blueprint=str(draft)).startswith("draft: Mine.\n")
    draft.write_text(MINE)
    with pytest.raises(UsageError, match=r"draft\.yml:3:7: the name is `mine`"):
        told(project, capsys, blueprint=str(draft))


def test_what_is_refused(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = project.parent / "walks.yml"
    for given, words in ((str(file), "'two files', 'red'"), (f"{file}#blue", "say which walk"), ("no.yml", "No such")):
        with pytest.raises(UsageError, match=words):
            told(project, capsys, given=given)
    with pytest.raises(UsageError, match="holds walks of `mine`, not of `fix`"):
        told(project, capsys, given=f"{file}#red", blueprint="fix")
    with pytest.raises(UsageError, match="there is no blueprint `nothing`"):
        told(project, capsys, blueprint="nothing")


def test_given_goes_with_dry_run_only(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "minion", "run", "--given", "x.yml", "Do it"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 2
    assert "--given goes with --dry-run only" in done.stderr
