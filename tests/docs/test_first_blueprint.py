"""The first blueprint of docs/blueprints.md, written and tried as the page says: each of its commands is run."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import CONFIGURATION, finish, git

from minion.scripted.script import Script
from minion.scripted.server import ScriptedModel

PAGE = (Path(__file__).parents[2] / "docs" / "blueprints.md").read_text()
FOLDER = Path(".github/minion/blueprints")
LICENSED = "# Copyright 2019 Ann\n"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def commands(index: int) -> list[str]:
    return blocks("sh")[index].strip().splitlines()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    files = {
        "lib.py": LICENSED + "x = 1\n",
        "test_lib.py": "import unittest\n\n\nclass One(unittest.TestCase):\n    def test_one(self):\n        pass\n",
        ".github/minion.yml": CONFIGURATION,
        str(FOLDER / "bump-copyright.yml"): blocks("yaml")[0],
        str(FOLDER / "bump-copyright.walks.yml"): blocks("yaml")[1],
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    git(tmp_path, "add", "lib.py", "test_lib.py", ".github/minion.yml")
    git(tmp_path, "commit", "--quiet", "--message", "first")
    return tmp_path


def run(project: Path, line: str, **environment: str) -> subprocess.CompletedProcess[str]:
    words = shlex.split(line)
    assert words[0] == "minion"
    env = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "LANG": "C.UTF-8", **environment}
    command = [sys.executable, "-m", "minion", *words[1:]]
    return subprocess.run(command, cwd=project, env=env, capture_output=True, text=True, check=False, timeout=120)


def test_looked_at_from_all_sides(project: Path) -> None:
    said = {}
    for line in commands(0):
        done = run(project, line)
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        said[" ".join(line.split()[1:3])] = done.stdout
    assert said["blueprint check"] == "2 of 2 good\n"
    assert said["blueprint graph"].startswith("flowchart TD\n")
    assert said["blueprint test"].count("ok  bump-copyright: ") == 4
    assert "(100 %)" in said["blueprint test"]
    dry = said["run --dry-run"]
    assert "takes its word only when `python3 -m unittest` (test, configured) passes" in dry
    assert "pushes one commit to minion/bump-the-copyright-to-2027, when the gate lets it pass" in dry
    assert "opens a draft pull request from minion/bump-the-copyright-to-2027" in dry
    assert "Ends success after 1 push." in dry
    assert git(project, "branch", "--list", "minion/*") == ""


def play() -> Script:
    bump: dict[str, Any] = {
        "name": "edit",
        "input": {"path": "lib.py", "edits": [{"old": "2019", "new": "2027"}]},
    }
    read = {"name": "read", "input": {"path": "lib.py"}}
    turns = [{"calls": [read]}, {"calls": [bump]}, {"calls": [finish(summary="The year is 2027.")]}]
    return Script.of({"conversations": [{"name": "bump", "match": {"tool": ["edit"]}, "turns": turns}]})


def test_run_recorded_and_replayed(project: Path) -> None:
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message", "a blueprint")
    first, as_case, replay = commands(1)
    with ScriptedModel(play()) as model:
        done = run(project, first, ANTHROPIC_BASE_URL=model.url, ANTHROPIC_API_KEY="any")
    assert done.returncode == 0, done.stdout + done.stderr
    assert git(project, "show", "minion/bump-the-copyright-to-2027:lib.py").startswith("# Copyright 2027")
    case = run(project, as_case)
    assert 'way: ["bump-copyright.find", "bump-copyright.bump", "bump-copyright.push",' in case.stdout
    (project / FOLDER / "recorded.walks.yml").write_text(case.stdout)
    assert run(project, f"minion blueprint test {FOLDER}/recorded.walks.yml").returncode == 0
    same = run(project, replay)
    assert same.returncode == 0, same.stdout + same.stderr
    assert "way       the same" in same.stdout
    file = project / FOLDER / "bump-copyright.yml"
    file.write_text(file.read_text().replace("    next: push", "    next: {ok: nothing}"))
    file.write_text(re.sub(r"(?m)^  (push|open|checks|ready|done): .*\n", "", file.read_text()))
    other = run(project, replay)
    assert other.returncode == 1, other.stdout + other.stderr
    assert "ends      declined, not success" in other.stdout
