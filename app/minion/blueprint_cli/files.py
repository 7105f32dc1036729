"""Files that were named on the command line: found, read, and put together with what they may call."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from minion.blueprint.library import assemble, link
from minion.blueprint.loader import load
from minion.blueprint.model import Blueprint
from minion.blueprint.problem import Problem, Problems
from minion.bootstrap.blueprint_files import content, usage
from minion.domain.errors import UsageError
from minion.shipped import programs_in, shipped

_WALKS = re.compile(rb"^kind:[ \t]*[\"']?Walks\b", re.MULTILINE)


def expanded(places: Iterable[Path]) -> list[Path]:
    """Each file once; for a folder, the YAML files directly in it. Raises `UsageError` for a folder without any."""
    found: dict[Path, None] = {}
    for place in places:
        files = _in_folder(place) if place.is_dir() else [place]
        if not files:
            raise UsageError(f"{place}: there is no YAML file in this folder")
        found |= dict.fromkeys(files)
    return list(found)


def _in_folder(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix in {".yml", ".yaml"} and path.is_file())


def holds_walks(path: Path, text: bytes) -> bool:
    return ".walks." in path.name or _WALKS.search(text) is not None


@cache
def ours() -> dict[str, Blueprint]:
    """The blueprints that come with Minion."""
    library = assemble(shipped())
    if isinstance(library, dict):
        return library
    raise usage(library)


def one(name_or_file: str) -> Blueprint:
    """Of a file, or one that comes with Minion. Raises `UsageError`."""
    path = Path(name_or_file)
    if not path.is_file():
        known = ours()
        if name_or_file not in known:
            raise UsageError(f"there is neither a file nor a blueprint `{name_or_file}`; there are {', '.join(known)}")
        return known[name_or_file]
    loaded = loaded_from(path, content(path), source=name_or_file)
    if isinstance(loaded, Blueprint):
        return loaded
    raise usage(loaded)


def loaded_from(path: Path, text: bytes, *, source: str = "", name: str | None = None) -> Blueprint | Problems:
    """The blueprint in the file, with the programs beside it. `source`: the path where nothing else is said."""
    return load(text, source=source or str(path), name=name, programs=programs_in(path.parent))


def beside(files: Sequence[Path]) -> dict[str, Blueprint]:
    """The good blueprints in the folders of the files, by name."""
    found: dict[str, Blueprint] = {}
    for folder in sorted({path.resolve().parent for path in files}):
        for path in _in_folder(folder):
            text = content(path)
            loaded = () if holds_walks(path, text) else loaded_from(path, text, name=path.stem)
            if isinstance(loaded, Blueprint):
                found[loaded.name] = loaded
    return found


def library_beside(files: Sequence[Path]) -> dict[str, Blueprint]:
    """The blueprints that come with Minion, and the good ones in the folders of the files, which win.

    Raises `UsageError` where they do not fit together.
    """
    own = beside(files)
    library = {**ours(), **own}
    wrong: list[Problem] = [problem for problem in link(library) if problem.source.removesuffix(".yml") in own]
    if wrong:
        raise usage(tuple(wrong))
    return library
