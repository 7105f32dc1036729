"""A job's log: one UTC timestamp a line, secrets masked, as GitHub serves it."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from pathlib import Path

_MASK = "***"
MAX_BYTES = 64 * 1024 * 1024


class JobLog:
    """Safe to write from any thread."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.lines = 0  # lines since the step began
        self._file = path.open("w", encoding="utf-8", errors="replace")
        self._size = 0
        self._lock = threading.Lock()
        self._masks: list[str] = []

    def mask(self, value: str) -> None:
        """Hides the value, and each line of it, from now on."""
        parts = {part.strip() for part in (value, *value.splitlines())}
        with self._lock:
            self._masks = sorted({*self._masks, *(part for part in parts if part)}, key=len, reverse=True)

    def masked(self, text: str) -> str:
        for secret in self._masks:
            text = text.replace(secret, _MASK)
        return text

    def has_secret(self, text: str) -> bool:
        return any(secret in text for secret in self._masks)

    def write(self, text: str) -> None:
        for line in text.split("\n"):
            self._write_line(self.masked(line))

    def _write_line(self, line: str) -> None:
        moment = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "0Z"
        with self._lock:
            if self._file.closed or self._size > MAX_BYTES:
                return
            full = f"{moment} {line}\n"
            self._size += len(full.encode(errors="replace"))
            if self._size > MAX_BYTES:
                full = f"{moment} ##[error]The log is longer than {MAX_BYTES} bytes; the rest is dropped.\n"
            self._file.write(full)
            self._file.flush()
            self.lines += 1

    def begin_step(self) -> int:
        """The byte offset at which the step's lines begin."""
        with self._lock:
            self.lines = 0
            return self._size

    def close(self) -> None:
        with self._lock:
            self._file.close()
