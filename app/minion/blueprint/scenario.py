"""Expected walks through a blueprint, written down in YAML and followed without executing anything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from minion.blueprint.engine import Engine
from minion.blueprint.graph import kind
from minion.blueprint.library import given_inputs
from minion.blueprint.loader import decode
from minion.blueprint.model import Blueprint
from minion.blueprint.problem import Problem, Problems, did_you_mean, problem
from minion.blueprint.reader import Reader
from minion.blueprint.schema import API_VERSION, OUTCOMES
from minion.blueprint.shapes import Choice, Data, Key, ListOf, Name, Record, TableOf, Text, Whole
from minion.blueprint.source import Entries, parse
from minion.blueprint.state import NodeResult
from minion.blueprint.walk import Script, walk

_WALK = Record(
    {
        "given": Key(TableOf(Data(), any_key=True), "Node to outcome, or to what it ends with visit by visit."),
        "ends": Key(Choice(("success", "handed_off", "declined", "failed")), "How the task ends.", required=True),
        "pushes": Key(Whole(0, 2), "How many pushes it took."),
        "through": Key(ListOf(Text(100)), "Nodes that are passed, in this order."),
        "never": Key(ListOf(Text(100)), "Nodes that are not entered."),
    }
)
_FILE = Record(
    {
        "apiVersion": Key(Choice((API_VERSION,)), "The language's version.", required=True),
        "kind": Key(Choice(("Walks",)), "What this file is.", required=True),
        "blueprint": Key(Name(), "The blueprint that is followed.", required=True),
        "inputs": Key(TableOf(Data()), "What it is started with."),
        "walks": Key(TableOf(_WALK, any_key=True), "Name to walk.", required=True),
    }
)


@dataclass(frozen=True)
class Expected:
    name: str
    script: Script
    ends: str
    pushes: int | None
    through: Sequence[str]
    never: Sequence[str]


@dataclass(frozen=True)
class Walks:
    blueprint: str
    inputs: Mapping[str, Any]
    walks: tuple[Expected, ...]


def load_walks(text: str | bytes, *, source: str, library: Mapping[str, Blueprint]) -> Walks | Problems:
    """The walks of a file, or all that is wrong with it. Never raises."""
    loaded = _load(text, library)
    if isinstance(loaded, Walks):
        return loaded
    ordered = sorted(set(loaded), key=lambda one: (one.line, one.column, one.message))
    return tuple(replace(one, source=source) for one in ordered)


def follow(engine: Engine, walks: Walks, expected: Expected) -> tuple[str, ...]:
    """What went another way than expected, with the way that it went; empty when nothing did."""
    done = walk(engine, engine.start(walks.blueprint, walks.inputs), expected.script)
    nodes = [(f"{stop.blueprint}.{stop.node}", stop.node) for stop in done.stops]
    wrong = []
    if done.state.ended != expected.ends:
        wrong.append(f"ended {done.state.ended}, not {expected.ends}")
    if expected.pushes is not None and done.state.spent.pushes != expected.pushes:
        wrong.append(f"took {done.state.spent.pushes} pushes, not {expected.pushes}")
    passing = iter(nodes)
    wrong += [f"did not pass {name} in its turn" for name in expected.through if not any(name in at for at in passing)]
    wrong += [f"entered {name}" for name in expected.never if any(name in at for at in nodes)]
    wrong += [f"never came to {name}, whose outcome was given" for name in done.unused]
    return (*wrong, "way: " + ", ".join(map(str, done.stops))) if wrong else ()


def _load(text: str | bytes, library: Mapping[str, Blueprint]) -> Walks | Problems:
    decoded = decode(text)
    if isinstance(decoded, Problem):
        return (decoded,)
    tree, doubled = parse(decoded)
    if tree is None:
        return doubled
    reader = Reader()
    read = reader.read(tree, _FILE, "")
    found = (*doubled, *reader.problems)
    if found:
        return found
    if read["blueprint"] not in library:
        message = f"there is no blueprint `{read['blueprint']}`"
        return (problem(tree.place("blueprint"), message, did_you_mean(read["blueprint"], tuple(library))),)
    inputs = given_inputs(library[read["blueprint"]], read.get("inputs", {}))
    if isinstance(inputs, str):
        return (problem(tree.place("inputs"), inputs),)
    built = [_expected(tree, name, entry, library) for name, entry in read["walks"].items()]
    problems = [one for each in built if not isinstance(each, Expected) for one in each]
    return tuple(problems) or Walks(read["blueprint"], inputs, tuple(e for e in built if isinstance(e, Expected)))


def _expected(
    tree: Entries, name: str, read: Mapping[str, Any], library: Mapping[str, Blueprint]
) -> Expected | Problems:
    script: dict[str, Sequence[NodeResult]] = {}
    problems: list[Problem] = []
    for node, data in read.get("given", {}).items():
        results = [_result(one) for one in (data if isinstance(data, list) else [data])]
        script[node] = [one for one in results if isinstance(one, NodeResult)]
        place = tree.key("walks", name, "given", node)
        problems += [problem(place, f"`{node}`: {one}") for one in results if isinstance(one, str)]
        problems += [problem(place, said, hint) for said, hint in _wrong(node, script[node], library)]
    if problems:
        return tuple(problems)
    return Expected(name, script, read["ends"], read.get("pushes"), read.get("through", ()), read.get("never", ()))


def _result(data: Any) -> NodeResult | str:
    """`ok`, or a mapping with `outcome` and perhaps `output`, `usd`, `wall_s`; else what is wrong, in words."""
    if isinstance(data, str):
        return NodeResult(outcome=data)
    try:
        return NodeResult.model_validate(data)
    except ValidationError:
        return "write an outcome, or {outcome: ..., output: {...}}"


def _wrong(node: str, results: Sequence[NodeResult], library: Mapping[str, Blueprint]) -> Iterator[tuple[str, str]]:
    """Message and hint of each outcome that no node of that name can have."""
    blueprint, _, name = node.rpartition(".")
    searched = [library[blueprint]] if blueprint in library else [] if blueprint else list(library.values())
    kinds = {kind(found) for one in searched if (found := one.nodes.get(name)) is not None}
    if not kinds:
        yield f"there is no node `{node}`", ""
        return
    known = tuple(outcome for each in sorted(kinds) for outcome in OUTCOMES.get(each, ()))
    for result in results:
        if result.outcome not in known:
            yield f"`{node}` has no outcome `{result.outcome}`", did_you_mean(result.outcome, known)
