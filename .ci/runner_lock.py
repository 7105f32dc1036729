"""The parts of requirements.lock that a runner needs, as files of a folder: `runner_lock.py FOLDER`.

`requirements.lock` is for minion, and has hatchling to install minion itself; `installer.lock` is uv alone.

Without the Anthropic SDK, of 17 MB: a runner asks the App for its models, over plain HTTP. Run it in the environment
that the lock was installed in.
"""
# ruff: noqa: INP001 -- a script beside no package

from __future__ import annotations

import re
import sys
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
NOT_THERE = frozenset({"anthropic"})


def needed(*names: str) -> set[str]:
    """These and all that they need on this Python."""
    found: set[tuple[str, str]] = set()
    waiting = [Requirement(name) for name in names]
    while waiting:
        asked = waiting.pop()
        name = canonicalize_name(asked.name)
        for extra in {"", *asked.extras}:
            if name not in NOT_THERE and (name, extra) not in found:
                found.add((name, extra))
                waiting += [more for more in map(Requirement, metadata.requires(name) or ()) if _holds(more, extra)]
    return {name for name, _ in found}


def _holds(requirement: Requirement, extra: str) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": extra})


def part(lock: str, names: set[str]) -> str:
    """The blocks of `lock` that pin one of `names`: a requirement, its hashes and who asked for it."""
    blocks = re.split(r"^(?=\w)", lock, flags=re.MULTILINE)
    return "".join(block for block in blocks if canonicalize_name(block.partition("==")[0]) in names)


def main() -> None:
    folder, lock = Path(sys.argv[1]), (ROOT / "requirements.lock").read_text()
    wanted = needed("minion", "hatchling") - {"minion"}
    (folder / "requirements.lock").write_text(
        f"# What a runner needs, and hatchling to install minion itself. Written by `make lock`.\n{part(lock, wanted)}"
    )
    (folder / "installer.lock").write_text(f"# What installs it fast. Written by `make lock`.\n{part(lock, {'uv'})}")


if __name__ == "__main__":
    main()
