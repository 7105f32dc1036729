"""Expected walks through a blueprint, written down in YAML and followed without executing anything."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final

from pydantic import ValidationError

from minion.blueprint.engine import Engine
from minion.blueprint.fit import all_nodes
from minion.blueprint.graph import kind
from minion.blueprint.library import given_inputs
from minion.blueprint.loader import decode
from minion.blueprint.model import Blueprint
from minion.blueprint.problem import Problem, Problems, did_you_mean, problem
from minion.blueprint.reader import Reader
from minion.blueprint.schema import API_VERSION, HARD_WALL_S, RESULTS
from minion.blueprint.shapes import Choice, Data, Duration, Key, ListOf, Literal, Name, Record, TableOf, Text, Whole
from minion.blueprint.source import Entries, parse
from minion.blueprint.state import NodeResult, State
from minion.blueprint.walk import Script, Stop, walk
from minion.blueprint.ways import Row, beside, rows

_NO_AMOUNT: Final = Decimal(-1)
_NODES = ListOf(Text(100))
_WALK = Record(
    {
        "given": Key(TableOf(Data(), any_key=True), "Node to outcome, or to what it ends with visit by visit."),
        "ends": Key(Choice(("success", "handed_off", "declined", "failed")), "How the task ends.", required=True),
        "reason": Key(Text(200), "Why it ends, where that is no success: `fix.collect: none`."),
        "pushes": Key(Whole(0, 2), "How many pushes it took."),
        "usd": Key(Literal(), "US dollars that the given results add up to."),
        "wall": Key(Duration(HARD_WALL_S), "Runner time that they add up to."),
        "output": Key(TableOf(Data(), any_key=True), "Values at the end, by path (`nodes.push.output.sha`)."),
        "way": Key(_NODES, "All nodes that are passed, in order."),
        "through": Key(_NODES, "Nodes that are passed, in this order."),
        "never": Key(_NODES, "Nodes that are not entered."),
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
    """None: not said."""

    name: str
    script: Script
    ends: str
    reason: str | None
    pushes: int | None
    usd: Decimal | None
    wall_s: float | None
    output: Mapping[str, Any]
    way: Sequence[str] | None
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
    wrong = [*_ending(done.state, expected), *_values(engine, done.state, expected.output)]
    wrong += [f"entered {name}" for name in expected.never if any(_is(name, stop) for stop in done.stops)]
    wrong += [f"never came to {name}, whose outcome was given" for name in done.unused]
    passed = _passed(expected, done.stops)
    if expected.way is not None and not all(same for _, _, same in passed):
        wrong.append("went another way")
    wrong += (
        [] if expected.way is not None else [f"did not pass {name} in its turn" for name, went, _ in passed if not went]
    )
    return (*wrong, *_shown(passed, done.stops)) if wrong else ()


def _ending(state: State, expected: Expected) -> Iterator[str]:
    spent = state.spent
    if state.ended != expected.ends:
        yield f"ended {state.ended}, not {expected.ends}" + (f" ({state.reason})" if state.reason else "")
    if expected.reason not in {None, state.reason}:
        yield f"ended because of {state.reason or 'nothing'}, not {expected.reason}"
    if expected.pushes not in {None, spent.pushes}:
        yield f"took {spent.pushes} pushes, not {expected.pushes}"
    if expected.usd not in {None, spent.usd}:
        yield f"cost ${spent.usd}, not ${expected.usd}"
    if expected.wall_s not in {None, spent.wall_s}:
        yield f"took {spent.wall_s:g} s, not {expected.wall_s:g} s"


def _values(engine: Engine, state: State, expected: Mapping[str, Any]) -> Iterator[str]:
    for path, wanted in expected.items():
        found = engine.lookup(state, path, {})
        value = None if found is None else found.value
        if value != wanted:
            yield f"{path} was {json.dumps(value, default=str)}, not {json.dumps(wanted)}"


def _is(name: str, stop: Stop) -> bool:
    return name in {stop.place, stop.node}


def _passed(expected: Expected, stops: Sequence[Stop]) -> list[Row]:
    """The expected nodes beside the way that was gone."""
    if expected.way is not None:
        names = [name if "." in name else _place(name, stops) for name in expected.way]
        return rows(names, [stop.place for stop in stops])
    found: list[Row] = []
    left = list(stops)
    for name in expected.through:
        at = next((index for index, stop in enumerate(left) if _is(name, stop)), None)
        if at is None:
            found.append((name, "", False))
            continue
        found += [("", str(stop), True) for stop in left[:at]] + [(name, str(left[at]), True)]
        left = left[at + 1 :]
    return [*found, *(("", str(stop), True) for stop in left)]


def _place(name: str, stops: Sequence[Stop]) -> str:
    """A node's name with its blueprint, as the way knows it."""
    return next((stop.place for stop in stops if stop.node == name), name)


def _shown(passed: Sequence[Row], stops: Sequence[Stop]) -> Iterator[str]:
    lines = list(beside(("expected", "went"), passed))
    yield from lines or ("way: " + ", ".join(map(str, stops)),)


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
    usd = _usd(read.get("usd"))
    if usd is _NO_AMOUNT:
        return (problem(tree.place("walks", name, "usd"), f"`walks.{name}.usd` is not an amount in US dollars"),)
    return Expected(
        name=name,
        script=script,
        ends=read["ends"],
        reason=read.get("reason"),
        pushes=read.get("pushes"),
        usd=usd,
        wall_s=read.get("wall"),
        output=read.get("output", {}),
        way=read.get("way"),
        through=read.get("through", ()),
        never=read.get("never", ()),
    )


def _usd(value: Any) -> Decimal | None:
    """Unlike the limits of a blueprint it may be 0."""
    if value is None:
        return None
    good = isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
    return Decimal(str(value)) if good else _NO_AMOUNT


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
    kinds = {kind(found) for one in searched if (found := all_nodes(one).get(name)) is not None}
    if not kinds:
        yield f"there is no node `{node}`", ""
        return
    known = tuple(outcome for each in sorted(kinds) for outcome in RESULTS.get(each, ()))
    for result in results:
        if result.outcome not in known:
            yield f"`{node}` has no outcome `{result.outcome}`", did_you_mean(result.outcome, known)
