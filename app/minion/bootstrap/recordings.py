"""`minion run --record FILE`: how each node of a run ended, without its secrets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from minion.blueprint.library import assemble
from minion.blueprint.recording import cleaned, record
from minion.blueprint.state import State
from minion.domain.errors import UsageError
from minion.domain.secret import Secret
from minion.tasks.leaks import Redactor


def may_record(path: Path) -> None:
    """Before anything is paid for. Raises `UsageError` where the file cannot be written."""
    there = path.exists()
    try:
        path.open("a").close()
        if not there:
            path.unlink()
    except OSError as error:
        raise UsageError(f"--record {path}: {error.strerror}") from error


def write_recording(path: Path, texts: Mapping[str, str], state: State, secrets: Sequence[Secret]) -> None:
    """`texts`: the run's own blueprints and their programs, as they are pinned."""
    library = assemble(texts)
    if not isinstance(library, dict):
        raise TypeError(f"the run's own blueprints do not load: {library[0]}")
    made = record(library, state, datetime.now(UTC).isoformat(timespec="seconds"))
    path.write_text(str(cleaned(made, Redactor(secrets))), encoding="utf-8")
