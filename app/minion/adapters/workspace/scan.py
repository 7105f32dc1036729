"""What a folder holds, compared with the base commit: from bytes, without git and without following a link."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from minion.adapters.workspace.ignore import IgnoreRules, root_rules
from minion.adapters.workspace.objects import Entry
from minion.domain.changeset import FileMode

LARGEST = 50_000_000
"""Bytes of one file; GitHub refuses files over 100 MB (https://docs.github.com/en/repositories/working-with-files)."""

_SETTLED_NS = 2_000_000_000
"""A file's stamps are trusted only when it was hashed this long after its last change (git's "racy" problem)."""

Stamp = tuple[int, int, int, int, int]


@dataclass
class HashCache:
    """Blob ids by path, valid while a file's stamps stay the same. `ctime` cannot be set by whoever wrote the file."""

    known: dict[str, tuple[Stamp, str]] = field(default_factory=dict)

    def get(self, path: str, stamp: Stamp) -> str | None:
        found = self.known.get(path)
        return found[1] if found is not None and found[0] == stamp else None

    def put(self, path: str, stamp: Stamp, oid: str) -> None:
        if time.time_ns() - stamp[3] > _SETTLED_NS:
            self.known[path] = (stamp, oid)

    def trust(self, path: str, stamp: Stamp, oid: str) -> None:
        """For a file that we have just written ourselves, while nobody else could."""
        self.known[path] = (stamp, oid)


@dataclass
class Scan:
    """`changed` differs from the base (None: deleted). `left_out` are files that no change set can carry, and why."""

    changed: dict[str, Entry | None] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)


def stamp_of(facts: os.stat_result) -> Stamp:
    return (facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns, facts.st_mode)


def blob_id(data: bytes) -> str:
    """Git's name of a blob (https://git-scm.com/book/en/v2/Git-Internals-Git-Objects)."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


class Scanner:
    def __init__(self, root: Path, base: Mapping[str, Entry], cache: HashCache) -> None:
        self._root = root
        self._base = base
        self._cache = cache
        self._folders = {path[:at] for path in base for at in _slashes(path)}

    def scan(self) -> Scan:
        result = Scan()
        seen: set[str] = set()
        for path, item in self._walk(self._root, "", root_rules().inside(self._root, "")):
            seen.add(path)
            self._compare(path, item, result)
        gone = (path for path, entry in self._base.items() if path not in seen and entry.mode != FileMode.SUBMODULE)
        result.changed.update(dict.fromkeys(gone))
        return result

    def _walk(self, folder: Path, prefix: str, rules: IgnoreRules) -> Iterator[tuple[str, os.DirEntry[str]]]:
        with os.scandir(folder) as items:
            ordered = sorted(items, key=lambda item: item.name)
        for item in ordered:
            path = prefix + item.name
            if item.name.casefold() == ".git" or self._skipped(path, item, rules):
                continue
            if item.is_dir(follow_symlinks=False):
                below = Path(item.path)
                yield from self._walk(below, path + "/", rules.inside(below, path + "/"))
            else:
                yield path, item

    def _skipped(self, path: str, item: os.DirEntry[str], rules: IgnoreRules) -> bool:
        entry = self._base.get(path)
        if entry is not None:
            return entry.mode == FileMode.SUBMODULE
        folder = item.is_dir(follow_symlinks=False)
        return not (folder and path in self._folders) and rules.ignored(path, folder)

    def _compare(self, path: str, item: os.DirEntry[str], result: Scan) -> None:
        entry = self._entry(path, item)
        if isinstance(entry, str):
            result.left_out[path] = entry
        elif entry != self._base.get(path):
            result.changed[path] = entry

    def _entry(self, path: str, item: os.DirEntry[str]) -> Entry | str:
        facts = item.stat(follow_symlinks=False)
        if not _is_text(path):
            return "its name is not UTF-8"
        if stat.S_ISLNK(facts.st_mode):
            return Entry(FileMode.SYMLINK, blob_id(os.fsencode(Path(item.path).readlink())))
        if not stat.S_ISREG(facts.st_mode):
            return "it is neither a file nor a symbolic link"
        if facts.st_size > LARGEST:
            return f"it has {facts.st_size} bytes; the most is {LARGEST}"
        mode = FileMode.EXECUTABLE if facts.st_mode & stat.S_IXUSR else FileMode.FILE
        return Entry(mode, self._oid(path, facts))

    def _oid(self, path: str, facts: os.stat_result) -> str:
        stamp = stamp_of(facts)
        known = self._cache.get(path, stamp)
        if known is not None:
            return known
        oid = blob_id((self._root / path).read_bytes())
        self._cache.put(path, stamp, oid)
        return oid


def _slashes(path: str) -> Iterator[int]:
    return (at for at, character in enumerate(path) if character == "/")


def _is_text(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True
