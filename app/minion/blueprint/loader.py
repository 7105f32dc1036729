"""From text to a checked blueprint, or to all that is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from minion.blueprint import build
from minion.blueprint.draft import Draft
from minion.blueprint.model import Blueprint, Input
from minion.blueprint.problem import Mark, Problem, Problems, problem
from minion.blueprint.programs import Given, digest_of, equipped, named_by
from minion.blueprint.reader import Reader, table
from minion.blueprint.rules import problems
from minion.blueprint.schema import BLUEPRINT
from minion.blueprint.source import MAX_BYTES, Entries, Item, parse

_TYPES: Mapping[str, type] = {"integer": int, "boolean": bool, "string": str}


_NONE: Given = {}


def load(text: str | bytes, *, source: str, name: str | None = None, programs: Given = _NONE) -> Blueprint | Problems:
    """Never raises, whatever the text. `source` names the file in problems; with `name` (the file's stem) the
    blueprint has to bear that name. Bytes must be UTF-8. `programs`: what stands in `programs/` beside the file.

    Whether called blueprints exist and take what they are given is checked where they come together: `library.link`.
    """
    loaded = _load(text, name, programs)
    if isinstance(loaded, Blueprint):
        return loaded
    ordered = sorted(set(loaded), key=lambda one: (one.line, one.column, one.message))
    return tuple(replace(one, source=source) for one in ordered)


def _load(text: str | bytes, name: str | None, programs: Given) -> Blueprint | Problems:
    decoded = decode(text)
    if isinstance(decoded, Problem):
        return (decoded,)
    tree, doubled = parse(decoded)
    if tree is None:
        return doubled
    read = read_tree(tree, decoded, name, programs)
    return (*doubled, *(read if isinstance(read, tuple) else ())) if doubled else read


def read_tree(tree: Entries, text: str, name: str | None, programs: Given = _NONE) -> Blueprint | Problems:
    """As `load`, from the tree of a text that was parsed already."""
    reader = Reader()
    read = reader.read(tree, BLUEPRINT, "")
    found = [*reader.problems, *_name(tree, read, name), *_inputs(tree, read)]
    draft = _draft(tree, read, programs)
    found += problems(draft)
    if found or not build.complete(read):
        return tuple(found)
    return _blueprint(text, read, draft)


def decode(text: str | bytes, most: int = MAX_BYTES) -> str | Problem:
    """Bytes as UTF-8, or where they are not; or that they are more than `most`."""
    if isinstance(text, str):
        return text
    if len(text) > most:
        return problem(Mark(1, 1), f"larger than {most // 1024} kB")
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError as error:
        before = text[: error.start]
        mark = Mark(before.count(b"\n") + 1, error.start - before.rfind(b"\n"))
        return problem(mark, "not UTF-8", "save the file as UTF-8")


def _name(tree: Entries, read: Mapping[str, Any], name: str | None) -> Iterator[Problem]:
    found = read.get("name")
    if name is not None and found is not None and found != name:
        yield problem(tree.place("name"), f"the name is `{found}`, but the file is called `{name}`")


def _inputs(tree: Entries, read: Mapping[str, Any]) -> Iterator[Problem]:
    for name, entry in table(read, "inputs").items():
        if "default" not in entry or "type" not in entry:
            continue
        place = tree.place("inputs", name, "default")
        if entry.get("required", False):
            yield problem(place, f"`{name}` is required, so its default is never used")
        if type(entry["default"]) is not _TYPES[entry["type"]]:
            yield problem(place, f"the default of `{name}` is not of type {entry['type']}")


def _draft(tree: Entries, read: Mapping[str, Any], programs: Given) -> Draft:
    defaults = table(read, "defaults")
    fail = defaults.get("fail", "")
    written = tree.items.get("nodes")
    names = tuple(written.items) if isinstance(written, Entries) else ()
    bodies = {name: tuple(body.items) for name in names if (body := _body(tree, name)) is not None}
    built = {
        name: build.node(name, entry, fail, table(defaults, "agent")) for name, entry in table(read, "nodes").items()
    }
    nodes = {name: node for name, node in built.items() if node is not None}
    inputs: dict[str, Input] = build.inputs(table(read, "inputs"))
    return Draft(tree, names, bodies, nodes, inputs, read.get("start", ""), fail, programs)


def _body(tree: Entries, name: str) -> Entries | None:
    """What is written as the body of a map."""
    found: Item | None = tree
    for key in ("nodes", name, "nodes"):
        found = found.items.get(key) if isinstance(found, Entries) else None
    return found if isinstance(found, Entries) else None


def _blueprint(text: str, read: Mapping[str, Any], draft: Draft) -> Blueprint:
    nodes = equipped(draft.nodes, draft.programs)
    programs = named_by(nodes)
    return Blueprint(
        name=read["name"],
        description=read["description"],
        inputs=draft.inputs,
        caps=build.caps(table(read, "caps")),
        fail=draft.fail,
        start=draft.start,
        nodes=nodes,
        digest=digest_of(text, programs),
        programs=programs,
        places={name: _place(draft.key(name)) for name in (*draft.homes, *draft.names)},
    )


def _place(mark: Mark) -> tuple[int, int]:
    return mark.line, mark.column
