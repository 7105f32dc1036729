"""What a folder holds, compared with the base commit: from bytes, without git and without following a link."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias

from minion.adapters.workspace.ignore import IgnoreRules, root_rules
from minion.adapters.workspace.raw import Entry
from minion.domain.changeset import FileMode

LARGEST = 50_000_000
"""Bytes of one file; GitHub refuses files over 100 MB (https://docs.github.com/en/repositories/working-with-files)."""

_COARSE_NS: Final = 2_000_000_000
_FINE_NS: Final = 100_000_000
"""A file is taken as its stamps say only when it was hashed this long after its last change (git's "racy" problem).
The coarsest clock of a file system counts two seconds; one that shows parts of a second is the kernel's, whose tick is
10 ms at most (https://man7.org/linux/man-pages/man7/time.7.html)."""

Stamp: TypeAlias = tuple[int, int, int, int, int]


@dataclass
class HashCache:
    """Entries by path, valid while a file's stamps stay the same. `ctime` cannot be set by whoever wrote the file."""

    known: dict[str, tuple[Stamp, Entry]] = field(default_factory=dict)
    hashed: int = 0
    """Files whose bytes were read."""

    def get(self, path: str, stamp: Stamp) -> Entry | None:
        found = self.known.get(path)
        return found[1] if found is not None and found[0] == stamp else None

    def put(self, path: str, stamp: Stamp, entry: Entry) -> None:
        settled = _FINE_NS if stamp[3] % 1_000_000_000 else _COARSE_NS
        if time.time_ns() - stamp[3] > settled:
            self.known[path] = (stamp, entry)

    def trust(self, path: str, stamp: Stamp, entry: Entry) -> None:
        """For a file that we have just written ourselves, while nobody else could."""
        self.known[path] = (stamp, entry)


@dataclass
class Scan:
    """`changed` differs from the base (None: deleted). `left_out` are files that no change set can carry, and why."""

    changed: dict[str, Entry | None] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    products: list[str] = field(default_factory=list)
    """What a .gitignore of the tree leaves out, without what tools leave behind anywhere: files and whole folders."""


def stamp_of(facts: os.stat_result) -> Stamp:
    return (facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns, facts.st_mode)


def blob_id(data: bytes) -> str:
    """Git's name of a blob (https://git-scm.com/book/en/v2/Git-Internals-Git-Objects)."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


class Scanner:
    """May scan many times: what it learned of a file or a rule is asked again only when that file was changed. What
    remains is to list each folder and to ask for the stamps of each file."""

    def __init__(self, root: Path, base: Mapping[str, Entry], cache: HashCache) -> None:
        self._root = root
        self._base = base
        self._cache = cache
        self._rules = root_rules()
        self._left_behind = root_rules()
        self._folders = {path[:at] for path in base for at in _slashes(path)}
        self._tracked = frozenset(path for path, entry in base.items() if entry.mode != FileMode.SUBMODULE)

    def scan(self) -> Scan:
        result = Scan()
        seen: set[str] = set()
        for path, item in self._files(result.products):
            seen.add(path)
            self._compare(path, item, result)
        result.changed.update(dict.fromkeys(self._tracked - seen))
        return result

    def _files(self, products: list[str]) -> Iterator[tuple[str, os.DirEntry[str]]]:
        """Each file that is not ignored, by its path from the root."""
        waiting = [(str(self._root), "", self._rules)]
        while waiting:
            folder, prefix, above = waiting.pop()
            with os.scandir(folder) as found:
                items = list(found)
            rules = above.inside(Path(folder), prefix) if any(item.name == ".gitignore" for item in items) else above
            for item in items:
                path = prefix + item.name
                if self._skipped(path, item, rules, products):
                    continue
                if item.is_dir(follow_symlinks=False):
                    waiting.append((item.path, path + "/", rules))
                else:
                    yield path, item

    def _skipped(self, path: str, item: os.DirEntry[str], rules: IgnoreRules, products: list[str]) -> bool:
        if item.name[0] == "." and item.name.casefold() == ".git":
            return True
        entry = self._base.get(path)
        if entry is not None:
            return entry.mode == FileMode.SUBMODULE
        folder = item.is_dir(follow_symlinks=False)
        if (folder and path in self._folders) or not rules.ignored(path, folder):
            return False
        if not self._left_behind.ignored(path, folder):
            products.append(path)
        return True

    def _compare(self, path: str, item: os.DirEntry[str], result: Scan) -> None:
        facts = item.stat(follow_symlinks=False)
        entry = self._cache.get(path, stamp_of(facts)) or self._read(path, facts)
        if isinstance(entry, str):
            result.left_out[path] = entry
        elif entry != self._base.get(path):
            result.changed[path] = entry

    def _read(self, path: str, facts: os.stat_result) -> Entry | str:
        """The file as it is; or why no change set can carry it."""
        if not _is_text(path):
            return "its name is not UTF-8"
        link = stat.S_ISLNK(facts.st_mode)
        if not link and not stat.S_ISREG(facts.st_mode):
            return "it is neither a file nor a symbolic link"
        if facts.st_size > LARGEST:
            return f"it has {facts.st_size} bytes; the most is {LARGEST}"
        target = self._root / path
        entry = Entry(_mode(facts), blob_id(os.fsencode(target.readlink()) if link else target.read_bytes()))
        self._cache.hashed += 1
        self._cache.put(path, stamp_of(facts), entry)
        return entry


def _mode(facts: os.stat_result) -> FileMode:
    if stat.S_ISLNK(facts.st_mode):
        return FileMode.SYMLINK
    return FileMode.EXECUTABLE if facts.st_mode & stat.S_IXUSR else FileMode.FILE


def _slashes(path: str) -> Iterator[int]:
    return (at for at, character in enumerate(path) if character == "/")


def _is_text(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True
