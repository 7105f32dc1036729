"""Artifacts of runs: zip files on disk.

https://docs.github.com/en/rest/actions/artifacts
"""

from __future__ import annotations

import hashlib
import itertools
import threading
import zipfile
from collections.abc import Mapping
from pathlib import Path

from minion.hub.actions.records import Artifact, now


class ArtifactStore:
    """Safe to use from any thread."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self._lock = threading.Lock()
        self._numbers = itertools.count(1001)
        self._found: dict[int, Artifact] = {}

    def add(self, run_id: int, name: str, files: Mapping[str, Path], retention_days: int) -> Artifact:
        """Stores `files` (name inside the zip → file)."""
        with self._lock:
            number = next(self._numbers)
        path = self._directory / f"{number}.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for inside, source in sorted(files.items()):
                archive.write(source, inside)
        digest = "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest()
        artifact = Artifact(number, run_id, name, path, path.stat().st_size, digest, now(), retention_days)
        with self._lock:
            self._found[number] = artifact
        return artifact

    def of_run(self, run_id: int) -> list[Artifact]:
        with self._lock:
            return [artifact for artifact in self._found.values() if artifact.run_id == run_id]

    def get(self, artifact_id: int) -> Artifact | None:
        return self._found.get(artifact_id)

    def remove(self, artifact_id: int) -> None:
        with self._lock:
            artifact = self._found.pop(artifact_id, None)
        if artifact is not None:
            artifact.file.unlink(missing_ok=True)
