"""The folder of a run: removed when it ends by a process that nobody waits for, or by a later run where it was killed.

A run holds the lock in its folder for as long as it lives. The file comes into its place locked, so that nobody finds
it free before its run has taken it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

_PREFIX: Final = "minion-run-"
_LOCK: Final = "lock"
_GONE: Final = ".gone"
"""So that one whose removing was interrupted is known, whatever is left of it."""
_UNLOCKED_S: Final = 3600.0
"""A folder without a lock is this old before it is taken for one that was left: its run may be about to lock it."""

_REMOVE: Final = 'rm -rf -- "$@" || { chmod -R u+rwX -- "$@"; rm -rf -- "$@"; }'
"""A command in the box may have left a folder that even its owner may not write to."""


@contextlib.contextmanager
def scratch(parent: Path | None = None) -> Iterator[Path]:
    """A folder for this run alone, by default where temporary files are."""
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
    with (folder / "lock.new").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        (folder / "lock.new").replace(folder / _LOCK)
        try:
            yield folder
        finally:
            _remove([folder.rename(folder.with_suffix(_GONE))])


def remove_left_over(parent: Path | None = None) -> None:
    """What runs of this user left that were killed."""
    found = (parent or Path(tempfile.gettempdir())).glob(f"{_PREFIX}*")
    left = [folder for folder in found if _ours(folder) and _left(folder)]
    if left:
        _remove(left)


def _ours(folder: Path) -> bool:
    """Whoever else may write to the parent cannot make us follow a link of theirs."""
    with contextlib.suppress(OSError):
        facts = folder.lstat()
        return stat.S_ISDIR(facts.st_mode) and facts.st_uid == os.geteuid()
    return False


def _left(folder: Path) -> bool:
    if folder.suffix == _GONE:
        return True
    with contextlib.suppress(OSError):
        if not (folder / _LOCK).exists():
            return time.time() - folder.lstat().st_mtime > _UNLOCKED_S
        with (folder / _LOCK).open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
    return False


def _remove(folders: Sequence[Path]) -> None:
    """By a process of its own: a large tree takes longer than anybody should wait for a report."""
    quiet = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in range(3)]
    argv = ["/bin/sh", "-c", _REMOVE, "sh", *map(str, folders)]
    try:
        os.posix_spawn(argv[0], argv, {"PATH": "/usr/bin:/bin"}, file_actions=quiet, setsid=True)
    except OSError:
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
