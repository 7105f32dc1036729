"""`minion run --dry-run`: what a blueprint would do in this checkout. Nothing is executed, and nobody is asked."""

from __future__ import annotations

import json
import shlex
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click

from minion.adapters.workspace import copy_of_checkout
from minion.blueprint.dry import Deed, caps, cut, deeds, node_column, pushes
from minion.blueprint.engine import Engine
from minion.blueprint.library import link
from minion.blueprint.loader import load
from minion.blueprint.model import Blueprint, Node, RunNode
from minion.blueprint.sample import completed
from minion.blueprint.scenario import Expected, Walks, load_walks
from minion.blueprint.state import NodeResult, State
from minion.blueprint.walk import Script, paces
from minion.bootstrap.blueprint_files import content, usage
from minion.bootstrap.place import Place
from minion.bootstrap.repository import configuration_of, free_branch, library_of
from minion.domain.config import RepositoryConfiguration
from minion.domain.errors import UsageError
from minion.nodes.detect import Detected, detect
from minion.ports.workspace import Workspace
from minion.shipped import programs_in


@dataclass(frozen=True)
class DryRequest:
    """`blueprint` is a name, or a file that is not in the repository yet; `given` is `FILE` or `FILE#walk`."""

    task: str
    repository: str
    blueprint: str
    given: str | None
    as_json: bool


def dry_run(request: DryRequest) -> int:
    """Always 0: how it would end is what was asked for. Raises `UsageError`."""
    with tempfile.TemporaryDirectory(prefix="minion-dry-", ignore_cleanup_errors=True) as folder:
        place = Place.under(Path(folder))
        workspace = copy_of_checkout(Path(request.repository), place.work, place.private).workspace
        name, library = _library(workspace, request.blueprint)
        command = commands_of(workspace, configuration_of(workspace))
    inputs, script = _given(request.given, name, library)
    engine = Engine(library)
    state = engine.start(name, {"issue": 0, "pr": 0} | inputs)
    title = next(iter(request.task.strip().splitlines()), "") or "the task"
    branch = free_branch(Path(request.repository), 0, title)
    walked = list(paces(engine, state, _answers(script)))
    done = list(deeds(engine, walked, command, branch))
    end = walked[-1].after if walked else state
    left = engine.caps_left(state)
    told = _as_json(name, branch, done, end) if request.as_json else _as_text(library[name], caps(left), done, end)
    click.echo(told)
    return 0


def _library(workspace: Workspace, wanted: str) -> tuple[str, Mapping[str, Blueprint]]:
    path = Path(wanted)
    if not (path.suffix in {".yml", ".yaml"} and path.is_file()):
        return wanted, library_of(workspace, wanted).library
    loaded = load(content(path), source=wanted, name=path.stem, programs=programs_in(path.parent))
    if not isinstance(loaded, Blueprint):
        raise usage(loaded)
    library = {**library_of(workspace, "").library, loaded.name: loaded}
    wrong = tuple(one for one in link(library, {loaded.name: wanted}) if one.source == wanted)
    if wrong:
        raise usage(wrong)
    return loaded.name, library


def _given(given: str | None, name: str, library: Mapping[str, Blueprint]) -> tuple[dict[str, Any], Script]:
    if given is None:
        return {}, {}
    file, _, walk = given.partition("#")
    loaded = load_walks(content(Path(file)), source=file, library=library)
    if not isinstance(loaded, Walks):
        raise usage(loaded)
    if loaded.blueprint != name:
        raise UsageError(f"{file} holds walks of `{loaded.blueprint}`, not of `{name}`")
    return dict(loaded.inputs), _walk(file, walk, loaded).script


def _walk(file: str, wanted: str, walks: Walks) -> Expected:
    found = [one for one in walks.walks if not wanted or one.name == wanted]
    if len(found) == 1:
        return found[0]
    names = ", ".join(repr(one.name) for one in walks.walks)
    raise UsageError(f"{file}: say which walk, as FILE#NAME; there are {names}")


def _answers(script: Script) -> Callable[[str, Node, int], NodeResult | None]:
    def answer(blueprint: str, node: Node, visit: int) -> NodeResult | None:
        results = script.get(f"{blueprint}.{node.name}") or script.get(node.name)
        return completed(node, results[min(visit, len(results) - 1)]) if results else None

    return answer


def commands_of(workspace: Workspace, configuration: RepositoryConfiguration) -> Callable[[RunNode], str]:
    """The command line of a run node here, with where it is from."""

    def read(path: str) -> str | None:
        data = workspace.read_at_base(path)
        return None if data is None else data.decode("utf-8", "replace")

    found = detect(workspace.list_at_base(), read)

    def command(node: RunNode) -> str:
        if node.argv:
            return f"`{shlex.join(node.argv)}`"
        if node.program is not None:
            return f"`programs/{node.program}`"
        if node.script is not None:
            return f"a script (`{cut(node.script)}`)"
        return _named(node.command or "", configuration, found)

    return command


def _named(name: str, configuration: RepositoryConfiguration, found: Detected) -> str:
    configured: str | None = getattr(configuration.commands, name, None)
    detected: str | None = getattr(found, name, None)
    if configured is not None:
        return f"`{cut(configured)}` ({name}, configured)"
    if detected is not None:
        return f"`{cut(detected)}` ({name}, detected)"
    return f"nothing ({name}: not configured, and not told from the files)"


def _as_text(blueprint: Blueprint, allowed: str, done: list[Deed], end: State) -> str:
    names = [node_column(deed, blueprint.name) for deed in done]
    wide, kinds = max(map(len, [*names, ""])), max([len(deed.type) for deed in done], default=0)
    lines = [f"{blueprint.name}: {blueprint.description}", f"A dry run: nothing is executed. Caps: {allowed}", ""]
    for number, (name, deed) in enumerate(zip(names, done, strict=True), 1):
        head = f"{number:>3}  {name:{wide}}  {deed.type:{kinds}}  "
        lines.append(head + deed.does[0])
        lines += [" " * len(head) + more for more in deed.does[1:]]
        assumed = " (assumed)" if deed.assumed else ""
        lines.append(" " * len(head) + f"-> {deed.outcome}{assumed}; left: {caps(deed.left)}")
    spent = pushes(end.spent.pushes) + (f", ${end.spent.usd:f}" if end.spent.usd else "")
    lines += ["", f"Ends {end.ended}{f' ({end.reason})' if end.reason else ''} after {spent}."]
    if any(deed.assumed for deed in done):
        lines.append("Assumed outcomes are the good ones; --given FILE#WALK gives others.")
    return "\n".join(lines)


def _as_json(name: str, branch: str, done: list[Deed], end: State) -> str:
    return json.dumps(
        {
            "blueprint": name,
            "branch": branch,
            "steps": [asdict(deed) for deed in done],
            "ended": end.ended,
            "reason": end.reason,
            "pushes": end.spent.pushes,
        },
        indent=2,
        default=str,
    )
