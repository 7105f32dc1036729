"""The private repository's objects: the base commit's files, and trees made of change sets."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import git

from minion.adapters.workspace.safe_git import SafeGit
from minion.domain.changeset import ChangeSet, FileMode

_GONE = "0" * 40


class Entry(NamedTuple):
    """A file of a tree: its mode and the id of its blob (SHA-1, hex)."""

    mode: FileMode
    oid: str


class Objects:
    """Reads and writes objects. Paths are text in which bytes that are not UTF-8 are surrogate escapes (PEP 383)."""

    def __init__(self, safe: SafeGit, base_sha: str) -> None:
        self._safe = safe
        self.base_sha = base_sha
        self._turn = threading.Lock()

    @cached_property
    def _repo(self) -> git.Repo:
        return self._safe.repository()

    @cached_property
    def base(self) -> dict[str, Entry]:
        """Every file of the base commit by its path."""
        listing = self._safe.run("ls-tree", "-r", "-z", "--full-tree", self.base_sha)
        rows = (row.split(b"\t", 1) for row in listing.split(b"\0") if row)
        return {path.decode("utf-8", errors="surrogateescape"): _entry(facts) for facts, path in rows}

    def blob(self, oid: str) -> bytes:
        # GitPython's object database speaks with one `git cat-file --batch`: one reader at a time.
        with self._turn:
            data = self._repo.odb.stream(bytes.fromhex(oid)).read()
        return bytes(data)

    def store(self, contents: Sequence[bytes]) -> list[str]:
        """The ids of new blobs, in order."""
        if not contents:
            return []
        with tempfile.TemporaryDirectory(dir=self._safe.git_dir) as folder:
            paths = [Path(folder) / str(number) for number in range(len(contents))]
            for path, data in zip(paths, contents, strict=True):
                path.write_bytes(data)
            names = "".join(f"{path}\n" for path in paths).encode()
            return self._safe.run("hash-object", "-w", "--no-filters", "--stdin-paths", stdin=names).decode().split()

    def tree_of(self, change_set: ChangeSet) -> str:
        """The id of the tree that the base commit becomes with the change set."""
        return self._tree(self._rows(change_set), self.base_sha)

    def tree_with(self, entries: Mapping[str, Entry]) -> str:
        """The id of a tree of these entries and no others, of blobs that are stored."""
        rows = (_row(entry.mode, entry.oid, path) for path, entry in entries.items())
        return self._tree(b"".join(rows))

    def _tree(self, rows: bytes, begin: str | None = None) -> str:
        with tempfile.TemporaryDirectory(dir=self._safe.git_dir) as folder:
            env = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
            if begin is not None:
                self._safe.run("read-tree", begin, env=env)
            self._safe.run("update-index", "-z", "--index-info", stdin=rows, env=env)
            return self._safe.line("write-tree", env=env)

    def _rows(self, change_set: ChangeSet) -> bytes:
        deletions = [_row("0", _GONE, file.path) for file in change_set.files if file.data is None]
        written = [(file, file.data) for file in change_set.files if file.data is not None]
        oids = self.store([data for _, data in written])
        additions = [_row(file.mode, oid, file.path) for (file, _), oid in zip(written, oids, strict=True)]
        return b"".join([*deletions, *additions])

    def diff(self, other: str, since: str | None = None) -> bytes:
        """From the base commit, or from the tree `since`, to another tree or commit."""
        options = ("--no-ext-diff", "--no-textconv", "--no-color", "--find-renames", "--full-index", "-r", "-p")
        return self._safe.run("diff-tree", *options, since or self.base_sha, other)

    def close(self) -> None:
        if "_repo" in self.__dict__:
            self._repo.close()


def _row(mode: str, oid: str, path: str) -> bytes:
    return f"{mode} {oid}\t".encode() + path.encode("utf-8", errors="surrogateescape") + b"\0"


def _entry(facts: bytes) -> Entry:
    mode, _, oid = facts.decode().split(" ")
    return Entry(FileMode(mode), oid)
