"""The pre-receive hook of the hub's repositories, run by git inside the push's quarantine.

git gives one line `old new ref` for each update on stdin and the quarantine's object directories in the environment;
the hub gives the policy as JSON in HUB_POLICY. https://git-scm.com/docs/githooks#pre-receive
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from minion.hub.changes.push_rules import Move, Policy, refusal
from minion.hub.git_objects import Git

QUARANTINE = ("GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_QUARANTINE_PATH")


def hook_script() -> str:
    """The executable file for hooks/pre-receive."""
    return f'#!/bin/sh\nexec "{sys.executable}" -m minion.hub.receive_hook\n'


def judge(lines: str, environment: Mapping[str, str], directory: Path) -> list[str]:
    """What is wrong with the push; empty when nothing is."""
    policy = json.loads(environment["HUB_POLICY"])
    policy["protected"] = tuple(policy["protected"])
    quarantine = tuple((name, environment[name]) for name in QUARANTINE if name in environment)
    git = Git(directory, quarantine)
    moves = [Move(ref, old, new) for old, new, ref in (line.split(" ", 2) for line in lines.splitlines())]
    found = [refusal(git, move, Policy(**policy)) for move in moves]
    return [why for why in found if why is not None]


def _environment() -> dict[str, str]:
    raw = Path("/proc/self/environ").read_bytes().decode(errors="replace")
    pairs = (entry.partition("=") for entry in raw.split("\0") if entry)
    return {name: value for name, _, value in pairs}


def main() -> int:
    """Exit 1 refuses the whole push."""
    problems = judge(sys.stdin.read(), _environment(), Path.cwd())
    for problem in problems:
        sys.stderr.write(f"error: {problem}\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
