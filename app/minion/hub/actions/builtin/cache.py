"""actions/cache, kept in a directory of the hub. https://github.com/actions/cache"""

from __future__ import annotations

import hashlib
import json
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from minion.hub.actions.builtin.call import ActionCall, Builtin
from minion.hub.actions.contexts import matching_files
from minion.hub.actions.machine import StepError

_MAX_KEY = 512


@dataclass(frozen=True)
class Shelf:
    """The caches of one repository; an entry is usable only for the same list of paths."""

    directory: Path
    version: str

    def entry(self, key: str) -> Path:
        return self.directory / f"{self.version}-{hashlib.sha256(key.encode()).hexdigest()}.tar"

    def find(self, key: str, prefixes: list[str]) -> tuple[str, Path] | None:
        """The exact key, else the newest entry whose key begins with the first prefix that fits."""
        if self.entry(key).is_file():
            return key, self.entry(key)
        for prefix in prefixes:
            fitting = [(name, path) for name, path in self._entries() if name.startswith(prefix)]
            if fitting:
                return max(fitting, key=lambda pair: pair[1].stat().st_mtime_ns)
        return None

    def _entries(self) -> Iterator[tuple[str, Path]]:
        for path in self.directory.glob(f"{self.version}-*.tar"):
            yield str(json.loads(path.with_suffix(".json").read_text())), path


def _shelf(call: ActionCall) -> Shelf:
    key = call.inputs["key"]
    if not key or len(key) > _MAX_KEY or "," in key:
        raise StepError(f"Key Validation Error: {key} must be at most {_MAX_KEY} characters without commas.")
    directory = call.machine.options.work_dir / "caches" / str(call.machine.repository.id)
    directory.mkdir(parents=True, exist_ok=True)
    paths = call.lines("path")
    if not paths:
        raise StepError("Input required and not supplied: path")
    return Shelf(directory, hashlib.sha256("\n".join(paths).encode()).hexdigest()[:16])


def _restore(call: ActionCall) -> None:
    key = call.inputs["key"]
    found = _shelf(call).find(key, call.lines("restore-keys"))
    call.outputs["cache-primary-key"] = key
    if found is None:
        if call.flag("fail-on-cache-miss"):
            raise StepError(f"Failed to restore cache entry. Exiting as fail-on-cache-miss is set. Input key: {key}")
        call.log(f"Cache not found for input keys: {', '.join([key, *call.lines('restore-keys')])}")
        call.outputs["cache-hit"] = ""
        return
    name, path = found
    call.outputs.update({"cache-hit": str(name == key).lower(), "cache-matched-key": name})
    if not call.flag("lookup-only"):
        with tarfile.open(path) as archive:
            archive.extractall(call.machine.dirs.root, filter="data")
    call.log(f"Cache restored from key: {name}")


def _save(call: ActionCall) -> None:
    shelf, key = _shelf(call), call.inputs["key"]
    entry = shelf.entry(key)
    if entry.is_file():
        call.log(f"Cache hit occurred on the primary key {key}, not saving cache.")
        return
    partial = entry.with_suffix(f".{call.machine.job.id}.partial")
    with tarfile.open(partial, "w") as archive:
        for path in _files(call):
            archive.add(path, path.relative_to(call.machine.dirs.root), recursive=False)
    entry.with_suffix(".json").write_text(json.dumps(key))
    partial.rename(entry)
    call.log(f"Cache saved with key: {key}")


def _files(call: ActionCall) -> list[Path]:
    found: list[Path] = []
    for pattern in call.lines("path"):
        if pattern.startswith("~/"):
            found += matching_files(call.machine.dirs.home, pattern[2:])
        else:
            found += matching_files(call.machine.dirs.workspace, pattern)
    return found


def _run(call: ActionCall) -> None:
    _restore(call)
    if call.outputs.get("cache-hit") != "true":
        call.after_job("Post Run actions/cache", lambda: _save_after(call))


def _save_after(call: ActionCall) -> None:
    if call.machine.succeeded:
        _save(call)
    else:
        call.log("The job failed: the cache is not saved.")


_COMMON = {"path": "", "key": "", "enableCrossOsArchive": "false"}
_RESTORING = {**_COMMON, "restore-keys": "", "fail-on-cache-miss": "false", "lookup-only": "false"}
CACHE = Builtin({**_RESTORING, "upload-chunk-size": ""}, _run)
RESTORE = Builtin(_RESTORING, _restore)
SAVE = Builtin({**_COMMON, "upload-chunk-size": ""}, _save)
