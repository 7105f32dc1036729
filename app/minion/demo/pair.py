"""A pair of releases, prepared: all that the demo needs, kept on disk so that a later run needs no network."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

PREPARED = "pair.json"


class Pair(BaseModel):
    """What was found out about two releases on this machine."""

    model_config = ConfigDict(frozen=True)

    package: str
    before: str
    after: str
    requirements: tuple[str, ...]
    """Pinned (`name==version`); their wheels lie in `wheels/`."""
    editable: bool
    """False where the project cannot be installed in place: its tests then run with PYTHONPATH."""
    sdist_builds: bool
    """False where the build back end does not work here: the source distribution is then made with `git archive`."""
    test_paths: tuple[str, ...]
    lint_excludes: tuple[str, ...]
    deselected: tuple[str, ...]
    """Tests that fail in the later release too on this machine: nobody's fault here, so CI leaves them out."""
    proving: tuple[str, ...]
    """Tests of the later release that fail on the earlier one's code."""
    passed_before: int
    passed_after: int
    notes: str
    """Path of the release notes; added by the demo where the project has none."""
    notes_added: bool

    def save(self, directory: Path) -> None:
        (directory / PREPARED).write_text(self.model_dump_json(indent=2) + "\n")

    @classmethod
    def load(cls, directory: Path) -> Pair | None:
        path = directory / PREPARED
        return cls.model_validate_json(path.read_text()) if path.is_file() else None


class PairFolder:
    """Where the parts of a prepared pair lie."""

    def __init__(self, cache: Path, package: str, before: str, after: str) -> None:
        self.root = cache / f"{package}-{before}-{after}"
        self.archives = self.root / "archives"
        self.wheels = self.root / "wheels"
