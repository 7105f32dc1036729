"""The generated parts of the language reference, made from the tables that the loader reads by."""

from __future__ import annotations

import re
from collections.abc import Mapping

from minion.blueprint.diagram import mermaid
from minion.blueprint.model import Blueprint
from minion.blueprint.pages import facts, index
from minion.blueprint.paths import ACTION_OUTPUTS, CAPS, FACTS, Kind
from minion.blueprint.schema import BODY, NODES, OUTCOMES, USES
from minion.blueprint.shapes import Argument, Choice, ListOf, Record, Shape

_TYPES: Mapping[str, str] = {
    "run": "a command of the repository, a program, or a script",
    "agent": "a model with tools, until its `finish` is accepted",
    "judge": "a fresh model that reads the change and passes or vetoes it",
    "action": "a built-in that needs credentials: the App does it",
    "wait": "until checks are settled, a person replies or approves; costs nothing",
    "switch": "goes by a value",
    "call": "another blueprint",
    "map": "the same nodes for each item of a list; what does not work out is undone",
    "end": "the end",
}
_PATHS: Mapping[str, str] = {
    "task.spec": "the whole request: title, objective, scope, verification, constraints",
    "task.thread": "what else was said before the task was asked for, and trusted replies since",
    "task.title": "title of the issue or pull request",
    "task.objective": "its body",
    "task.instruction": "what stood behind the command",
    "task.author": "who wrote the issue or pull request",
    "task.number": "its number",
    "task.digest": "SHA-256 of the spec",
    "task.allowed": "gitignore patterns of what its author lets change; absent where that is everything",
    "task.forbidden": "gitignore patterns of what its author forbids to change; absent where there are none",
    "task.when_unclear": "what its author wants where it is unclear: `ask`, `choose` or `decline`",
    "repo.map": "the folders and files of the base commit",
    "workspace.diff": "the change so far; within a map, the item's",
    "branch.diff": "what the branch has changed against its base when the round begins: half-done work, a pull request",
    "checks.failures": "what `checks.collect` found, with the logs that matter",
    "review.threads": "what `review.collect` found: open review threads, numbered, with place and comments",
    "caps.pushes_left": "pushes that the caps still allow",
}
_BLOCK = re.compile(r"(<!-- generated: ([a-z]+(?: [a-z-]+)?) -->\n).*?(<!-- end -->)", re.DOTALL)


def rewrite(text: str, library: Mapping[str, Blueprint]) -> str:
    """`text` with every block between `<!-- generated: ... -->` and `<!-- end -->` made anew."""
    return _BLOCK.sub(lambda block: f"{block[1]}{_block(block[2], library)}{block[3]}", text)


def _block(name: str, library: Mapping[str, Blueprint]) -> str:
    """Raises KeyError for a block or blueprint that there is not."""
    match name.split(" "):
        case ["graph", which]:
            return f"```mermaid\n{mermaid(library[which])}```\n"
        case ["facts", which]:
            return facts(library[which])
        case ["index"]:
            return index(library)
        case ["library"]:
            return index(library, "docs/blueprints/")
        case _:
            return {"types": _types, "keys": _keys, "uses": _uses, "paths": _paths}[name]()


def _types() -> str:
    rows = [f"| `{name}` | {_TYPES[name]} | {_outcomes(name)} |\n" for name in NODES.records]
    return "".join(["| type | what it does | outcomes |\n|---|---|---|\n", *rows])


def _outcomes(name: str) -> str:
    if name in OUTCOMES:
        return " ".join(f"`{outcome}`" for outcome in OUTCOMES[name])
    return "by value" if name == "switch" else "-"


def _keys() -> str:
    lines = []
    known = {**NODES.records, "end, within a map": BODY.records["end"]}
    for name, record in known.items():
        lines.append(f"**{name}**\n\n")
        for key, wanted in record.keys.items():
            shown = f"**`{key}`**" if wanted.required else f"`{key}`"
            lines.append("" if key == "type" else f"- {shown}{_values(wanted.shape)}: {wanted.doc}\n")
        lines.append("\n")
    return "".join(lines)


def _values(shape: Shape) -> str:
    match shape:
        case Choice(values=values):
            return f" ({', '.join(f'`{value}`' for value in values)})"
        case ListOf(item=Choice() as item):
            return f", a list of{_values(item)}"
        case ListOf():
            return ", a list"
        case Record(keys=keys):
            return f" ({', '.join(f'`{key}`' for key in keys)})"
        case Argument(inner=inner):
            return _values(inner)
        case _:
            return ""


def _uses() -> str:
    rows = [
        f"| `{name}` | {_with(known)} | {_fields(ACTION_OUTPUTS.get(name, {}))} |\n" for name, known in USES.items()
    ]
    return "".join(["| uses | with | output |\n|---|---|---|\n", *rows])


def _with(known: Mapping[str, Argument]) -> str:
    return ", ".join(f"`{name}`{_values(shape)}" for name, shape in known.items()) or "-"


def _fields(fields: Mapping[str, Kind]) -> str:
    return ", ".join(f"`{name}`" for name in fields) or "-"


def _paths() -> str:
    known = {**FACTS, **CAPS}
    rows = [f"| `{path}` | {_PATHS[path]} | {'yes' if kind.tainted else 'no'} |\n" for path, kind in known.items()]
    own = (
        "| `inputs.NAME` | what the blueprint was started with | strings |\n"
        "| `nodes.NAME.output` | the last output of a node | yes |\n"
        "| `nodes.NAME.output.FIELD` | a field of it | by its type |\n"
        "| `item`, `item.FIELD` | within a map: what it is about just now | text and what is unknown |\n"
    )
    return "".join(["| path | what | tainted |\n|---|---|---|\n", *rows, own])
