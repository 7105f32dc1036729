"""A change set as a commit on a branch of a person's repository, without a look at their files or index."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from minion.adapters.workspace.local import Checkout, find_checkout, git_directory, write_config
from minion.adapters.workspace.objects import Objects
from minion.adapters.workspace.safe_git import GitFailed, SafeGit
from minion.domain.changeset import ChangeSet
from minion.domain.ids import CommitSha

_NEW = "0" * 40


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
) -> BranchUpdated | BranchRefused:
    """Commits base + change set on top of the branch, or of the change set's base when the branch is new.

    The branch is moved only from where it was read. Refused when it is checked out somewhere, when its name is not
    one, when it is not built on the change set's base, or when somebody moved it meanwhile.
    """
    with tempfile.TemporaryDirectory(prefix="minion-git-") as folder:
        config = write_config(Path(folder))
        checkout = find_checkout(directory, config)
        return _commit(SafeGit(checkout.common, config), checkout, branch, change_set, (message, *author))


def branch_tip(directory: Path, branch: str) -> CommitSha | None:
    """The commit of a branch of the checkout, if it is there."""
    with tempfile.TemporaryDirectory(prefix="minion-git-") as folder:
        config = write_config(Path(folder))
        found = _resolve(SafeGit(git_directory(directory), config), f"refs/heads/{branch}")
        return None if found is None else CommitSha(found)


def _commit(
    safe: SafeGit, checkout: Checkout, branch: str, change_set: ChangeSet, words: tuple[str, str, str]
) -> BranchUpdated | BranchRefused:
    ref = f"refs/heads/{branch}"
    refusal = _refusal(safe, checkout, ref, change_set)
    if refusal is not None:
        return BranchRefused(refusal)
    old = _resolve(safe, ref)
    parent = old or change_set.base_sha
    objects = Objects(safe, change_set.base_sha)
    try:
        tree = objects.tree_of(change_set)
    finally:
        objects.close()
    message, name, email = words
    identity = {
        f"GIT_{who}_{what}": value
        for who in ("AUTHOR", "COMMITTER")
        for what, value in (("NAME", name), ("EMAIL", email))
    }
    sha = safe.run("commit-tree", tree, "-p", parent, "-F", "-", stdin=message.encode(), env=identity).decode().strip()
    try:
        safe.run("update-ref", "--no-deref", ref, sha, old or _NEW)
    except GitFailed as error:
        return BranchRefused(f"{branch} was moved meanwhile: {error.words}")
    return BranchUpdated(CommitSha(sha), CommitSha(parent))


def _refusal(safe: SafeGit, checkout: Checkout, ref: str, change_set: ChangeSet) -> str | None:
    branch = ref.removeprefix("refs/heads/")
    if not _runs(safe, "check-ref-format", ref):
        return f"{branch!r} is not a branch name"
    if _resolve(safe, change_set.base_sha) is None:
        return f"the repository has no commit {change_set.base_sha}"
    if ref in _checked_out(checkout):
        return f"{branch} is checked out; switch to another branch first"
    if _resolve(safe, ref) and not _runs(safe, "merge-base", "--is-ancestor", change_set.base_sha, ref):
        return f"{branch} exists and is not built on {change_set.base_sha[:12]}"
    return None


def _resolve(safe: SafeGit, name: str) -> str | None:
    try:
        return safe.line("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    except GitFailed:
        return None


def _runs(safe: SafeGit, *arguments: str) -> bool:
    try:
        safe.run(*arguments)
    except GitFailed:
        return False
    return True


def _checked_out(checkout: Checkout) -> set[str]:
    """The branches of the main checkout and of all linked worktrees (https://git-scm.com/docs/git-worktree#_details)."""
    heads = [checkout.common / "HEAD", *(checkout.common / "worktrees").glob("*/HEAD")]
    return {head.read_text().strip().removeprefix("ref: ") for head in heads if head.is_file()}
