"""Blueprints that call each other: put together, checked, and looked through."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from minion.blueprint.loader import load
from minion.blueprint.model import Blueprint, CallNode, Input, Lookup
from minion.blueprint.problem import Problem, Problems, did_you_mean
from minion.blueprint.programs import names, programs_of

Library: TypeAlias = Mapping[str, Blueprint]
_TYPES: Mapping[str, type] = {"integer": int, "boolean": bool, "string": str}


def assemble(texts: Mapping[str, str]) -> dict[str, Blueprint] | Problems:
    """Loads and links all blueprints (name → YAML, with their programs under keys as `programs.pinned` makes them). In
    problems a blueprint goes by `<name>.yml`."""
    library: dict[str, Blueprint] = {}
    problems: list[Problem] = []
    for name in names(texts):
        loaded = load(texts[name], source=f"{name}.yml", name=name, programs=programs_of(texts, name))
        if isinstance(loaded, Blueprint):
            library[name] = loaded
        else:
            problems += loaded
    return tuple(problems) or link(library) or library


def link(library: Library, sources: Mapping[str, str] | None = None) -> Problems:
    """What is wrong between callers and callees: missing blueprints, inputs that do not fit, recursion.

    `sources` says which file a blueprint came from; `<name>.yml` where it does not.
    """
    return tuple(
        Problem(
            *caller.places.get(call.name, (1, 1)), said, hint, (sources or {}).get(caller.name, f"{caller.name}.yml")
        )
        for caller in library.values()
        for call in calls(caller)
        for said, hint in _call(library, caller.name, call)
    )


def needed(library: Library, name: str) -> frozenset[str]:
    """The blueprint and all that it can call; those that the library lacks are left out."""
    return frozenset({name} | _below(library, name)) & frozenset(library)


def calls(blueprint: Blueprint) -> Iterator[CallNode]:
    return (node for node in blueprint.nodes.values() if isinstance(node, CallNode))


def _below(library: Library, name: str) -> set[str]:
    found: set[str] = set()
    waiting = [name]
    while waiting:
        current = library.get(waiting.pop())
        for call in calls(current) if current else ():
            if call.blueprint not in found:
                found.add(call.blueprint)
                waiting.append(call.blueprint)
    return found


def _call(library: Library, caller: str, call: CallNode) -> Iterator[tuple[str, str]]:
    """Message and hint of each problem."""
    callee = library.get(call.blueprint)
    if callee is None:
        message = f"node `{call.name}`: there is no blueprint `{call.blueprint}`"
        yield message, did_you_mean(call.blueprint, tuple(library))
        return
    if caller == call.blueprint or caller in _below(library, call.blueprint):
        yield f"node `{call.name}`: `{caller}` would call itself", ""
    for name, value in call.arguments.items():
        if name not in callee.inputs:
            message = f"node `{call.name}`: `{callee.name}` has no input `{name}`"
            yield message, did_you_mean(name, tuple(callee.inputs))
        elif not isinstance(value, Lookup) and not fits(callee.inputs[name], value):
            yield f"node `{call.name}`: `{name}` must be of type {callee.inputs[name].type}", ""
    for name, wanted in callee.inputs.items():
        if wanted.required and name not in call.arguments:
            yield f"node `{call.name}`: `{callee.name}` needs the input `{name}`", "give it under `with`"


def fits(wanted: Input, value: Any) -> bool:
    return type(value) is _TYPES[wanted.type]


def given_inputs(blueprint: Blueprint, offered: Mapping[str, Any]) -> dict[str, Any] | str:
    """What the blueprint declares, taken from what is offered; or what is wrong with it, in words."""
    values: dict[str, Any] = {}
    for name, wanted in blueprint.inputs.items():
        value = offered.get(name, wanted.default)
        if value is None and wanted.required:
            return f"the blueprint `{blueprint.name}` needs the input `{name}` ({wanted.type})"
        if value is not None and not fits(wanted, value):
            return f"the input `{name}` of `{blueprint.name}` must be of type {wanted.type}"
        if value is not None:
            values[name] = value
    return values
