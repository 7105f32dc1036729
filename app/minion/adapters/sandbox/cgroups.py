"""A control group for a box, where this process may make one: it bounds processes and memory, whoever we are.

Without one the resource limits remain; those bound the number of processes for every user but root (setrlimit(2)).
"""

from __future__ import annotations

import contextlib
import os
import secrets
import time
import weakref
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from minion.adapters.sandbox.settings import Limits

_MOUNT = Path("/sys/fs/cgroup")
_TRIES, _BETWEEN_S = 20, 0.01


@dataclass(frozen=True)
class ControlGroup:
    """`entries` are the `cgroup.procs` files that a process writes itself into; `bounds` what they limit."""

    folders: tuple[Path, ...]
    bounds: frozenset[str]

    @property
    def entries(self) -> tuple[Path, ...]:
        return tuple(folder / "cgroup.procs" for folder in self.folders)


def make_group(limits: Limits, owner: object) -> ControlGroup:
    """An empty group when none can be made. It is removed when `owner` is no longer in use."""
    name = f"minion-{os.getpid()}-{secrets.token_hex(4)}"
    wanted = {"pids": ("pids.max", limits.processes), "memory": _memory_limit(limits)}
    found = [(kind, folder) for kind, limit in wanted.items() for folder in _made(kind, name, limit)]
    folders = tuple(dict.fromkeys(folder for _, folder in found))
    weakref.finalize(owner, _remove, folders)
    return ControlGroup(folders, frozenset(kind for kind, _ in found))


def _memory_limit(limits: Limits) -> tuple[str, int]:
    unified = (_MOUNT / "cgroup.controllers").exists()
    return ("memory.max" if unified else "memory.limit_in_bytes", limits.memory_bytes)


def _made(kind: str, name: str, limit: tuple[str, int]) -> list[Path]:
    for parent in _parents(kind):
        folder = parent / name
        _sweep(parent)
        with contextlib.suppress(OSError):
            folder.mkdir(exist_ok=True)
            (folder / limit[0]).write_text(str(limit[1]))
            return [folder]
        with contextlib.suppress(OSError):
            folder.rmdir()
    return []


def _parents(kind: str) -> list[Path]:
    """Our own group first, then the root of the hierarchy (only root may use that one)."""
    root = _MOUNT if (_MOUNT / "cgroup.controllers").exists() else _MOUNT / kind
    if not root.is_dir():
        return []
    return [root / own.lstrip("/") for own in _own_groups(kind)] + [root]


def _own_groups(kind: str) -> list[str]:
    """Lines are `id:controllers:path`; the unified hierarchy has an empty list (cgroups(7))."""
    rows = [line.split(":", 2) for line in Path("/proc/self/cgroup").read_text().splitlines()]
    return [path for _, controllers, path in rows if kind in controllers.split(",") or not controllers]


def _remove(folders: Iterable[Path]) -> None:
    """The kernel lets go of a group a moment after its last process."""
    for folder in folders:
        for _ in range(_TRIES):
            try:
                folder.rmdir()
            except FileNotFoundError:
                break
            except OSError:
                time.sleep(_BETWEEN_S)
            else:
                break


def _sweep(parent: Path) -> None:
    """What processes left that were killed before they could tidy up."""
    for folder in parent.glob("minion-*"):
        owner = folder.name.split("-")[1]
        if not Path("/proc", owner).exists():
            with contextlib.suppress(OSError):
                folder.rmdir()
