"""A change set as a unified diff, for people."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from minion.domain.changeset import ChangedFile, ChangeSet
from minion.orchestrator.step import Ground
from minion.tasks.gate_paths import unsafe_path

_LINES = 3_000


def old_contents(scene: Ground, change_set: ChangeSet) -> dict[str, bytes | None]:
    """What the changed paths held; paths that no tree can have are not asked for."""
    return {
        file.path: scene.github.file(scene.repository, file.path, change_set.base_sha)
        for file in change_set.files
        if unsafe_path(file.path) is None
    }


def unified(scene: Ground, change_set: ChangeSet) -> str:
    """Cut at some thousand lines. Files that are no text are named only."""
    before = old_contents(scene, change_set)
    lines = [line for file in change_set.files for line in _file(file, before.get(file.path))]
    cut = [*lines[:_LINES], "... (cut)"] if len(lines) > _LINES else lines
    return "\n".join(cut)


def _file(file: ChangedFile, old: bytes | None) -> Iterator[str]:
    before, after = _text(old), _text(file.data)
    if before is None or after is None:
        yield f"Binary file {file.path} changed"
        return
    names = ("/dev/null" if old is None else f"a/{file.path}", "/dev/null" if file.data is None else f"b/{file.path}")
    yield from difflib.unified_diff(before.splitlines(), after.splitlines(), *names, lineterm="")


def _text(data: bytes | None) -> str | None:
    try:
        return "" if data is None else data.decode("utf-8")
    except UnicodeDecodeError:
        return None
