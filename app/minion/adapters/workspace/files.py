"""Writing into a tree that somebody else had in their hands: no link on the way is ever followed."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from minion.domain.changeset import FileMode
from minion.domain.errors import UsageError


def checked(path: str) -> str:
    """A change set's path, or `UsageError`: it must stay in the tree and out of git's own folders (also as `.GIT`)."""
    parts = path.split("/")
    if not path or "\0" in path or any(part in {"", ".", ".."} or part.casefold() == ".git" for part in parts):
        raise UsageError(f"{path!r} is not a path that a change set may carry")
    return path


def put(root: Path, path: str, data: bytes, mode: FileMode) -> None:
    """Makes the file or link with these bytes, in place of whatever is there; folders on the way are made real."""
    target = root / checked(path)
    _real_folders(root, target.parent)
    if _kind(target) == stat.S_IFDIR:
        shutil.rmtree(target)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".minion-")
    temporary = Path(name)
    with os.fdopen(handle, "wb") as stream:
        stream.write(data)
    if mode == FileMode.SYMLINK:
        temporary.unlink()
        temporary.symlink_to(os.fsdecode(data))
    else:
        temporary.chmod(0o755 if mode == FileMode.EXECUTABLE else 0o644)
    temporary.replace(target)


def remove(root: Path, path: str) -> None:
    """Removes the file or link, when there is one, and the folders that it leaves empty."""
    target = root / checked(path)
    if any(_kind(folder) != stat.S_IFDIR for folder in _between(root, target.parent)):
        return
    if _kind(target) not in {None, stat.S_IFDIR}:
        target.unlink()
    with contextlib.suppress(OSError):
        for folder in reversed(_between(root, target.parent)):
            folder.rmdir()


def remove_whole(target: Path) -> None:
    """The file or link, or the folder with all that is in it."""
    if _kind(target) == stat.S_IFDIR:
        shutil.rmtree(target)
    elif _kind(target) is not None:
        target.unlink()


@contextlib.contextmanager
def aside(root: Path, beside: Path, paths: Sequence[str]) -> Iterator[None]:
    """Files and folders of the tree out of it, and back in their places in the end, instead of whatever is there then.
    `beside` is a folder on the same file system."""
    kept = Path(tempfile.mkdtemp(prefix="aside-", dir=beside))
    moved: dict[str, Path] = {}
    try:
        for path in paths:
            with contextlib.suppress(OSError):  # a folder that we may not write to stays
                moved[path] = (root / path).rename(kept / str(len(moved)))
        yield
    finally:
        for path, place in moved.items():
            _real_folders(root, (root / path).parent)
            remove_whole(root / path)
            place.rename(root / path)
        kept.rmdir()


def _real_folders(root: Path, folder: Path) -> None:
    for step in _between(root, folder):
        if _kind(step) not in {None, stat.S_IFDIR}:
            step.unlink()
        step.mkdir(exist_ok=True)


def _between(root: Path, folder: Path) -> list[Path]:
    """The folders below `root` on the way to `folder`, nearest to the root first."""
    parts = folder.relative_to(root).parts
    return [root.joinpath(*parts[: count + 1]) for count in range(len(parts))]


def _kind(path: Path) -> int | None:
    try:
        return stat.S_IFMT(path.lstat().st_mode)
    except FileNotFoundError:
        return None
