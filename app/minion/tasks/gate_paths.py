"""The gate's questions about paths: are they safe, in scope, unprotected, and distinct on every file system?"""

from __future__ import annotations

import posixpath
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from functools import cache
from typing import Final

import pathspec

from minion.domain.changeset import ChangedFile, FileMode
from minion.domain.patterns import Narrowing, compiled, outside
from minion.domain.spec import Scope
from minion.tasks.invisible import hidden_in, strip_hidden

PROTECTED: Final = (
    "/.github/**",
    "CODEOWNERS",
    "AGENTS.md",
    "AGENTS.override.md",
    "CLAUDE.md",
    "CLAUDE.local.md",
    "GEMINI.md",
    "copilot-instructions.md",
    ".claude/**",
    ".cursor/**",
    ".cursorrules",
    ".cursorignore",
    ".mcp.json",
    ".windsurfrules",
    ".gitmodules",
    ".husky/**",
    ".githooks/**",
    ".pre-commit-config.yaml",
    ".pre-commit-hooks.yaml",
    "lefthook.y*ml",
    ".envrc",
    ".devcontainer/**",
    ".vscode/**",
    ".circleci/**",
    ".buildkite/**",
    ".gitlab-ci.yml",
    ".travis.yml",
    "azure-pipelines.yml",
    "/Jenkinsfile",
)
"""Gitignore patterns, matched without regard to case: what runs with other rights than the change, or steers us."""

_LONGEST_PATH: Final = 1024
_LONGEST_SEGMENT: Final = 255
_DRIVE: Final = re.compile(r"^[A-Za-z]:")
_GIT_NAMES: Final = re.compile(r"^\.git(?:$|[ .:~]|\x5c)|^git~\d+$", re.IGNORECASE)
_DEVICES: Final = re.compile(r"^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)", re.IGNORECASE)

Problem = tuple[str, str, str]
"""(path, what is wrong, how to mend it)"""


def unsafe_path(path: str) -> tuple[str, str] | None:
    """(what is wrong, how to mend it) of a path that must not reach a tree; None when it is fine."""
    segments = path.split("/")
    if not path or path.startswith("/") or _DRIVE.match(path) or "\\" in path:
        return "is not a path relative to the repository", "Use a relative path with forward slashes."
    if any(segment in ("", ".", "..") for segment in segments):
        return "has an empty, `.` or `..` segment", "Use the plain path from the root."
    if any(_GIT_NAMES.match(_plain(segment)) for segment in segments):
        return "points into git's own directory", "Leave `.git` alone."
    if any(char < " " for char in path) or any(True for _ in hidden_in(path)) or not _encodable(path):
        return "has invisible or control characters", "Rename it with visible characters."
    if len(path) > _LONGEST_PATH or any(len(segment.encode()) > _LONGEST_SEGMENT for segment in segments):
        return "is longer than file systems allow", "Use a shorter name."
    if any(_DEVICES.match(segment) or segment != segment.rstrip(" .") for segment in segments):
        return "cannot be checked out on Windows", "Use another name."
    return None


def unsafe_link(file: ChangedFile, target: str) -> tuple[str, str] | None:
    """Symlinks may point to places within the repository only."""
    if target.startswith("/") or _DRIVE.match(target) or "\\" in target or "\0" in target:
        return f"is a symlink to the absolute path `{target[:80]}`", "Link to a relative path within the repository."
    resolved = posixpath.normpath(posixpath.join(posixpath.dirname(file.path), target))
    if resolved == ".." or resolved.startswith(("../", "/")):
        return f"is a symlink out of the repository (`{target[:80]}`)", "Link to a path within the repository."
    if any(_GIT_NAMES.match(_plain(segment)) for segment in resolved.split("/")):
        return "is a symlink into git's own directory", "Leave `.git` alone."
    return None


def protected(paths: Sequence[str], more: Sequence[str] = ()) -> Iterator[str]:
    """Those of the paths that only a person may change."""
    builtin, own = _builtin(), _spec(more)
    for path in paths:
        folded = fold(path)
        if _touches(builtin, folded) or _touches(own, folded) or _touches(own, path):
            yield path


def out_of_scope(paths: Sequence[str], scope: Scope, narrowing: Narrowing = ()) -> Iterator[Problem]:
    allowed, forbidden = compiled(scope.allow), compiled(scope.forbid)
    for path in paths:
        if _touches(forbidden, path):
            yield path, "is forbidden by the task's scope", "Change the scope in the issue and ask again."
        elif scope.allow and not allowed.match_file(path):
            wanted = _listed(scope.allow)
            yield path, f"is outside the task's scope ({wanted})", "Widen the scope in the issue and ask again."
        elif (narrowed := outside(path, narrowing)) is not None:
            problem = f"is outside the paths that this task was narrowed to ({_listed(narrowed)})"
            yield path, problem, "Name the path in the request and ask again."


def _listed(patterns: Sequence[str]) -> str:
    """Some of them, each fit for a message."""
    return ", ".join(f"`{_visible(pattern)}`" for pattern in patterns[:5])


def _visible(pattern: str) -> str:
    return "".join(char for char in pattern if char.isprintable() and char != "`")[:100]


def collisions(files: Sequence[ChangedFile], base_paths: Collection[str]) -> Iterator[Problem]:
    """Paths that are one on a case-insensitive or normalising file system, or a file and a folder at once.

    Where the base is known, only a file of it can be deleted, and a folder gives way to a file only with all that was
    in it: one entry of a tree replaces a whole folder (https://docs.github.com/en/rest/git/trees#create-a-tree).
    """
    mend = "Keep one of them."
    for path, count in Counter(file.path for file in files).items():
        if count > 1:
            yield path, "stands in the change set more than once", mend
    deleted = {file.path for file in files if file.content is None}
    written = {file.path for file in files} - deleted
    after = (set(base_paths) - deleted) | written
    for path in sorted(deleted - set(base_paths)) if base_paths else ():
        yield path, "is deleted, and is no file of the base", "Name each file that is to go."
    folders = {parent for path in after for parent in _parents(path)}
    for path in sorted(written & folders):
        yield path, "takes the place of a folder with files in it", "Use another name, or delete those files too."
    spelt: dict[str, str] = {}
    for path in sorted(after):
        other = spelt.setdefault(fold(path), path)
        if other != path and (path in written or other in written):
            yield path, f"is the same as `{other}` where case or Unicode form does not count", mend
    for path in sorted(written):
        for parent in _parents(path):
            if parent in after:
                yield path, f"needs `{parent}` to be a folder, which is a file", mend


def _touches(spec: pathspec.GitIgnoreSpec, path: str) -> bool:
    """Whether the path is meant, or stands where a folder is meant: as a file it would take that folder's place."""
    return spec.match_file(path) or spec.match_file(f"{path}/_")


def fold(path: str) -> str:
    """Equal for paths that some file system takes for one."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFKC", path).casefold())


def is_link(file: ChangedFile) -> bool:
    return file.mode is FileMode.SYMLINK


def _parents(path: str) -> Iterator[str]:
    while path := path.rpartition("/")[0]:
        yield path


def _plain(segment: str) -> str:
    """As HFS+ and NTFS see it: invisible characters and trailing dots and spaces do not count."""
    return strip_hidden(unicodedata.normalize("NFKC", segment)).text.rstrip(" .")


def _encodable(path: str) -> bool:
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


@cache
def _builtin() -> pathspec.GitIgnoreSpec:
    return _spec(PROTECTED)


def _spec(patterns: Sequence[str]) -> pathspec.GitIgnoreSpec:
    return compiled([fold(pattern) for pattern in patterns])
