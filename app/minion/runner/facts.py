"""What a blueprint may look up during a round, by whole path (`task.spec`, `repo.map`, ...), computed when asked for.

A fact says itself whether it is tainted: text is trusted when everybody who wrote it may push to the repository.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from minion.blueprint.state import Found
from minion.domain.checks import Failure
from minion.domain.spec import ReviewPoint, TaskSpec, ThreadEntry
from minion.ports.workspace import Workspace
from minion.tasks.review_points import suggestions

MAP_LIMIT: Final = 6_000
NAMES_OF_A_FOLDER: Final = 15


class Facts(Mapping[str, Any]):
    """`base_is_trusted`: the round starts from the default branch, so that even the names of files are trusted."""

    def __init__(
        self, spec: TaskSpec, number: int, failures: Sequence[Failure], workspace: Workspace, *, base_is_trusted: bool
    ) -> None:
        by_writer = spec.author_can_write
        self._facts: dict[str, Callable[[], Any]] = {
            "task.spec": lambda: Found(_spec(spec), tainted=not by_writer),
            "task.thread": lambda: _thread(spec),
            "task.title": lambda: Found(spec.title, tainted=not by_writer),
            "task.objective": lambda: Found(spec.objective, tainted=not by_writer),
            "task.instruction": lambda: Found(spec.instruction, tainted=False) if spec.instruction else None,
            "task.author": lambda: spec.author,
            "task.number": lambda: number,
            "task.digest": spec.digest,
            "task.allowed": lambda: _patterns(spec.scope.allow, tainted=not by_writer),
            "task.forbidden": lambda: _patterns(spec.scope.forbid, tainted=not by_writer),
            "task.when_unclear": lambda: spec.when_unclear,
            "repo.map": lambda: Found(repository_map(workspace.list_at_head()), tainted=not base_is_trusted),
            "workspace.diff": lambda: workspace.diff() or None,
            "branch.diff": lambda: workspace.diff_of_branch() or None,
            "checks.failures": lambda: [_failure(failure) for failure in failures] or None,
            "review.threads": lambda: _reviews(spec, workspace),
        }

    def __getitem__(self, path: str) -> Any:
        return self._facts[path]()

    def __iter__(self) -> Iterator[str]:
        return iter(self._facts)

    def __len__(self) -> int:
        return len(self._facts)


def _spec(spec: TaskSpec) -> dict[str, Any]:
    """Without what is empty, and without the thread, which is a fact of its own."""
    shown = spec.model_dump(mode="json", exclude={"thread", "reviews", "author_can_write"})
    shown["scope"] = {name: paths for name, paths in shown["scope"].items() if paths}
    return {name: value for name, value in shown.items() if value}


def _patterns(patterns: Sequence[str], *, tainted: bool) -> Found | None:
    return Found(list(patterns), tainted=tainted) if patterns else None


def _thread(spec: TaskSpec) -> Found | None:
    if not spec.thread:
        return None
    entries = [entry.model_dump(mode="json", exclude={"author_can_write"}) for entry in spec.thread]
    return Found(entries, tainted=not all(entry.author_can_write for entry in spec.thread))


def _reviews(spec: TaskSpec, workspace: Workspace) -> Found | None:
    """Tainted by words of people without write permission, and by code that is shown."""
    if not spec.reviews:
        return None
    there = frozenset(workspace.list_at_head())
    clean = all(remark.author_can_write for remark in spec.remarks) and not any(point.hunk for point in spec.reviews)
    return Found([_review(point, there) for point in spec.reviews], tainted=not clean)


def _review(point: ReviewPoint, there: frozenset[str]) -> dict[str, Any]:
    shown = {
        "thread": point.number,
        "about": "" if point.thread_id else "the pull request as a whole",
        "path": point.path,
        "file_is_gone": bool(point.path) and point.path not in there and not point.on_base,
        "line": point.line,
        "start_line": point.start_line,
        "line_is_of_the_base": point.on_base,
        "outdated": point.outdated,
        "code_at_the_time": point.hunk,
        "comments": [_remark(remark) for remark in point.remarks],
    }
    return {name: value for name, value in shown.items() if value not in ("", [], None, False)}


def _remark(remark: ThreadEntry) -> dict[str, Any]:
    """A suggestion replaces the lines of the thread, from `start_line` (else `line`) to `line`."""
    suggested = list(suggestions(remark.text))
    return {"author": remark.author, "text": remark.text} | ({"suggestions": suggested} if suggested else {})


def _failure(failure: Failure) -> dict[str, Any]:
    shown = failure.model_dump(mode="json", exclude={"fingerprint"})
    return {name: value for name, value in shown.items() if value not in ("", [], None)}


def repository_map(paths: Sequence[str]) -> str:
    """Folders with the names in them, shallow ones first; cut at `MAP_LIMIT` characters, counting what is left."""
    folders: dict[str, list[str]] = {}
    for path in paths:
        folder, _, name = path.rpartition("/")
        folders.setdefault(folder, []).append(name)
    lines = [f"{len(paths)} files"]
    length = 0
    for count, folder in enumerate(sorted(folders, key=lambda folder: (folder.count("/"), folder))):
        line = f"{folder or '.'}/: {_names(folders[folder])}"
        length += len(line) + 1
        if length > MAP_LIMIT:
            return "\n".join([*lines, f"... and {len(folders) - count} more folders"])
        lines.append(line)
    return "\n".join(lines)


def _names(names: Sequence[str]) -> str:
    shown = " ".join(sorted(names)[:NAMES_OF_A_FOLDER])
    more = len(names) - NAMES_OF_A_FOLDER
    return f"{shown} ... {more} more" if more > 0 else shown
