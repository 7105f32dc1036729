"""Files of the workspace that no change set can carry: people learn their names."""

from __future__ import annotations

from typing import Final

from minion.ports.workspace import Workspace

_MOST: Final = 10


def left_out_notes(workspace: Workspace) -> tuple[str, ...]:
    """One for each, cut at ten with the number of the others."""
    found = workspace.left_out()
    notes = [f"`{_shown(path)}` is not in the change: {why}" for path, why in list(found.items())[:_MOST]]
    more = len(found) - _MOST
    return (*notes, f"{more} more files are not in the change") if more > 0 else tuple(notes)


def _shown(path: str) -> str:
    """Fit for JSON: bytes that are no UTF-8 are spelt out."""
    return path.encode("utf-8", "backslashreplace").decode()
