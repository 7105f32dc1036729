"""What a push may not do: the same rules for the API, and for git over HTTP inside its pre-receive hook.

Imported by the hook's process, so it depends on git alone.
https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/managing-protected-branches/about-protected-branches
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from minion.hub.git_objects import ZERO, Git

WORKFLOWS = ".github/workflows"


@dataclass(frozen=True)
class Move:
    """One ref update; ZERO stands for absence."""

    ref: str
    old: str
    new: str


@dataclass(frozen=True)
class Policy:
    """What holds for this pusher: refs that only pull requests may move, and who they are to workflow files."""

    protected: tuple[str, ...]  # full ref names
    default_ref: str
    may_change_workflows: bool
    kind: str = "GitHub App"  # named in the message


def refusal(git: Git, move: Move, policy: Policy) -> str | None:
    """Why this move is refused, in GitHub's words; None when it is not."""
    if not move.ref.startswith(("refs/heads/", "refs/tags/")):
        return f"deny updating a hidden ref: {move.ref}"
    if move.ref in policy.protected:
        return f"GH006: Protected branch update failed for {move.ref}."
    if move.ref == policy.default_ref and move.new == ZERO:
        return f"refusing to delete the current branch: {move.ref}"
    if policy.may_change_workflows or move.new == ZERO:
        return None
    touched = touched_workflows(git, move)
    if not touched:
        return None
    return (
        f"refusing to allow a {policy.kind} to create or update workflow `{touched[0]}` without `workflows` permission"
    )


def touched_workflows(git: Git, move: Move) -> list[str]:
    """Workflow files of the commits that come with this move which differ from every branch that was there before."""
    known = [sha for name, sha in git.refs().items() if name.startswith("refs/heads/")]
    fresh = git.text("rev-list", move.new, "--not", *known, "--", WORKFLOWS) if known else move.new
    present = {entry for sha in known for entry in _workflows(git, sha)}
    added = [entry[0] for sha in fresh.split() for entry in _workflows(git, sha) - present]
    return sorted({*added, *_removed(git, move, known)})


def _removed(git: Git, move: Move, known: Sequence[str]) -> set[str]:
    """Files gone from the new tip although the point where it left the known branches had them."""
    bases = [base for sha in known if (base := git.merge_base(sha, move.new))]
    tip = {path for path, _ in _workflows(git, move.new)}
    if any(tip >= {path for path, _ in _workflows(git, base)} for base in bases):
        return set()
    return {path for base in bases for path, _ in _workflows(git, base)} - tip


def _workflows(git: Git, sha: str) -> set[tuple[str, str]]:
    return {(entry.path, entry.sha) for entry in git.tree(sha, WORKFLOWS, recursive=True) if entry.kind != "tree"}
