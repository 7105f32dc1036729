"""The runner's own process, seen from a set-up command of the same user."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

import minion

NOBODY = 65534
LOOK = "cat /proc/$PPID/environ; head -c 1 /proc/$PPID/mem; ls /proc/$PPID/fd"
PROGRAM = f"""
import subprocess, sys
from minion.runner.action import hide_from_children
if sys.argv[1] == "hidden":
    hide_from_children()
subprocess.run(["bash", "-c", {LOOK!r}])
"""


def environment() -> dict[str, str]:
    places = (Path(minion.__file__).parents[1], sysconfig.get_path("purelib"))
    paths = {"PATH": "/usr/bin:/bin", "PYTHONPATH": ":".join(map(str, places)), "PYTHONDONTWRITEBYTECODE": "1"}
    return paths | {"CANARY": "4711"}


def as_ordinary_user(python: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    user = NOBODY if os.geteuid() == 0 else None
    group = NOBODY if os.geteuid() == 0 else None
    groups = [] if os.geteuid() == 0 else None
    return subprocess.run(
        [python, *arguments],
        env=environment(),
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
        user=user,
        group=group,
        extra_groups=groups,
    )


@pytest.fixture(scope="module")
def python() -> str:
    """One that an ordinary user may start: root's own may lie in root's home."""
    for candidate in (sys.executable, "/usr/bin/python3"):
        try:
            tried = as_ordinary_user(candidate, "-c", "import minion.runner.action")
        except OSError:
            continue
        if tried.returncode == 0:
            return candidate
    pytest.skip("no Python here that an ordinary user may start with this package")


def test_the_tokens_are_out_of_reach_of_its_children(python: str) -> None:
    done = as_ordinary_user(python, "-c", PROGRAM, "hidden")
    assert "4711" not in done.stdout
    assert done.stderr.count("Permission denied") == 3


def test_they_would_be_in_reach_without_hiding(python: str) -> None:
    assert "CANARY=4711" in as_ordinary_user(python, "-c", PROGRAM, "open").stdout
