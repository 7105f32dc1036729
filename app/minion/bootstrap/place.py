"""Where a round or a local run has its files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Place:
    """Folders of a round: `work` is the box's, `output` it may read, `private` it never sees."""

    work: Path
    output: Path
    private: Path

    @classmethod
    def under(cls, folder: Path) -> Place:
        place = cls(folder / "work", folder / "output", folder / "private")
        place.output.mkdir(parents=True)
        place.private.mkdir(mode=0o700)
        return place
