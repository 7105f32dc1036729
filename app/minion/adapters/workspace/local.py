"""A private working copy of a person's checkout: their files are neither used nor touched."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from minion.adapters.workspace.clone import BASE_REF
from minion.adapters.workspace.safe_git import CONFIGURATION, GitFailed, SafeGit, new_repository
from minion.adapters.workspace.scan import HashCache, Scanner
from minion.adapters.workspace.worktree import GitWorkspace
from minion.domain.errors import UsageError

DEPTH = 50


@dataclass(frozen=True)
class LocalCopy:
    """`uncommitted` are the checkout's changed and new files: they are not in the copy, and the person should know.

    `base_sha` is what it is compared with.
    """

    workspace: GitWorkspace
    uncommitted: tuple[str, ...]
    base_sha: str


@dataclass(frozen=True)
class Start:
    """Where the work begins, by default at HEAD, and what it is compared with, by default where it begins."""

    at: str | None = None
    base: str | None = None


@dataclass(frozen=True)
class Checkout:
    """A person's repository: `top` holds its files, `common` is the git directory that its worktrees share."""

    top: Path
    common: Path
    head: str


_HERE = Start()


def find_checkout(directory: Path, config: Path) -> Checkout:
    """Raises `UsageError` where there is no checkout, or no commit yet."""
    top = _top(directory.resolve())
    git_dir, common = _git_dir(top), git_directory(directory)
    name = (git_dir / "HEAD").read_text().strip().removeprefix("ref: ")
    try:
        head = SafeGit(common, config).line("rev-parse", "--verify", "--end-of-options", f"{name}^{{commit}}")
    except GitFailed as error:
        raise UsageError(f"{directory} has no commit yet; make one first ({error.words})") from error
    return Checkout(top, common, head)


def git_directory(directory: Path) -> Path:
    """The one that all worktrees of the checkout share. Raises `UsageError` where there is no checkout."""
    git_dir = _git_dir(_top(directory.resolve()))
    pointer = git_dir / "commondir"  # in a linked worktree (https://git-scm.com/docs/gitrepository-layout)
    return (git_dir / pointer.read_text().strip()).resolve() if pointer.is_file() else git_dir


def copy_of_checkout(directory: Path, root: Path, private: Path, start: Start = _HERE) -> LocalCopy:
    """A workspace at `root` of the checkout's HEAD, or where `start` says.

    Raises `UsageError` when there is no checkout with a commit, or no such revision.
    """
    safe = new_repository(private, root)
    checkout = find_checkout(directory, private / "gitconfig")
    theirs = SafeGit(checkout.common, private / "gitconfig")
    head = checkout.head if start.at is None else _commit_of(theirs, start.at)
    base = head if start.base is None else _fork_point(theirs, _commit_of(theirs, start.base), head, start.base)
    if base != head:
        _fetch(safe, checkout, base, 1)
    _fetch(safe, checkout, head, DEPTH)
    workspace = GitWorkspace(root, safe, head, base)
    workspace.materialise()
    begun_elsewhere = head != checkout.head
    changed = () if begun_elsewhere else Scanner(checkout.top, workspace.listing.files, HashCache()).scan().changed
    return LocalCopy(workspace, tuple(sorted(changed)), base)


def _fetch(safe: SafeGit, checkout: Checkout, sha: str, depth: int) -> None:
    quiet = ("fetch", "--quiet", "--no-tags", "--no-write-fetch-head")
    safe.run(*quiet, f"--depth={depth}", f"file://{checkout.common}", f"+{sha}:{BASE_REF}")


def _commit_of(theirs: SafeGit, revision: str) -> str:
    try:
        return theirs.line("rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}")
    except GitFailed as error:
        raise UsageError(f"The repository has no {revision}: {error.words}") from error


def _fork_point(theirs: SafeGit, base: str, head: str, said: str) -> str:
    """Where the two parted: what the base gained since is not the branch's."""
    try:
        return theirs.line("merge-base", base, head)
    except GitFailed as error:
        raise UsageError(f"{said} has no history in common with what the work begins from") from error


def write_config(folder: Path) -> Path:
    path = folder / "gitconfig"
    path.write_text(CONFIGURATION)
    return path


def _top(directory: Path) -> Path:
    for folder in (directory, *directory.parents):
        if (folder / ".git").exists():
            return folder
    raise UsageError(f"{directory} is not in a git checkout; go to one, or make one with: git init")


def _git_dir(top: Path) -> Path:
    """Found by hand: asking git would read the configuration of whatever is found first."""
    place = top / ".git"
    if place.is_dir():
        return place
    pointer = place.read_text().removeprefix("gitdir:").strip()
    return (top / pointer).resolve()
