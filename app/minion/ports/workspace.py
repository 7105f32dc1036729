"""The working copy: its bytes against the base commit, never through the tree's own git configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from minion.domain.changeset import ChangeSet


@dataclass(frozen=True)
class Checkpoint:
    """The files as they were once: (mode, blob id) of each that differs from `head_sha`, None for a deleted one.
    The workspace that made it keeps the contents, each once, however often they are part of a checkpoint."""

    changed: Mapping[str, tuple[str, str] | None]
    left_out: frozenset[str]


class Workspace(Protocol):
    @property
    def root(self) -> str: ...

    @property
    def head_sha(self) -> str:
        """The commit that change sets are computed against."""
        ...

    def tree_digest(self) -> str:
        """SHA-256 (hex) of what a change set would contain now: equal digests mean equal trees."""
        ...

    def change_set(self, since: Checkpoint | None = None) -> ChangeSet:
        """What differs from `head_sha`; with a checkpoint, of that only what is not as it was then."""
        ...

    def apply(self, change_set: ChangeSet) -> None: ...

    def diff(self, limit: int = 60_000, since: Checkpoint | None = None) -> str:
        """A unified diff of the change set, or of what was changed since a checkpoint, for people and judges; cut at
        `limit` characters with a note."""
        ...

    def changed_paths(self) -> Sequence[str]: ...

    def left_out(self) -> Mapping[str, str]:
        """Files that no change set can carry, each with the reason."""
        ...

    def read_at_base(self, path: str) -> bytes | None:
        """The file as it is in the commit where the task began (rules, configuration), or None.

        Never from a pull request's head: a change may not rewrite the rules that judge it.
        """
        ...

    def list_at_base(self) -> Sequence[str]:
        """All paths of the commit where the task began."""
        ...

    def read_at_head(self, path: str) -> bytes | None:
        """The file as it is in `head_sha`, where the work began; None: it is not there."""
        ...

    def list_at_head(self) -> Sequence[str]:
        """All paths of `head_sha`."""
        ...

    def changes_of_branch(self) -> ChangeSet:
        """The change set against the commit where the task began: with what the branch had before, and what earlier
        rounds pushed. Empty where that commit is not known."""
        ...

    def diff_of_branch(self, limit: int = 60_000) -> str:
        """What `head_sha` changes of the commit where the task began, cut as `diff` is; the work is not in it."""
        ...

    def checkpoint(self) -> Checkpoint:
        """Remembers the files as they are; what .gitignore leaves out is not remembered."""
        ...

    def restore(self, checkpoint: Checkpoint) -> None:
        """Makes the files what they were at the checkpoint."""
        ...

    def still(self) -> AbstractContextManager[None]:
        """For a block in which nobody changes a file, this workspace neither: they are looked at once."""
        ...

    def base_tree(self, *, products: bool = False) -> AbstractContextManager[None]:
        """Within it the workspace holds the files of `head_sha`, without the work, which is put back after. What the
        work has built in ignored places since the workspace was prepared is not there either, and what is built in the
        block is gone after it; with `products` it stays, and so does the work's."""
        ...
