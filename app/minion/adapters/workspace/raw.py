"""Git's objects as bytes: their names, and the trees that a change makes.

Formats: https://git-scm.com/book/en/v2/Git-Internals-Git-Objects.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import Final, Literal, NamedTuple

from gitdb import IStream, LooseObjectDB  # type: ignore[import-untyped]

from minion.domain.changeset import FileMode

Kind = Literal["commit", "tree", "blob"]
FOLDER: Final = "40000"


class Entry(NamedTuple):
    """A file of a tree: its mode and the id of its blob (SHA-1, hex)."""

    mode: FileMode
    oid: str


@dataclass(frozen=True)
class RawObject:
    kind: Kind
    data: bytes

    @cached_property
    def oid(self) -> str:
        return hashlib.sha1(f"{self.kind} {len(self.data)}\0".encode() + self.data, usedforsecurity=False).hexdigest()


def write(folder: Path, objects: Iterable[RawObject]) -> None:
    """Into the `objects` of a repository; each is there whole or not at all."""
    there = LooseObjectDB(str(folder))
    for raw in objects:
        if not there.has_object(bytes.fromhex(raw.oid)):
            there.store(IStream(raw.kind.encode(), len(raw.data), BytesIO(raw.data)))


@dataclass(frozen=True)
class Listing:
    """All of a tree: its files and, by path, the ids of its folders' trees."""

    files: Mapping[str, Entry] = field(default_factory=dict)
    folders: Mapping[str, str] = field(default_factory=dict)


def changed_trees(begin: Listing, changes: Mapping[str, Entry | None]) -> Iterator[RawObject]:
    """The trees that are new when these paths become these files, or (None) go; the whole one is the last.

    A file takes the place of a folder with all that was in it, a folder that of a file; an empty folder is none.
    """
    yield from _Trees(begin, changes).of("")


class _Trees:
    def __init__(self, begin: Listing, changes: Mapping[str, Entry | None]) -> None:
        self._touched: dict[str, dict[str, Entry | None]] = defaultdict(dict)
        self._below: dict[str, set[str]] = defaultdict(set)
        for path, entry in changes.items():
            self._touch(path, entry)
        self._kept: dict[str, dict[str, tuple[str, str]]] = defaultdict(dict)
        for path, file in begin.files.items():
            self._keep(path, (file.mode, file.oid))
        for path, oid in begin.folders.items():
            self._keep(path, (FOLDER, oid))

    def _touch(self, path: str, entry: Entry | None) -> None:
        folder, _, name = path.rpartition("/")
        self._touched[folder][name] = entry
        while folder:
            above, _, name = folder.rpartition("/")
            self._below[above].add(name)
            folder = above

    def _keep(self, path: str, item: tuple[str, str]) -> None:
        """Of a folder in which nothing changes, the id is enough; the root is always made."""
        folder, _, name = path.rpartition("/")
        if not folder or folder in self._touched or folder in self._below:
            self._kept[folder][name] = item

    def of(self, folder: str, *, anew: bool = False) -> Iterator[RawObject]:
        """`anew`: nothing of what was in it stays. The folder's own tree is the last, and may be empty."""
        items = {} if anew else dict(self._kept[folder])
        for name, entry in self._touched.get(folder, {}).items():
            if entry is not None:
                items[name] = entry
            elif items.get(name, (FOLDER,))[0] != FOLDER:
                del items[name]
        for name in sorted(self._below.get(folder, ())):
            replaced = anew or self._touched.get(folder, {}).get(name) is not None
            made = list(self.of(f"{folder}/{name}" if folder else name, anew=replaced))
            if made[-1].data:
                items[name] = (FOLDER, made[-1].oid)
                yield from made
            elif items.get(name, ("",))[0] == FOLDER:
                del items[name]
        yield RawObject("tree", b"".join(_row(*item) for item in sorted(items.items(), key=_place)))


def _place(item: tuple[str, tuple[str, str]]) -> bytes:
    """Git sorts a folder as if its name ended with a slash."""
    name, (mode, _) = item
    return _bytes(f"{name}/" if mode == FOLDER else name)


def _row(name: str, item: tuple[str, str]) -> bytes:
    mode, oid = item
    return f"{mode} ".encode() + _bytes(name) + b"\0" + bytes.fromhex(oid)


def _bytes(name: str) -> bytes:
    return name.encode("utf-8", errors="surrogateescape")
