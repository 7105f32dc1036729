"""Building a tree from another one and a list of changes, as POST /git/trees does, through a temporary index."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from minion.hub.errors import Refusal, invalid, unprocessable
from minion.hub.git_objects import ZERO, Git, GitError

MODES = {"100644": "blob", "100755": "blob", "120000": "blob", "040000": "tree", "160000": "commit"}
ENTRY_FIELDS = {"path", "mode", "type", "sha", "content"}


def build_tree(git: Git, base: str, entries: Sequence[Any]) -> str:
    """The new tree's sha. 422 for what GitHub refuses: bad paths and modes, missing objects, deleting the absent."""
    with tempfile.TemporaryDirectory(prefix="hub-index-") as folder:
        env = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
        git.run("read-tree", base, env=env)
        for entry in entries:
            _apply(git, env, entry)
        return git.text("write-tree", env=env)


def _apply(git: Git, env: dict[str, str], entry: Any) -> None:
    if not isinstance(entry, dict) or set(entry) - ENTRY_FIELDS:
        raise Refusal(422, "Invalid tree info")
    path = _path(entry.get("path"))
    if "sha" in entry and entry["sha"] is None:
        _remove(git, env, path)
        return
    mode = entry.get("mode")
    if mode not in MODES or entry.get("type", MODES[mode]) != MODES[mode]:
        raise unprocessable(f"tree.mode {mode} is not valid")
    sha = git.write_blob(entry["content"].encode()) if isinstance(entry.get("content"), str) else entry.get("sha")
    if not isinstance(sha, str) or (mode != "160000" and git.kind(sha) != MODES[mode]):
        raise unprocessable(f"tree.sha {sha} is not a valid {MODES[mode]}")
    _add(git, env, mode, sha, path)


def _path(path: Any) -> str:
    bad = {"", ".", "..", ".git"}
    if not isinstance(path, str) or any(part.lower() in bad for part in path.split("/")) or "\0" in path:
        raise invalid("Tree", "path", "invalid", "tree.path contains a malformed path component")
    return path


def _add(git: Git, env: dict[str, str], mode: str, sha: str, path: str) -> None:
    try:
        if mode == "040000":
            git.run(
                "rm",
                "--cached",
                "-r",
                "-q",
                "--ignore-unmatch",
                "--",
                path,
                env=env | {"GIT_WORK_TREE": "/nonexistent"},
            )
            git.run("read-tree", f"--prefix={path}/", sha, env=env)
        else:
            _info(git, env, f"0 {ZERO}\t{path}\0{mode} {sha}\t{path}\0")
    except GitError as error:
        raise unprocessable(str(error)) from error


def _remove(git: Git, env: dict[str, str], path: str) -> None:
    listed = git.run("ls-files", "-z", "--", f":(literal,top){path}", env=env).decode(errors="replace").split("\0")
    inside = [name for name in listed if name]
    if not inside:
        raise Refusal(422, "GitRPC::BadObjectState")
    _info(git, env, "".join(f"0 {ZERO}\t{name}\0" for name in inside))


def _info(git: Git, env: dict[str, str], lines: str) -> None:
    git.run("update-index", "-z", "--replace", "--index-info", stdin=lines.encode(), env=env)
