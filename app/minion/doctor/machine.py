"""This machine: Python, git, the box."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from typing import Final

from minion.doctor.report import Finding, State

AREA: Final = "machine"
OLDEST_GIT: Final = (2, 31)
"""`GIT_CONFIG_COUNT`, by which a credential reaches git without a file or an argument, came with 2.31."""


def examine_machine(box_problem: Callable[[], str | None]) -> list[Finding]:
    """`box_problem` tries the box and says what is wrong with it and how to mend it, or None."""
    return [_python(), _git(), _box(box_problem())]


def _python() -> Finding:
    return Finding(AREA, "python", State.OK, ".".join(str(part) for part in sys.version_info[:3]))


def _git() -> Finding:
    path = shutil.which("git")
    if path is None:
        return Finding(AREA, "git", State.MISSING, "not found", "sudo apt-get install -y git")
    said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False, timeout=10).stdout
    numbers = tuple(int(part) for part in re.findall(r"\d+", said)[:2])
    if numbers < OLDEST_GIT:
        return Finding(AREA, "git", State.MISSING, f"{said.strip()} is too old", "install git 2.31 or later")
    return Finding(AREA, "git", State.OK, said.strip().removeprefix("git version "))


def _box(problem: str | None) -> Finding:
    if problem is None:
        return Finding(AREA, "sandbox", State.OK, "bubblewrap makes boxes with namespaces of their own")
    return Finding(AREA, "sandbox", State.MISSING, "bubblewrap does not work here", problem)
