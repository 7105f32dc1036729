"""Reads bare repositories through the git command line, with a configuration of its own."""

from __future__ import annotations

import io
import subprocess
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

ZERO = "0" * 40
_WORKFLOWS = ".github/workflows/"
_ENV: Mapping[str, str] = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "HOME": "/nonexistent",
    "LANG": "C.UTF-8",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
}
_SAFE = (
    "-c",
    "safe.directory=*",
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.quotePath=false",
)


class GitError(RuntimeError):
    """git refused; the text is what it printed."""


def git(git_dir: Path, *arguments: str) -> bytes:
    """What git prints. Raises GitError when it fails."""
    command = ["git", *_SAFE, f"--git-dir={git_dir}", *arguments]
    done = subprocess.run(command, env=dict(_ENV), capture_output=True, check=False)
    if done.returncode != 0:
        raise GitError(done.stderr.decode(errors="replace").strip() or f"git exited with {done.returncode}")
    return done.stdout


def resolve_commit(git_dir: Path, ref: str) -> str | None:
    """The commit of a branch, tag, full ref or (short) sha; None when there is none."""
    if not ref or ref.startswith("-"):
        return None
    for name in (f"refs/heads/{ref}", f"refs/tags/{ref}", ref):
        try:
            return git(git_dir, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}").decode().strip()
        except GitError:
            continue
    return None


def workflow_files(git_dir: Path, commit: str) -> dict[str, str]:
    """Path → text of the workflow files at this commit, in order of path."""
    listing = git(git_dir, "ls-tree", "-z", "--name-only", commit, "--", _WORKFLOWS).decode(errors="replace")
    paths = sorted(path for path in listing.split("\0") if path.endswith((".yml", ".yaml")))
    return {path: git(git_dir, "show", f"{commit}:{path}").decode(errors="replace") for path in paths}


def workflow_file(git_dir: Path, commit: str, path: str) -> str | None:
    """The text of one file at a commit, or None when it is not there."""
    try:
        return git(git_dir, "show", f"{commit}:{path}").decode(errors="replace")
    except GitError:
        return None


def commit_message(git_dir: Path, commit: str) -> str:
    return git(git_dir, "log", "-1", "--format=%B", commit).decode(errors="replace").strip()


def commit_json(git_dir: Path, commit: str) -> dict[str, object]:
    """The short form that runs carry: id, tree_id, message, timestamp, author, committer."""
    text = git(git_dir, "log", "-1", "--format=%H%x00%T%x00%cI%x00%an%x00%ae%x00%cn%x00%ce%x00%B", commit)
    sha, tree, when, author, author_mail, committer, committer_mail, message = text.decode(errors="replace").split(
        "\0", 7
    )
    return {
        "id": sha.strip(),
        "tree_id": tree,
        "message": message.strip(),
        "timestamp": when,
        "author": {"name": author, "email": author_mail},
        "committer": {"name": committer, "email": committer_mail},
    }


def changed_by_push(git_dir: Path, before: str, after: str, default_branch: str) -> Sequence[str]:
    """Two-dot diff of a push; a new branch is compared with where it left the default branch.
    https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#git-diff-comparisons"""
    if before in {"", ZERO} or resolve_commit(git_dir, before) is None:
        before = _fork_point(git_dir, after, default_branch)
    if not before:
        return _names(git(git_dir, "ls-tree", "-r", "-z", "--name-only", after))
    return _names(git(git_dir, "diff", "--name-only", "-z", "--no-renames", before, after))


def _fork_point(git_dir: Path, after: str, default_branch: str) -> str:
    try:
        base = git(git_dir, "merge-base", f"refs/heads/{default_branch}", after).decode().strip()
        return base if base != after else git(git_dir, "rev-parse", "--verify", "--quiet", f"{after}^").decode().strip()
    except GitError:
        return ""


def changed_by_pull_request(git_dir: Path, base: str, head: str) -> Sequence[str]:
    """Three-dot diff between base and head."""
    return _names(git(git_dir, "diff", "--name-only", "-z", "--no-renames", f"{base}...{head}"))


def _names(listing: bytes) -> list[str]:
    return [name for name in listing.decode(errors="replace").split("\0") if name]


def export(git_dir: Path, commit: str, target: Path) -> None:
    """Writes the files of a commit below `target`."""
    archive = git(git_dir, "archive", "--format=tar", commit)
    target.mkdir(parents=True, exist_ok=True)
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        tar.extractall(target, filter="data")
