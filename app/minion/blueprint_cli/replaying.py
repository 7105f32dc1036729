"""`minion blueprint test --record` and `--replay`: what a recording says of a blueprint, and of a changed one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from minion.blueprint.dry import pushes
from minion.blueprint.engine import Engine
from minion.blueprint.library import needed
from minion.blueprint.model import Blueprint
from minion.blueprint.recording import MAX_BYTES, Recording, Replay, as_walks, load_recording, replay
from minion.blueprint.walk import Pace
from minion.blueprint.ways import beside, rows
from minion.blueprint_cli.check import problems_in
from minion.blueprint_cli.files import expanded, holds_walks, library_beside
from minion.bootstrap.blueprint_files import content, usage, visible
from minion.domain.errors import UsageError

_SHOWN = 20


def as_case(path: Path) -> str:
    """A file of walks. Raises `UsageError`."""
    recording = _recording(path)
    if recording.header.ended is None:
        raise UsageError(f"{path}: the task was still under way, so its walk has no end yet")
    return as_walks(recording)


def replay_all(path: Path, places: Sequence[Path]) -> int:
    """The exit code: 0 the same end, 1 another one. Raises `UsageError` where nothing can be replayed (2)."""
    recording = _recording(path)
    files = [file for file in expanded(places) if not holds_walks(file, content(file))]
    texts = {file: content(file) for file in files}
    if wrong := problems_in(texts):
        raise usage(wrong)
    library = library_beside(files)
    given = {file.stem for file in files}
    if not given & needed(library, recording.header.blueprint):
        said = f"the recording is of `{recording.header.blueprint}`, which has nothing of {', '.join(sorted(given))}"
        raise UsageError(f"{path}: {said}")
    replayed = replay(Engine(library), recording)
    for line in _report(recording, replayed, library[recording.header.blueprint]):
        click.echo(visible(line))
    return 0 if replayed.same_end(recording) else 1


def _recording(path: Path) -> Recording:
    loaded = load_recording(content(path, MAX_BYTES), source=str(path))
    if isinstance(loaded, Recording):
        return loaded
    raise usage(loaded)


def _report(recording: Recording, replayed: Replay, blueprint: Blueprint) -> Iterator[str]:
    header = recording.header
    changed = "as it was" if header.digests.get(blueprint.name) == blueprint.digest else "changed since"
    yield f"recorded  {header.blueprint}, {len(recording.steps)} steps, {header.when}"
    yield f"replayed  {blueprint.name}, {len(replayed.paces)} steps; the blueprint is {changed}"
    yield from _ways(recording, replayed)
    yield from _listed("assumed to go well (no result was recorded)", [_visit(one) for one in replayed.assumed])
    yield from _listed("recorded, but not asked for", [f"{one} (visit {one.visit})" for one in replayed.unused])
    yield from _cost(recording, replayed)
    end, why = replayed.state.ended, f" ({replayed.state.reason})" if replayed.state.reason else ""
    same = replayed.same_end(recording)
    yield f"ends      {end}{why}, {'as recorded' if same else f'not {header.ended}'}"


def _ways(recording: Recording, replayed: Replay) -> Iterator[str]:
    went = [_pace(one) for one in replayed.paces]
    lines = list(beside(("recorded", "replayed"), rows([str(step) for step in recording.steps], went)))
    yield from ("", *lines, "") if lines else ("way       the same",)


def _pace(one: Pace) -> str:
    return f"{one.stop}{' (assumed)' if one.stop.assumed else ''}"


def _visit(one: Pace) -> str:
    return f"{one.stop} (visit {one.visit})"


def _listed(title: str, names: Sequence[str]) -> Iterator[str]:
    if names:
        yield f"{title}:"
        yield from (f"  {name}" for name in names[:_SHOWN])
        if len(names) > _SHOWN:
            yield f"  ... {len(names) - _SHOWN} more"


def _cost(recording: Recording, replayed: Replay) -> Iterator[str]:
    before, after = recording.header.spent, replayed.state.spent
    more = ", and what the assumed ones cost" if replayed.assumed else ""
    yield (
        f"costs     ${after.usd:f}, {after.wall_s:.0f} s, {pushes(after.pushes)}{more}"
        f" (recorded: ${before.usd:f}, {before.wall_s:.0f} s, {pushes(before.pushes)})"
    )
