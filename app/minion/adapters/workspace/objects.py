"""The private repository's objects: the base commit's files, and trees made of change sets."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Final

import git

from minion.adapters.workspace.raw import Entry, Listing, RawObject, changed_trees, write
from minion.adapters.workspace.safe_git import SafeGit
from minion.domain.changeset import ChangeSet, FileMode

_SMALL: Final = 200_000
_MOST_KEPT: Final = 64


class Objects:
    """Reads and writes objects. Paths are text in which bytes that are not UTF-8 are surrogate escapes (PEP 383)."""

    def __init__(self, safe: SafeGit, base_sha: str) -> None:
        self._safe = safe
        self.base_sha = base_sha
        self._turn = threading.Lock()
        self._kept: dict[str, bytes] = {}

    @cached_property
    def _repo(self) -> git.Repo:
        return self._safe.repository()

    @cached_property
    def listing(self) -> Listing:
        rows = self._safe.run("ls-tree", "-r", "-t", "-z", "--full-tree", self.base_sha).split(b"\0")
        files: dict[str, Entry] = {}
        folders: dict[str, str] = {}
        for row in rows[:-1]:
            facts, _, name = row.partition(b"\t")
            mode, kind, oid = facts.decode().split(" ")
            path = name.decode("utf-8", errors="surrogateescape")
            if kind == "tree":
                folders[path] = oid
            else:
                files[path] = Entry(FileMode(mode), oid)
        return Listing(files, folders)

    @property
    def base(self) -> Mapping[str, Entry]:
        """Every file of the base commit by its path."""
        return self.listing.files

    def blob(self, oid: str) -> bytes:
        """Small ones are kept: what a change touches is asked for by each who judges it."""
        # GitPython's object database speaks with one `git cat-file --batch`: one reader at a time.
        with self._turn:
            data = self._kept.get(oid)
            if data is None:
                data = bytes(self._repo.odb.stream(bytes.fromhex(oid)).read())
                if len(data) <= _SMALL and len(self._kept) < _MOST_KEPT:
                    self._kept[oid] = data
        return data

    def store(self, contents: Sequence[bytes]) -> list[str]:
        """The ids of new blobs, in order."""
        return self._write(RawObject("blob", data) for data in contents)

    def tree_of(self, change_set: ChangeSet) -> str:
        """The id of the tree that the base commit becomes with the change set."""
        return self._write(objects_of(change_set, self.listing))[-1]

    def tree_with(self, entries: Mapping[str, Entry]) -> str:
        """The id of a tree of these entries and no others, of blobs that are stored."""
        return self._write(changed_trees(Listing(), entries))[-1]

    def _write(self, objects: Iterable[RawObject]) -> list[str]:
        them = list(objects)
        write(self._safe.git_dir / "objects", them)
        return [raw.oid for raw in them]

    def diff(self, other: str, since: str | None = None) -> bytes:
        """From the base commit, or from the tree `since`, to another tree or commit."""
        options = ("--no-ext-diff", "--no-textconv", "--no-color", "--find-renames", "--full-index", "-r", "-p")
        return self._safe.run("diff-tree", *options, since or self.base_sha, other)

    def line_counts(self, other: str) -> dict[str, tuple[int, int]]:
        """Lines added and removed from the base commit to another tree; a renamed file is found by its new name.
        https://git-scm.com/docs/git-diff#_other_diff_formats"""
        said = self._safe.run("diff-tree", "-r", "--numstat", "-z", "--find-renames", self.base_sha, other)
        fields = iter(os.fsdecode(said).split("\0")[:-1])
        found = {}
        for row in fields:
            added, removed, path = row.split("\t", 2)
            path = path or (next(fields), next(fields))[1]
            if added != "-":
                found[path] = (int(added), int(removed))
        return found

    def close(self) -> None:
        if "_repo" in self.__dict__:
            self._repo.close()


def objects_of(change_set: ChangeSet, begin: Listing) -> list[RawObject]:
    """The blobs and trees that are new with the change set; the whole tree is the last."""
    blobs: list[RawObject] = []
    changes: dict[str, Entry | None] = {}
    for file in change_set.files:
        data = file.data
        if data is None:
            changes[file.path] = None
        else:
            blobs.append(RawObject("blob", data))
            changes[file.path] = Entry(file.mode, blobs[-1].oid)
    return [*blobs, *changed_trees(begin, changes)]
