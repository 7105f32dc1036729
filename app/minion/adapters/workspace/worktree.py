"""The workspace of a round."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path

from minion.adapters.workspace.checkpoints import Checkpoints, changed_since
from minion.adapters.workspace.files import aside, put, remove, remove_whole
from minion.adapters.workspace.objects import Objects
from minion.adapters.workspace.raw import Entry, Listing
from minion.adapters.workspace.safe_git import GitFailed, SafeGit
from minion.adapters.workspace.scan import HashCache, Scan, Scanner, stamp_of
from minion.domain.changeset import ChangedFile, ChangeSet, FileMode
from minion.domain.ids import CommitSha
from minion.ports.workspace import Checkpoint

MOST_BYTES = 200_000_000
"""Of one change set, held in memory; far above what the gate lets through."""


class GitWorkspace:
    """Implements `ports.workspace.Workspace`. `root` holds the files; the repository is elsewhere, out of the box.

    `task_base` is the commit where the task began, when that is another one. Where the repository does not hold it,
    nothing of it is known: the head's own word is not taken for it.
    """

    def __init__(self, root: Path, safe: SafeGit, head_sha: str, task_base: str | None = None) -> None:
        self._root = root
        self._safe = safe
        self._objects = Objects(safe, head_sha)
        self._task_base = task_base or head_sha
        self._cache = HashCache()
        self._prepared: dict[str, Entry | None] = {}
        self._still: Scan | None = None
        self._furnished: frozenset[str] = frozenset()
        """Ignored things that preparing left: the base is judged with them."""
        self._checkpoints = Checkpoints(root, self._objects, self._scan_all)

    @property
    def root(self) -> str:
        return str(self._root)

    @property
    def head_sha(self) -> str:
        return self._objects.base_sha

    @property
    def listing(self) -> Listing:
        """What the head holds."""
        return self._objects.listing

    @property
    def git_dir(self) -> Path:
        """Our repository, to which the tree's `.git` points; it holds no credential and may be shown read-only."""
        return self._safe.git_dir

    def materialise(self) -> None:
        """Writes the base commit's files into the empty root, byte for byte, and `.git`, which names our repository."""
        self._safe.run("read-tree", "--reset", "-u", self.head_sha)
        (self.git_dir / "HEAD").write_text(f"{self.head_sha}\n")
        # For programs that ask git for a version or a list of files: our repository, with our configuration.
        (self._root / ".git").write_text(f"gitdir: {self.git_dir}\n")
        for path, entry in self._objects.base.items():
            with contextlib.suppress(FileNotFoundError):
                self._cache.trust(path, stamp_of((self._root / path).lstat()), entry)

    @cached_property
    def _scanner(self) -> Scanner:
        return Scanner(self._root, self._objects.base, self._cache)

    def _scan_all(self) -> Scan:
        seen = self._still
        return (
            self._scanner.scan() if seen is None else Scan(dict(seen.changed), dict(seen.left_out), list(seen.products))
        )

    @contextlib.contextmanager
    def still(self) -> Iterator[None]:
        self._still = self._scanner.scan()
        try:
            yield
        finally:
            self._still = None

    def _scan(self) -> Scan:
        scan = self._scan_all()
        if self._prepared:
            scan.changed = {
                path: entry
                for path, entry in scan.changed.items()
                if path not in self._prepared or self._prepared[path] != entry
            }
        return scan

    def tree_digest(self) -> str:
        rows = sorted((path, _shown(entry)) for path, entry in self._scan().changed.items())
        return hashlib.sha256("\0".join(part for row in rows for part in row).encode()).hexdigest()

    def change_set(self, since: Checkpoint | None = None) -> ChangeSet:
        changed = self._scan().changed
        if since is not None:
            changed = changed_since(changed, since)
        return ChangeSet(base_sha=CommitSha(self.head_sha), files=tuple(self._files(changed)))

    def _files(self, changed: Mapping[str, Entry | None]) -> Iterator[ChangedFile]:
        room = MOST_BYTES
        for path in sorted(changed):
            entry = changed[path]
            data = b"" if entry is None else self._bytes(path, entry)
            room -= len(data)
            if room >= 0:
                yield ChangedFile(path=path) if entry is None else ChangedFile.of(path, data, entry.mode)

    def _bytes(self, path: str, entry: Entry) -> bytes:
        target = self._root / path
        return os.fsencode(target.readlink()) if entry.mode == FileMode.SYMLINK else target.read_bytes()

    def changed_paths(self) -> Sequence[str]:
        return sorted(self._scan().changed)

    def left_out(self) -> Mapping[str, str]:
        """Files that no change set can carry (too large, no file, name not UTF-8), each with the reason."""
        return dict(sorted(self._scan().left_out.items()))

    def apply(self, change_set: ChangeSet) -> None:
        """Deletions first, so that a file may take a folder's place. Raises `UsageError` for a path out of the tree."""
        for file in change_set.files:
            if file.data is None:
                remove(self._root, file.path)
        for file in change_set.files:
            if file.data is not None and file.mode != FileMode.SUBMODULE:
                put(self._root, file.path, file.data, file.mode)

    def diff(self, limit: int = 60_000, since: Checkpoint | None = None) -> str:
        if since is not None:
            return _cut(self._checkpoints.diff(since), limit)
        change_set = self.change_set()
        return "" if change_set.empty else _cut(self._objects.diff(self._objects.tree_of(change_set)), limit)

    def line_counts(self, change_set: ChangeSet) -> Callable[[], dict[str, tuple[int, int]]]:
        """What waits for git, in any thread: lines added to and removed from each text file of a change set."""
        return partial(self._objects.line_counts, self._objects.tree_of(change_set))

    def diff_of_branch(self, limit: int = 60_000) -> str:
        if self._judging is None or self._judging is self._objects:
            return ""
        return _cut(self._judging.diff(self.head_sha), limit)

    def changes_of_branch(self) -> ChangeSet:
        work = self.change_set()
        if self._judging is None or self._judging is self._objects:
            return work
        differing = _differing(self._judging.base, self._objects.base)
        files = {path: self._file_at_head(path) for path in differing}
        files |= {file.path: file for file in work.files}
        return ChangeSet(base_sha=CommitSha(self._task_base), files=tuple(files[path] for path in sorted(files)))

    def _file_at_head(self, path: str) -> ChangedFile:
        entry = self._objects.base.get(path)
        if entry is None:
            return ChangedFile(path=path)
        return ChangedFile.of(path, self._objects.blob(entry.oid), entry.mode)

    def checkpoint(self) -> Checkpoint:
        return self._checkpoints.make()

    def restore(self, checkpoint: Checkpoint) -> None:
        """Raises `Outage` where something keeps changing the files meanwhile."""
        self._checkpoints.go_back(checkpoint)

    @cached_property
    def _judging(self) -> Objects | None:
        """Where rules and commands are read."""
        if self._task_base == self.head_sha:
            return self._objects
        return Objects(self._safe, self._task_base) if self.holds(self._task_base) else None

    def read_at_base(self, path: str) -> bytes | None:
        return None if self._judging is None else _read(self._judging, path)

    def read_at_head(self, path: str) -> bytes | None:
        return _read(self._objects, path)

    def list_at_base(self) -> Sequence[str]:
        return [] if self._judging is None else sorted(self._judging.base)

    def list_at_head(self) -> Sequence[str]:
        return sorted(self._objects.base)

    @contextlib.contextmanager
    def base_tree(self, *, products: bool = False) -> Iterator[None]:
        built = [] if products else self._products()
        with aside(self._root, self.git_dir.parent, built), self._base_files():
            try:
                yield
            finally:
                if not products:
                    self._remove_products()

    def _remove_products(self) -> None:
        for path in self._products():
            with contextlib.suppress(OSError):
                remove_whole(self._root / path)

    def _products(self) -> list[str]:
        return [path for path in self._scan_all().products if path not in self._furnished]

    @contextlib.contextmanager
    def _base_files(self) -> Iterator[None]:
        work = self.change_set()
        times = {file.path: self._modified(file.path) for file in work.files if file.data is not None}
        try:
            self._put_base([file.path for file in work.files])
            yield
        finally:
            kept = {file.path for file in work.files}
            self._put_base([path for path in self.changed_paths() if path not in kept])
            self.apply(work)
            for path, moment in times.items():
                os.utime(self._root / path, ns=(moment, moment), follow_symlinks=False)

    def holds(self, sha: str) -> bool:
        try:
            return self._safe.line("cat-file", "-t", sha) == "commit"
        except GitFailed:
            return False

    @contextlib.contextmanager
    def tree_at(self, sha: str) -> Iterator[None]:
        """As `base_tree`, with the files of another commit that the repository holds."""
        other = Objects(self._safe, sha)
        try:
            with self.base_tree():
                here, there = self._objects.base, other.base
                for path in here.keys() - there.keys():
                    remove(self._root, path)
                for path, entry in there.items():
                    if here.get(path) != entry and entry.mode != FileMode.SUBMODULE:
                        put(self._root, path, other.blob(entry.oid), entry.mode)
                yield
        finally:
            other.close()

    def _modified(self, path: str) -> int:
        return (self._root / path).lstat().st_mtime_ns

    def _put_base(self, paths: Sequence[str]) -> None:
        base = self._objects.base
        for path in paths:
            if path not in base:
                remove(self._root, path)
        for path in paths:
            if path in base:
                put(self._root, path, self._objects.blob(base[path].oid), base[path].mode)

    def preparation_done(self) -> Sequence[str]:
        """To be called when the environment is prepared: tracked files are put back as they are in the base commit,
        and new files that are there now are not the task's work (as long as they stay as they are). Returns those."""
        changed = self._scan().changed
        self._put_base([path for path in changed if path in self._objects.base])
        fresh = {path: entry for path, entry in self._scan().changed.items() if path not in self._objects.base}
        self._prepared |= fresh
        self._furnished = frozenset(self._scan_all().products)
        return sorted(fresh)

    def close(self) -> None:
        self._objects.close()
        if (judging := self.__dict__.get("_judging")) is not None:
            judging.close()


def _read(objects: Objects, path: str) -> bytes | None:
    entry = objects.base.get(path)
    return None if entry is None or entry.mode == FileMode.SUBMODULE else objects.blob(entry.oid)


def _differing(before: Mapping[str, Entry], after: Mapping[str, Entry]) -> Iterator[str]:
    """Submodules are left as they are."""
    for path in before.keys() | after.keys():
        one, other = before.get(path), after.get(path)
        if one != other and FileMode.SUBMODULE not in {entry.mode for entry in (one, other) if entry}:
            yield path


def _cut(diff: bytes, limit: int) -> str:
    text = diff.decode("utf-8", errors="replace")
    return text if len(text) <= limit else f"{text[:limit]}\n[… {len(text) - limit} more characters of the diff …]\n"


def _shown(entry: Entry | None) -> str:
    return "deleted" if entry is None else f"{entry.mode} {entry.oid}"
