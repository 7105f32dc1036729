"""A private working copy of a person's checkout: their files are neither used nor touched."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from minion.adapters.workspace.clone import BASE_REF
from minion.adapters.workspace.objects import Objects
from minion.adapters.workspace.safe_git import CONFIGURATION, GitFailed, SafeGit, new_repository
from minion.adapters.workspace.scan import HashCache, Scanner
from minion.adapters.workspace.worktree import GitWorkspace
from minion.domain.errors import UsageError

DEPTH = 50


@dataclass(frozen=True)
class LocalCopy:
    """`uncommitted` are the checkout's changed and new files: they are not in the copy, and the person should know."""

    workspace: GitWorkspace
    uncommitted: tuple[str, ...]


@dataclass(frozen=True)
class Checkout:
    """A person's repository: `top` holds its files, `common` is the git directory that its worktrees share."""

    top: Path
    common: Path
    head: str


def find_checkout(directory: Path, config: Path) -> Checkout:
    """Raises `UsageError` where there is no checkout, or no commit yet."""
    top = _top(directory.resolve())
    git_dir = _git_dir(top)
    pointer = git_dir / "commondir"  # in a linked worktree (https://git-scm.com/docs/gitrepository-layout)
    common = (git_dir / pointer.read_text().strip()).resolve() if pointer.is_file() else git_dir
    name = (git_dir / "HEAD").read_text().strip().removeprefix("ref: ")
    try:
        head = SafeGit(common, config).line("rev-parse", "--verify", "--end-of-options", f"{name}^{{commit}}")
    except GitFailed as error:
        raise UsageError(f"{directory} has no commit yet; make one first ({error.words})") from error
    return Checkout(top, common, head)


def copy_of_checkout(directory: Path, root: Path, private: Path) -> LocalCopy:
    """A workspace at `root` of the checkout's HEAD. Raises `UsageError` when there is no checkout with a commit."""
    safe = new_repository(private, root)
    checkout = find_checkout(directory, private / "gitconfig")
    source = f"file://{checkout.common}"
    safe.run(
        "fetch",
        "--quiet",
        "--no-tags",
        "--no-write-fetch-head",
        f"--depth={DEPTH}",
        source,
        f"+{checkout.head}:{BASE_REF}",
    )
    workspace = GitWorkspace(root, safe, checkout.head)
    workspace.materialise()
    base = Objects(safe, checkout.head).base
    changed = Scanner(checkout.top, base, HashCache()).scan().changed
    return LocalCopy(workspace, tuple(sorted(changed)))


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
