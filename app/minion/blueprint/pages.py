"""The generated parts of the pages of blueprints: how one is started, what it may spend, what it runs and calls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from minion.blueprint.model import Blueprint, CallNode, Caps, MapNode, Node, RunNode
from minion.blueprint.schema import COMMANDS

HOUR_S = 3600


def index(library: Mapping[str, Blueprint], folder: str = "") -> str:
    """A table of all of them, each with a link to its page in `folder` (empty or with a slash at its end)."""
    rows = [
        f"| [`{name}`]({folder}{name}.md) | {blueprint.description} | {_where(blueprint)} |\n"
        for name, blueprint in sorted(library.items())
    ]
    return "".join(["| blueprint | what it does | asked for on |\n|---|---|---|\n", *rows])


def facts(blueprint: Blueprint) -> str:
    """A table of what is the same however a task goes."""
    rows = {
        "asked for on": f"{_where(blueprint)}: {_ways(blueprint)}",
        "at most": _caps(blueprint.caps),
        "commands of the repository": _listed(command for command in COMMANDS if command in set(_commands(blueprint))),
        "calls": _listed(sorted({node.blueprint for node in _nodes(blueprint) if isinstance(node, CallNode)}), "{}.md"),
    }
    return "".join(["| | |\n|---|---|\n", *(f"| {name} | {text} |\n" for name, text in rows.items())])


def _where(blueprint: Blueprint) -> str:
    places = [name for key, name in (("issue", "an issue"), ("pr", "a pull request")) if key in blueprint.inputs]
    return " or ".join(places or ["an issue", "a pull request"])


def _ways(blueprint: Blueprint) -> str:
    return f"`/minion {blueprint.name}`, or the label `minion:{blueprint.name}`"


def _caps(caps: Caps) -> str:
    hours = f"{caps.wall_s / HOUR_S:g}"
    pushes = f"{caps.pushes} push{'es' if caps.pushes != 1 else ''}"
    return f"{pushes}, ${caps.usd}, {hours} hour{'s' if hours != '1' else ''} of runner time"


def _commands(blueprint: Blueprint) -> Iterator[str]:
    for node in _nodes(blueprint):
        if isinstance(node, RunNode):
            yield from (command for command in (node.command, node.autofix) if command)


def _nodes(blueprint: Blueprint) -> Iterator[Node]:
    """The nodes in the bodies of maps too."""
    for node in blueprint.nodes.values():
        yield node
        if isinstance(node, MapNode):
            yield from node.nodes.values()


def _listed(names: Iterator[str] | list[str], link: str = "") -> str:
    shown = [f"[`{name}`]({link.format(name)})" if link else f"`{name}`" for name in names]
    return ", ".join(shown) or "none"
