"""`minion run`: the real command on a real checkout, with a model that plays a script over HTTP."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import DONE, EDIT, FIXED, READ, edit, environment, finish, git, script, shell

from minion.scripted.script import Script
from minion.scripted.server import ScriptedModel

TASK = "Make double() double\n\nIt adds one too much."


def run(
    played: Script, project: Path, *options: str, **env: str
) -> tuple[subprocess.CompletedProcess[str], ScriptedModel]:
    with ScriptedModel(played) as model:
        command = [sys.executable, "-m", "minion", "run", TASK, "--repo", str(project), *options]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env=environment(model, **env), timeout=120
        )
    return done, model


def answer(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_result_is_a_branch(project: Path) -> None:
    head = git(project, "rev-parse", "HEAD")
    done, _ = run(script(READ, EDIT, DONE), project, "--json")
    said = answer(done)
    assert done.returncode == 0, done.stderr
    assert (said["status"], said["branch"]) == ("success", "minion/make-double-double")
    assert said["files"] == ["calc.py"]
    assert said["diffstat"] == {"files": 1, "insertions": 1, "deletions": 1}
    assert said["receipt"]["turns"] == 5
    assert float(said["receipt"]["usd"]) > 0
    assert said["seconds"] > 0
    assert git(project, "show", f"{said['branch']}:calc.py") == FIXED.strip()
    assert git(project, "rev-parse", f"{said['branch']}^") == head
    assert "Minion-Task: t" in git(project, "log", "-1", "--format=%B", said["branch"])


def test_the_checkout_is_left_as_it_was(project: Path) -> None:
    (project / "calc.py").write_text("half done by a person\n")
    (project / "new.txt").write_text("new\n")
    before = git(project, "status", "--porcelain")
    done, _ = run(script(READ, EDIT, DONE), project)
    assert done.returncode == 0, done.stderr
    assert git(project, "status", "--porcelain") == before
    assert git(project, "branch", "--show-current") == "main"
    assert "Not committed, so not in the copy" in done.stderr
    assert "branch: minion/make-double-double" in done.stdout
    assert "calc.py | +1 -1" in done.stdout


def test_a_name_is_told_as_it_is(project: Path) -> None:
    (project / "[red]new[bold].txt").write_text("new\n")
    done, _ = run(script(READ, EDIT, DONE), project)
    assert "Not committed, so not in the copy: 1 ([red]new[bold].txt)" in " ".join(done.stderr.split())


def test_the_sdk_is_not_needed(project: Path, tmp_path: Path) -> None:
    """A runner does not have it."""
    (tmp_path / "anthropic.py").write_text("raise ImportError('anthropic is not installed')\n")
    done, _ = run(script(READ, EDIT, DONE), project, PYTHONPATH=str(tmp_path))
    assert done.returncode == 0, done.stderr
    imported = [sys.executable, "-c", "import anthropic"]
    assert subprocess.run(imported, env={"PYTHONPATH": str(tmp_path)}, capture_output=True, check=False).returncode == 1


def test_a_gate_that_fails_is_fed_back_and_then_passes(project: Path) -> None:
    wrong, right = edit("x + x + 1", "-x"), edit("-x", "2 * x")
    done, model = run(script(READ, wrong, DONE, right, DONE), project, "--json")
    assert answer(done)["status"] == "success"
    assert answer(done)["gates"]["test"].startswith("passed")
    assert answer(done)["gate_seconds"]["test"] > 0
    assert git(project, "show", "minion/make-double-double:calc.py") == FIXED.strip()
    refused = json.dumps(model.requests[4]["body"]["messages"][-1])
    assert "Not finished: gates fail" in refused
    assert "test_double" in refused


def test_tools_of_the_machines_version_managers_are_there_in_the_box(project: Path, tmp_path: Path) -> None:
    tool = tmp_path / "home/.cargo/bin/house-tool"
    tool.parent.mkdir(parents=True)
    tool.write_text("#!/bin/sh\necho tool-says-$((40 + 2))\n")
    tool.chmod(0o755)
    env = {"HOME": str(tmp_path / "home"), "PATH": f"{tool.parent}:{Path(sys.executable).parent}:/usr/bin:/bin"}
    done, model = run(script(READ, shell("house-tool"), EDIT, DONE), project, "--json", **env)
    assert answer(done)["status"] == "success"
    assert "tool-says-42" in json.dumps([request["body"] for request in model.requests])


def test_the_second_run_takes_another_branch(project: Path) -> None:
    for name in ("minion/make-double-double", "minion/make-double-double-2"):
        done, _ = run(script(READ, EDIT, DONE), project, "--json")
        assert answer(done)["branch"] == name


def test_what_is_not_to_be_done_is_declined(project: Path) -> None:
    done, _ = run(script(DONE, fit="decline"), project, "--json")
    said = answer(done)
    assert (done.returncode, said["status"], said["branch"]) == (1, "declined", None)


def test_a_question_is_said(project: Path) -> None:
    done, _ = run(script(DONE, fit="ask"), project, "--json")
    said = answer(done)
    assert done.returncode == 1
    assert "Which?" in said["reason"]


def test_a_blocked_agent_hands_off_with_its_work_on_the_branch(project: Path) -> None:
    blocked = {"calls": [finish(status="blocked", summary="Needs a decision.", open_questions=["Round up?"])]}
    done, _ = run(script(READ, EDIT, blocked), project, "--json")
    said = answer(done)
    assert (done.returncode, said["status"]) == (1, "handed_off")
    assert git(project, "show", f"{said['branch']}:calc.py") == FIXED.strip()


def test_a_protected_file_is_not_a_success(project: Path) -> None:
    write = {
        "calls": [
            {"name": "shell", "input": {"command": "mkdir -p .github/workflows; echo 1 >.github/workflows/x.yml"}}
        ]
    }
    done, _ = run(script(READ, EDIT, write, DONE), project, "--json")
    said = answer(done)
    assert (done.returncode, said["status"]) == (1, "handed_off")
    assert ".github/workflows/x.yml" in said["reason"]


def test_the_key_reaches_neither_the_box_nor_the_branch(project: Path) -> None:
    look = {
        "calls": [{"name": "shell", "input": {"command": "env; cat /proc/*/environ | tr '\\0' '\\n' >env.txt; ls /"}}]
    }
    done, model = run(script(READ, EDIT, look, DONE), project, "--json")
    said = answer(done)
    seen = json.dumps([request["body"] for request in model.requests])
    assert "PATH=" in seen
    assert "sk-canary-4711" not in seen
    assert "sk-canary-4711" not in git(project, "show", said["branch"])


def test_rules_of_the_repository_are_given(project: Path) -> None:
    _, model = run(script(READ, EDIT, DONE), project, "--json")
    assert "Write plain Python." in json.dumps(model.requests[0]["body"]["messages"][0])


def test_money_ends_a_run(project: Path) -> None:
    done, model = run(script(READ, EDIT, DONE), project, "--json", "--max", "$0.000001")
    assert (done.returncode, answer(done)["status"]) == (1, "handed_off")
    assert model.requests == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--max", "lots"), "amount of US dollars"),
        (("--blueprint", "nope"), "there is no blueprint `nope`"),
        (("--model", "some-other-model"), "MINION_PRICES"),
        (("--effort", "huge"), "'huge' is not one of 'low', 'medium', 'high', 'xhigh', 'max'"),
    ],
)
def test_wrong_usage_says_how_to_mend_it(project: Path, options: tuple[str, ...], words: str) -> None:
    done, _ = run(script(DONE), project, *options)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_message_is_no_command_in_a_job_log(project: Path) -> None:
    done, _ = run(script(DONE), project, "--blueprint", "x\n::add-mask::y")
    assert done.returncode == 2
    assert "\n| ::add-mask::y" in done.stderr


def test_a_folder_without_git_is_wrong_usage(tmp_path: Path) -> None:
    done, _ = run(script(DONE), tmp_path)
    assert done.returncode == 2
    assert "git" in done.stderr


def test_a_broken_configuration_is_wrong_usage_with_its_line(project: Path) -> None:
    (project / ".github" / "minion.yml").write_text("commands:\n  tests: x\n")
    git(project, "commit", "--quiet", "--all", "--message", "broken")
    done, _ = run(script(DONE), project)
    assert done.returncode == 2
    assert ".github/minion.yml:2: `commands.tests` is not a setting" in done.stderr


def test_a_team_blueprint_is_found(project: Path) -> None:
    folder = project / ".github" / "minion" / "blueprints"
    folder.mkdir(parents=True)
    (folder / "shout.yml").write_text(TEAM)
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message", "blueprint")
    done, model = run(script(DONE), project, "--json", "--blueprint", "shout")
    said = answer(done)
    assert (said["status"], said["files"]) == ("success", ["out.txt"])
    assert model.requests == []


EFFORTS = """
apiVersion: minion/v1
kind: Blueprint
name: efforts
description: Each node as it says.
defaults: {fail: handoff, agent: {model: cheap, effort: low}}
start: quick
nodes:
  quick: {type: agent, goal: Look at it once., tools: [read], next: thorough}
  thorough: {type: agent, goal: Mend it., tools: [read, edit], model: strong, effort: max, next: look}
  look: {type: judge, criteria: [It doubles.], model: standard, effort: medium, next: {pass: push, veto: handoff}}
  push: {type: action, uses: push, next: done}
  handoff: {type: action, uses: handoff, next: gave_up}
  done: {type: end, status: success}
  gave_up: {type: end, status: handed_off}
"""


def asked(project: Path, *options: str, **env: str) -> list[tuple[str, str | None]]:
    """Model and effort of each request of that blueprint."""
    folder = project / ".github" / "minion" / "blueprints"
    folder.mkdir(parents=True)
    (folder / "efforts.yml").write_text(EFFORTS)
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message", "blueprint")
    quick = {"name": "quick", "match": {"contains": ["Look at it once"]}, "turns": [DONE]}
    thorough = {"name": "thorough", "match": {"contains": ["Mend it"]}, "turns": [READ, EDIT, DONE]}
    judge = {"calls": [{"name": "verdict", "input": {"verdict": "pass", "summary": "Fine.", "reasons": []}}]}
    look = {"name": "look", "match": {"tool": ["verdict"]}, "turns": [judge]}
    played = Script.of({"conversations": [look, quick, thorough]})
    done, model = run(played, project, "--json", "--blueprint", "efforts", *options, **env)
    assert done.returncode == 0, done.stderr
    bodies = [request["body"] for request in model.requests]
    return [(body["model"], body.get("output_config", {}).get("effort")) for body in bodies]


def test_a_nodes_model_and_effort_reach_the_request(project: Path) -> None:
    assert asked(project) == [
        ("claude-haiku-5-5", "low"),
        *[("claude-opus-5-5", "max")] * 3,
        ("claude-sonnet-5-5", "medium"),
    ]


def test_effort_on_the_command_line_is_every_nodes(project: Path) -> None:
    assert {effort for _, effort in asked(project, "--effort", "high")} == {"high"}


def test_effort_is_not_asked_of_a_model_that_is_not_known_to_take_it(project: Path) -> None:
    env = {"MINION_PRICES": "llama-5=1/2/0.1", "MINION_MODELS": "cheap=llama-5"}
    assert asked(project, **env)[0] == ("llama-5", None)
    done, model = run(script(DONE), project, "--model", "llama-5", "--effort", "low", **env)
    assert done.returncode == 2
    assert "--effort: llama-5 has none that could be set" in done.stderr
    assert model.requests == []


TEAM = """
apiVersion: minion/v1
kind: Blueprint
name: shout
description: No model at all.
defaults: {fail: handoff}
start: shout
nodes:
  shout: {type: run, script: "echo hello >out.txt", next: push}
  push: {type: action, uses: push, next: done}
  handoff: {type: action, uses: handoff, next: gave_up}
  done: {type: end, status: success}
  gave_up: {type: end, status: handed_off}
"""


def test_ctrl_c_keeps_what_was_done(project: Path) -> None:
    seconds = f"47.{os.getpid()}"
    with ScriptedModel(script(READ, EDIT, shell(f"sleep {seconds}"))) as model:
        command = [sys.executable, "-m", "minion", "run", TASK, "--repo", str(project), "--json"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment(model), text=True)
        try:
            until(lambda: _runs(f"sleep {seconds}"))
            process.send_signal(signal.SIGINT)
            out, _ = process.communicate(timeout=20)
        finally:
            process.kill()
    said = json.loads(out)
    assert (process.returncode, said["status"]) == (130, "stopped")
    assert git(project, "show", f"{said['branch']}:calc.py") == FIXED.strip()
    until(lambda: not _runs(f"sleep {seconds}"))


def _runs(command: str) -> bool:
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    return command in listed.splitlines()


def until(reached: Callable[[], bool], seconds: float = 30) -> None:
    ends = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < ends, "not reached in time"
        time.sleep(0.05)


def test_rules_explain(project: Path) -> None:
    (project / "sub").mkdir()
    (project / "sub" / "AGENTS.md").write_text("Nearer rules.\n")
    (project / "sub" / "CLAUDE.md").write_text("x" * 30_000)
    (project / ".cursor" / "rules").mkdir(parents=True)
    (project / ".cursor" / "rules" / "python.mdc").write_text("---\nglobs: **/*.py\n---\nTyped.\n")
    (project / ".cursor" / "rules" / "broken.mdc").write_text("---\nno pair\n---\nLost.\n")
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message", "rules")
    command = [sys.executable, "-m", "minion", "rules", "explain", "sub/x.py", "--repo", str(project)]
    said = subprocess.run(command, capture_output=True, text=True, check=True, env={"PATH": "/usr/bin:/bin"}).stdout
    always, globbed, nearer, dropped, broken = said.splitlines()
    assert always.startswith("AGENTS.md: always (")
    assert globbed == ".cursor/rules/python.mdc: matches **/*.py (6 characters)"
    assert nearer.startswith("sub/AGENTS.md: for sub/, first touched (")
    assert dropped.startswith("sub/CLAUDE.md: left out, no room")
    assert broken.startswith(".cursor/rules/broken.mdc: line 2")
