"""A small project in git for the benchmarks, and the turns of a model that plays on it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from tests.bench.child import ENVIRONMENT, ROOT, serving

Turn = dict[str, Any]
FILES = {
    "calc.py": "def double(x):\n    return x + x + 1\n\n\nROUNDS = 0\n",
    "test_calc.py": "import unittest\n\nfrom calc import double\n\n\nclass DoubleTest(unittest.TestCase):\n"
    "    def test_double(self):\n        self.assertGreater(double(3), 0)\n",
    "AGENTS.md": "Write plain Python.\n",
    ".github/minion.yml": "commands:\n  test: python3 -m unittest\n",
}
FOUND = {
    "fit": "do",
    "kind": "feature",
    "objective": "Make double() double",
    "paths": ["calc.py"],
    "done_when": "",
    "question": "",
}


def make(folder: Path) -> Path:
    """A repository with one commit."""
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    identity = ("-c", "user.name=Ann", "-c", "user.email=ann@example.com", "-c", "commit.gpgsign=false")
    for arguments in (("init", "-q", "-b", "main"), ("add", "-A"), (*identity, "commit", "-q", "-m", "first")):
        subprocess.run(["git", *arguments], cwd=folder, check=True, env=ENVIRONMENT)
    return folder


def call(name: str, **arguments: Any) -> Turn:
    return {"calls": [{"name": name, "input": arguments}]}


def finish(**more: Any) -> Turn:
    said = {"status": "done", "summary": "double() doubles.", "verified_how": "the tests", "confidence": "high"}
    return call("finish", **(said | {"risks": [], "open_questions": []} | more))


def edit(old: str, new: str) -> Turn:
    return call("edit", path="calc.py", edits=[{"old": old, "new": new}])


def script(work: Sequence[Turn]) -> dict[str, Any]:
    """Triage, then `work` as the turns of the implementing agent, then a judge that passes."""
    verdict = call("verdict", verdict="pass", summary="Fine.", reasons=[])
    return {
        "conversations": [
            {"name": "judge", "match": {"tool": ["verdict"]}, "turns": [verdict], "last": "repeat"},
            {
                "name": "triage",
                "match": {"contains": ["Decide whether"]},
                "turns": [finish(output=FOUND)],
                "last": "repeat",
            },
            {"name": "work", "match": {"tool": ["edit"]}, "turns": list(work)},
        ]
    }


def model(folder: Path, document: dict[str, Any]) -> AbstractContextManager[str]:
    """The tapped model playing the script; yields its address."""
    path = folder / "script.json"
    path.write_text(json.dumps(document))
    return serving([sys.executable, ROOT / "tests" / "bench" / "tapped_model.py", path], ENVIRONMENT)
