"""A change set as a commit on a branch of a person's repository, without a look at their files or index."""

from __future__ import annotations

import os
import re
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from minion.adapters.workspace.local import git_directory, write_config
from minion.adapters.workspace.objects import Objects, objects_of
from minion.adapters.workspace.raw import Listing, RawObject, write
from minion.adapters.workspace.safe_git import GitFailed, SafeGit
from minion.domain.changeset import ChangeSet
from minion.domain.ids import CommitSha

_NEW: Final = "0" * 40
_NO_REF: Final = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|(?:^|/)\.|\.lock(?:/|$)|^/|[/.]$|^$")
"""https://git-scm.com/docs/git-check-ref-format#_description"""


@dataclass(frozen=True)
class BranchUpdated:
    sha: CommitSha
    parent: CommitSha


@dataclass(frozen=True)
class BranchRefused:
    reason: str


def commit_to_branch(
    directory: Path,
    branch: str,
    change_set: ChangeSet,
    message: str,
    author: tuple[str, str] = ("Minion", "minion@localhost"),
    begin: Listing | None = None,
) -> BranchUpdated | BranchRefused:
    """Commits base + change set on top of the branch, or of the change set's base when the branch is new.

    The branch is moved only from where it was read. Refused when it is checked out somewhere, when its name is not
    one, when it is not built on the change set's base, or when somebody moved it meanwhile. `begin` is what the base
    holds, where that is known.
    """
    common = git_directory(directory)
    with tempfile.TemporaryDirectory(prefix="minion-git-") as folder:
        safe = SafeGit(common, write_config(Path(folder)))
        return _Committing(safe, common, branch, change_set, begin).carried_out(message, author)


def branch_tip(directory: Path, branch: str) -> CommitSha | None:
    """The commit of a branch of the checkout, if it is there."""
    if _NO_REF.search(branch):
        return None
    with tempfile.TemporaryDirectory(prefix="minion-git-") as folder:
        (found,) = _resolved(SafeGit(git_directory(directory), write_config(Path(folder))), f"refs/heads/{branch}")
        return None if found is None else CommitSha(found)


@dataclass(frozen=True)
class _Committing:
    safe: SafeGit
    common: Path
    branch: str
    change_set: ChangeSet
    begin: Listing | None

    @property
    def _ref(self) -> str:
        return f"refs/heads/{self.branch}"

    def carried_out(self, message: str, author: tuple[str, str]) -> BranchUpdated | BranchRefused:
        if _NO_REF.search(self.branch):
            return BranchRefused(f"{self.branch!r} is not a branch name")
        with ThreadPoolExecutor(1) as asking:  # git is asked while what is known already is written
            resolved = asking.submit(_resolved, self.safe, self.change_set.base_sha, self._ref)
            tree = self._tree_written(self.begin) if self.begin else None
        base, old = resolved.result()
        refusal = self._refusal(base, old)
        if refusal is not None:
            return BranchRefused(refusal)
        parent = CommitSha(old or self.change_set.base_sha)
        tree = tree or self._tree_written(Objects(self.safe, self.change_set.base_sha).listing)
        commit = _commit(tree, parent, message, author)
        write(self.common / "objects", [commit])
        try:
            self.safe.run("update-ref", "--no-deref", self._ref, commit.oid, old or _NEW)
        except GitFailed as error:
            return BranchRefused(f"{self.branch} was moved meanwhile: {error.words}")
        return BranchUpdated(CommitSha(commit.oid), parent)

    def _tree_written(self, begin: Listing) -> str:
        objects = objects_of(self.change_set, begin)
        write(self.common / "objects", objects)
        return objects[-1].oid

    def _refusal(self, base: str | None, old: str | None) -> str | None:
        if base is None:
            return f"the repository has no commit {self.change_set.base_sha}"
        if self._ref in _checked_out(self.common):
            return f"{self.branch} is checked out; switch to another branch first"
        if old not in {None, base} and not _runs(self.safe, "merge-base", "--is-ancestor", base, str(old)):
            return f"{self.branch} exists and is not built on {self.change_set.base_sha[:12]}"
        return None


def _commit(tree: str, parent: str, message: str, author: tuple[str, str]) -> RawObject:
    """https://git-scm.com/docs/git-commit-tree; git leaves these signs out of names, too."""
    name, email = (re.sub(r"[<>\n]", "", word) for word in author)
    who = f"{name} <{email}> {int(time.time())} {time.strftime('%z')}"
    text = f"tree {tree}\nparent {parent}\nauthor {who}\ncommitter {who}\n\n{message}"
    return RawObject("commit", text.replace("\0", "").encode("utf-8", "replace"))


def _resolved(safe: SafeGit, *names: str) -> list[str | None]:
    """The ids of these commits, all in one question; None where there is none."""
    asked = "".join(f"{name}^{{commit}}\n" for name in names)
    said = safe.run("cat-file", "--batch-check", stdin=os.fsencode(asked)).decode("utf-8", "replace").splitlines()
    return [words[0] if (words := line.split())[1:2] == ["commit"] else None for line in said]


def _runs(safe: SafeGit, *arguments: str) -> bool:
    try:
        safe.run(*arguments)
    except GitFailed:
        return False
    return True


def _checked_out(common: Path) -> set[str]:
    """The branches of the main checkout and of all linked worktrees (https://git-scm.com/docs/git-worktree#_details)."""
    heads = [common / "HEAD", *(common / "worktrees").glob("*/HEAD")]
    return {head.read_text().strip().removeprefix("ref: ") for head in heads if head.is_file()}
