"""A repository's own blueprints over those that come with Minion. A broken file stops what needs it, nothing else.

What needs it: its own name, also where that is the name of one that comes with Minion, and all that calls it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from minion.blueprint import programs
from minion.blueprint.library import calls, link
from minion.blueprint.loader import decode, load
from minion.blueprint.model import Blueprint
from minion.blueprint.problem import Problem, Problems

FOLDER = ".github/minion/blueprints"
PROGRAMS = f"{FOLDER}/{programs.FOLDER}"
MOST_FILES = 40
"""Of blueprints, and again of programs."""
_FILE = re.compile(rf"{re.escape(FOLDER)}/([^/]+)\.ya?ml")


@dataclass(frozen=True)
class Team:
    """`broken` holds what is wrong by name; no name is in both of `library` and `broken`."""

    texts: Mapping[str, str] = field(default_factory=dict)
    """The YAML of what is in `library`."""
    library: Mapping[str, Blueprint] = field(default_factory=dict)
    broken: Mapping[str, Problems] = field(default_factory=dict)

    def pinned(self, names: Iterable[str]) -> dict[str, str]:
        """The texts of these blueprints and of their programs, for a task's life."""
        return {key: text for name in names for key, text in self._texts_of(name).items()}

    def _texts_of(self, name: str) -> dict[str, str]:
        return programs.pinned(self.library[name], self.texts[name])

    @property
    def names(self) -> frozenset[str]:
        """All that somebody may ask for; a broken one is then told, and nothing else is run instead of it."""
        return frozenset(self.library) | frozenset(self.broken)

    @property
    def broken_files(self) -> Problems:
        """The first problem of each broken file of the repository, file by file. A blueprint that comes with Minion and
        calls one of them, or an override that takes other inputs, is no file of theirs: who asks for it is told."""
        firsts: dict[str, Problem] = {}
        for one in (one for problems in self.broken.values() for one in problems):
            if one.source.startswith(f"{FOLDER}/"):
                firsts.setdefault(one.source, one)
        return tuple(firsts[source] for source in sorted(firsts))


def blueprint_name(path: str) -> str | None:
    """The name that the file at `path` (from the repository's root) has to define; None where it is no blueprint.

    `NAME.walks.yml` holds tests of `NAME`.
    """
    found = _FILE.fullmatch(path)
    return None if found is None or found[1].endswith(".walks") else found[1]


def program_name(path: str) -> str | None:
    """The name by which blueprints run the file at `path` (from the repository's root); None where it is none."""
    folder, _, file = path.rpartition("/")
    return file if folder == PROGRAMS and programs.NAME.fullmatch(file) else None


def gather(shipped: Mapping[str, str], files: Mapping[str, bytes | None], only: str | None = None) -> Team:
    """`files`: path from the repository's root to content; None where it was not read, because there are too many.

    The programs of a blueprint stand where it stands itself: a team's own never take the place of those that come with
    Minion. With `only`, those that come with Minion are read as far as that one and the team's own call them.
    """
    own = {name: content for path, content in files.items() if (name := program_name(path)) is not None}
    named: dict[str, list[str]] = {}
    for path in sorted(files):
        if (name := blueprint_name(path)) is not None:
            named.setdefault(name, []).append(path)
    found = {name: _loaded(name, paths, files[paths[0]], own) for name, paths in named.items()}
    _add_shipped(found, shipped, programs.names(shipped) if only is None else (only, *_called(found.values())))
    good = {name: one for name, one in sorted(found.items()) if isinstance(one, Blueprint)}
    broken = {name: one for name, one in sorted(found.items()) if not isinstance(one, Blueprint)}
    _unlink(good, broken, {name: paths[0] for name, paths in named.items()})
    texts = {name: files[named[name][0]] if name in named else shipped[name] for name in good}
    return Team({name: str(decode(text)) for name, text in texts.items() if text is not None}, good, broken)


def _add_shipped(found: dict[str, Blueprint | Problems], shipped: Mapping[str, str], wanted: Iterable[str]) -> None:
    """Those that are wanted and all that they call, where the team has none of that name."""
    waiting, known = list(wanted), frozenset(programs.names(shipped))
    while waiting:
        name = waiting.pop()
        if name in known and name not in found:
            found[name] = _shipped(name, shipped)
            waiting += _called([found[name]])


def _called(loaded: Iterable[Blueprint | Problems]) -> list[str]:
    return [call.blueprint for one in loaded if isinstance(one, Blueprint) for call in calls(one)]


def _loaded(name: str, paths: list[str], text: str | bytes | None, own: programs.Given) -> Blueprint | Problems:
    if len(paths) > 1:
        said = f"`{name}` is defined twice: {' and '.join(paths)}"
        return tuple(Problem(1, 1, said, "delete one of them", path) for path in paths)
    if text is None:
        return (Problem(1, 1, f"not read: there are more than {MOST_FILES} blueprints", "delete some", paths[0]),)
    return load(text, source=paths[0], name=name, programs=own)


def _shipped(name: str, shipped: Mapping[str, str]) -> Blueprint | Problems:
    return _read(name, shipped[name], tuple(sorted(programs.programs_of(shipped, name).items())))


@lru_cache(maxsize=64)
def _read(name: str, text: str, own: tuple[tuple[str, str], ...]) -> Blueprint | Problems:
    """These are the same for every repository, and reading them takes a while."""
    return load(text, source=f"{name}.yml", name=name, programs=dict(own))


def _unlink(good: dict[str, Blueprint], broken: dict[str, Problems], sources: Mapping[str, str]) -> None:
    """Takes out of `good` what calls something broken, or calls it wrongly, until all that is left fits together."""
    while found := link(good, sources):
        callers = {sources.get(name, f"{name}.yml"): name for name in good}
        for source in dict.fromkeys(one.source for one in found):
            caller = good.pop(callers[source])
            own = tuple(one for one in found if one.source == source)
            broken[caller.name] = tuple(_explained(caller, own, broken, source))


def _explained(caller: Blueprint, own: Problems, broken: Mapping[str, Problems], source: str) -> Iterator[Problem]:
    """A call of something broken is explained by what is wrong there."""
    calls_broken = {call.name: call.blueprint for call in calls(caller) if call.blueprint in broken}
    told = {caller.places.get(node, (1, 1)) for node in calls_broken}
    yield from (one for one in own if (one.line, one.column) not in told)
    for node, callee in calls_broken.items():
        line, column = caller.places.get(node, (1, 1))
        yield Problem(line, column, f"node `{node}` calls `{callee}`, which is broken", "", source)
        yield from broken[callee]
