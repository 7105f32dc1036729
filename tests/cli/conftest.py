"""A small project in git, and a model that plays a script against the real command."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from minion.scripted.script import Script
from minion.scripted.server import ScriptedModel

CODE = "def double(x):\n    return x + x + 1\n"
FIXED = "def double(x):\n    return 2 * x\n"
TEST = """\
import unittest

from calc import double


class DoubleTest(unittest.TestCase):
    def test_double(self):
        self.assertGreater(double(3), 0)
"""
CONFIGURATION = "commands:\n  test: python3 -m unittest\n"


def git(directory: Path, *arguments: str) -> str:
    env = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1"}
    for who in ("AUTHOR", "COMMITTER"):
        env |= {f"GIT_{who}_NAME": "Ann", f"GIT_{who}_EMAIL": "ann@example.com"}
    done = subprocess.run(["git", *arguments], cwd=directory, env=env, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / ".github").mkdir(parents=True)
    (folder / "calc.py").write_text(CODE)
    (folder / "test_calc.py").write_text(TEST)
    (folder / ".github" / "minion.yml").write_text(CONFIGURATION)
    (folder / "AGENTS.md").write_text("Write plain Python.\n")
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "first")
    return folder


def environment(model: ScriptedModel, **more: str) -> dict[str, str]:
    base = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "HOME": "/nonexistent", "LANG": "C.UTF-8"}
    return base | {"ANTHROPIC_BASE_URL": model.url, "ANTHROPIC_API_KEY": "sk-canary-4711"} | more


def finish(**changes: Any) -> dict[str, Any]:
    said = {"status": "done", "summary": "double() doubles.", "verified_how": "the tests", "confidence": "high"}
    return {"name": "finish", "input": said | {"risks": [], "open_questions": []} | changes}


def triage(fit: str = "do") -> dict[str, Any]:
    output = {
        "fit": fit,
        "kind": "feature",
        "objective": "Make double() double",
        "paths": ["calc.py"],
        "done_when": "",
        "question": "Which?",
    }
    return {"calls": [finish(output=output)]}


def script(*work: dict[str, Any], fit: str = "do", **edges: Any) -> Script:
    """Triage, then `work` as the turns of the implementing agent, then a judge that passes."""
    judge = {"calls": [{"name": "verdict", "input": {"verdict": "pass", "summary": "Fine.", "reasons": []}}]}
    conversations = [
        {"name": "judge", "match": {"tool": ["verdict"]}, "turns": [judge], "last": "repeat"},
        {"name": "triage", "match": {"contains": ["Decide whether"]}, "turns": [triage(fit)], "last": "repeat"},
        {"name": "work", "match": {"tool": ["edit"]}, "turns": list(work), **edges},
    ]
    return Script.of({"conversations": conversations})


def shell(command: str) -> dict[str, Any]:
    return {"calls": [{"name": "shell", "input": {"command": command}}]}


def edit(old: str, new: str) -> dict[str, Any]:
    return {"calls": [{"name": "edit", "input": {"path": "calc.py", "edits": [{"old": old, "new": new}]}}]}


READ = {"calls": [{"name": "read", "input": {"path": "calc.py"}}]}
EDIT = edit("x + x + 1", "2 * x")
DONE = {"calls": [finish()]}
