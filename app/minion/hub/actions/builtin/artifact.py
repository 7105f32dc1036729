"""actions/upload-artifact and actions/download-artifact.

https://github.com/actions/upload-artifact · https://github.com/actions/download-artifact
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path

from minion.hub.actions.builtin.call import ActionCall, Builtin
from minion.hub.actions.contexts import matching_files
from minion.hub.actions.machine import StepError
from minion.hub.actions.records import Artifact

_FORBIDDEN = frozenset('":<>|*?\r\n\\/')


def _upload(call: ActionCall) -> None:
    name = call.inputs["name"]
    if not name or _FORBIDDEN & set(name):
        raise StepError(f"The artifact name is not valid: {name}")
    files = _selected(call)
    if not files:
        _nothing_found(call)
        return
    store, run_id = call.machine.artifacts, call.machine.run.id
    existing = [artifact for artifact in store.of_run(run_id) if artifact.name == name]
    if existing and not call.flag("overwrite"):
        raise StepError(
            "Failed to CreateArtifact: Received non-retryable error: (409) Conflict: an artifact with "
            "this name already exists on the workflow run"
        )
    for artifact in existing:
        store.remove(artifact.id)
    days = call.number("retention-days") if call.inputs["retention-days"] else 0
    made = store.add(run_id, name, files, days or 90)
    url = f"{call.github['server_url']}/{call.github['repository']}/actions/runs/{run_id}/artifacts/{made.id}"
    call.outputs.update({"artifact-id": str(made.id), "artifact-url": url, "artifact-digest": made.digest[7:]})
    call.log(
        f"Artifact {name} has been successfully uploaded! Final size is {made.size} bytes. Artifact ID is {made.id}"
    )


def _nothing_found(call: ActionCall) -> None:
    text = f"No files were found with the provided path: {call.inputs['path']}. No artifacts will be uploaded."
    match call.inputs["if-no-files-found"]:
        case "warn":
            call.warn(text)
        case "ignore":
            call.log(text)
        case "error":
            raise StepError(text)
        case other:
            raise StepError(f"Unrecognized if-no-files-found input. Provided: {other}")


def _selected(call: ActionCall) -> Mapping[str, Path]:
    root = call.machine.dirs.workspace
    found: set[Path] = set()
    patterns = call.lines("path")
    for pattern in patterns:
        base = call.machine.dirs.temp if pattern.startswith(f"{call.machine.dirs.temp}/") else root
        matches = set(matching_files(base, pattern.removeprefix("!")))
        found = found - matches if pattern.startswith("!") else found | matches
    if not call.flag("include-hidden-files"):
        found = {path for path in found if not _hidden(path, call.machine.dirs.root)}
    common = _common(patterns, sorted(found), root)
    return {str(path.relative_to(common)): path for path in found}


def _hidden(path: Path, root: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(root).parts)


def _common(patterns: list[str], files: list[Path], root: Path) -> Path:
    """One path: relative to its fixed part; several: to what all files have in common."""
    if len(patterns) == 1:
        fixed = (root / patterns[0].split("*", maxsplit=1)[0]).resolve()
        return fixed if fixed.is_dir() else fixed.parent
    return Path(os.path.commonpath([str(path.parent) for path in files])) if files else root


def _download(call: ActionCall) -> None:
    found = call.machine.artifacts.of_run(call.machine.run.id)
    target = call.in_workspace(call.inputs["path"] or ".")
    name = call.inputs["name"]
    if name:
        chosen = [artifact for artifact in found if artifact.name == name]
        if not chosen:
            raise StepError(f"Unable to download artifact(s): Artifact not found for name: {name}")
    else:
        pattern = call.inputs["pattern"] or "*"
        chosen = [artifact for artifact in found if fnmatchcase(artifact.name, pattern)]
    flat = bool(name) or call.flag("merge-multiple")
    for artifact in chosen:
        _extract(artifact, target if flat else target / artifact.name)
    call.outputs["download-path"] = str(target)
    call.log(f"Total of {len(chosen)} artifact(s) downloaded")


def _extract(artifact: Artifact, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(artifact.file) as archive:
        archive.extractall(target)


UPLOAD = Builtin(
    {
        "name": "artifact",
        "path": "",
        "if-no-files-found": "warn",
        "retention-days": "",
        "compression-level": "6",
        "overwrite": "false",
        "include-hidden-files": "false",
    },
    _upload,
)
DOWNLOAD = Builtin({"name": "", "path": "", "pattern": "", "merge-multiple": "false"}, _download)
