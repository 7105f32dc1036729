"""The working copy: files that the box may change, and a repository of our own, outside it, that says what changed."""

from __future__ import annotations

from minion.adapters.workspace.branches import BranchRefused, BranchUpdated, branch_tip, commit_to_branch
from minion.adapters.workspace.clone import CloneSource, clone
from minion.adapters.workspace.local import LocalCopy, Start, copy_of_checkout, git_directory
from minion.adapters.workspace.worktree import GitWorkspace

__all__ = [
    "BranchRefused",
    "BranchUpdated",
    "CloneSource",
    "GitWorkspace",
    "LocalCopy",
    "Start",
    "branch_tip",
    "clone",
    "commit_to_branch",
    "copy_of_checkout",
    "git_directory",
]
