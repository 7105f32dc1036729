"""Files as they were, to go back to: kept as blobs of our own repository, each content once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final, TypeAlias

from minion.adapters.workspace.files import put, remove
from minion.adapters.workspace.objects import Objects
from minion.adapters.workspace.raw import Entry
from minion.adapters.workspace.scan import Scan
from minion.domain.changeset import FileMode
from minion.domain.errors import Outage
from minion.ports.workspace import Checkpoint

Kept: TypeAlias = tuple[str, str]
_AS_AT_HEAD: Final = ("", "")
"""What no file is: a path that is not in a checkpoint is as the head has it."""
_PASSES: Final = 8
"""A file may be hidden by a .gitignore in a folder that is itself hidden: each pass uncovers one level."""


class Checkpoints:
    """`scan` tells what differs from the head now. Contents that were stored once are not read again."""

    def __init__(self, root: Path, objects: Objects, scan: Callable[[], Scan]) -> None:
        self._root = root
        self._objects = objects
        self._scan = scan
        self._stored: set[str] = set()

    def make(self) -> Checkpoint:
        scan = self._scan()
        fresh = {path: entry for path, entry in scan.changed.items() if entry and entry.oid not in self._stored}
        oids = self._objects.store([self._bytes(path) for path in fresh])
        self._stored.update(oids)
        stored = {path: Entry(entry.mode, oid) for (path, entry), oid in zip(fresh.items(), oids, strict=True)}
        return Checkpoint({**scan.changed, **stored}, frozenset(scan.left_out))

    def diff(self, since: Checkpoint) -> bytes:
        """What was changed since; nothing of what came before is looked at twice."""
        now = self.make()
        paths = _differing(now.changed, since.changed)
        return self._objects.diff(self._tree(paths, now), self._tree(paths, since)) if paths else b""

    def _tree(self, paths: Iterable[str], checkpoint: Checkpoint) -> str:
        """Of these paths alone."""
        wanted = ((path, self._wanted(path, checkpoint)) for path in paths)
        return self._objects.tree_with({path: entry for path, entry in wanted if entry is not None})

    def go_back(self, checkpoint: Checkpoint) -> None:
        """Raises `Outage` where something keeps changing the files meanwhile."""
        for _ in range(_PASSES):
            scan = self._scan()
            wrong = _differing(scan.changed, checkpoint.changed)
            extra = scan.left_out.keys() - checkpoint.left_out
            if not wrong and not extra:
                return
            self._put_back(wrong | extra, checkpoint)
        raise Outage("the working copy could not be put back as it was")

    def _bytes(self, path: str) -> bytes:
        target = self._root / path
        return os.fsencode(target.readlink()) if target.is_symlink() else target.read_bytes()

    def _put_back(self, paths: set[str], checkpoint: Checkpoint) -> None:
        """What has to go goes first, so that a file may take a folder's place, and a folder a file's."""
        wanted = {path: self._wanted(path, checkpoint) for path in sorted(paths)}
        for path, entry in wanted.items():
            if entry is None:
                remove(self._root, path)
        for path, entry in wanted.items():
            if entry is not None:
                put(self._root, path, self._objects.blob(entry.oid), entry.mode)

    def _wanted(self, path: str, checkpoint: Checkpoint) -> Entry | None:
        if path not in checkpoint.changed:
            return self._objects.base.get(path)
        return _entry(checkpoint.changed[path])


def _entry(kept: Kept | None) -> Entry | None:
    return None if kept is None else Entry(FileMode(kept[0]), kept[1])


def changed_since(changed: Mapping[str, Entry | None], then: Checkpoint) -> dict[str, Entry | None]:
    """Of what differs from the head, what is not as it was then."""
    return {path: entry for path, entry in changed.items() if then.changed.get(path, _AS_AT_HEAD) != entry}


def _differing(now: Mapping[str, Kept | None], then: Mapping[str, Kept | None]) -> set[str]:
    if now == then:
        return set()
    other = {path for path, entry in now.items() if then.get(path, _AS_AT_HEAD) != entry}
    return other | (then.keys() - now.keys())
