"""What a repository's `environment:` asks for, prepared outside the box before any task text is in reach."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from minion.domain.config import Environment
from minion.ports.host import HostCommand, HostCommands, HostResult
from minion.runner.journal import Journal

DEBIAN_NAME: Final = re.compile(r"[a-z0-9][a-z0-9+.-]+(?::[a-z0-9-]+)?")
"""https://www.debian.org/doc/debian-policy/ch-controlfields.html#source"""
TAIL: Final = 2_000


@dataclass(frozen=True)
class Unprepared:
    """What failed, with the end of its output: for the people of the repository."""

    reason: str


def prepare(wanted: Environment, root: str, host: HostCommands, journal: Journal) -> Unprepared | None:
    """Installs the packages that are not there yet, then runs the set-up script in the workspace."""
    return _install(wanted.packages, root, host, journal) or _set_up(wanted.setup, root, host, journal)


def _install(packages: Sequence[str], root: str, host: HostCommands, journal: Journal) -> Unprepared | None:
    for name in packages:
        if not DEBIAN_NAME.fullmatch(name):
            return Unprepared(f"environment.packages: {name!r} is not the name of a Debian package")
    absent = [name for name in packages if not _installed(name, root, host)]
    if not absent:
        return None
    as_root = () if os.geteuid() == 0 else ("sudo", "-n")
    update = (*as_root, "apt-get", "update", "-qq")
    install = (*as_root, "apt-get", "install", "-y", "-qq", "--no-install-recommends", "--", *absent)
    for argv in (update, install):
        result = host.run(HostCommand(argv, root, env={"DEBIAN_FRONTEND": "noninteractive"}), _to(journal))
        if result.exit_code != 0:
            return Unprepared(f"environment.packages: `{' '.join(argv)}` {_ending(result)}")
    return None


def _installed(name: str, root: str, host: HostCommands) -> bool:
    status = host.run(HostCommand(("dpkg-query", "-W", "-f=${Status}", name), root, timeout_s=30))
    return status.exit_code == 0 and status.output.strip().endswith(b"ok installed")


def _set_up(script: str | None, root: str, host: HostCommands, journal: Journal) -> Unprepared | None:
    if script is None:
        return None
    result = host.run(HostCommand(("bash", "-euo", "pipefail", "-c", script), root), _to(journal))
    if result.exit_code == 0:
        return None
    return Unprepared(f"environment.setup {_ending(result)}")


def _ending(result: HostResult) -> str:
    how = "ran out of time" if result.timed_out else f"ended with exit code {result.exit_code}"
    tail = result.output.decode("utf-8", "replace")[-TAIL:].strip()
    return f"{how}:\n{tail}"


def _to(journal: Journal) -> Callable[[bytes], None]:
    return lambda piece: journal.emit("setup.output", text=piece.decode("utf-8", "replace"))
