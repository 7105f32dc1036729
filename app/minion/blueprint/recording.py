"""A recording: how each step of a task ended, as JSON Lines. What a changed blueprint would have done is then walked,
not paid for.

The first line is the header, each further one a step that was executed, in order.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from minion.blueprint.engine import Engine
from minion.blueprint.fit import all_nodes
from minion.blueprint.graph import kind
from minion.blueprint.loader import decode
from minion.blueprint.model import Blueprint, Node
from minion.blueprint.problem import Problem, Problems
from minion.blueprint.schema import RESULTS
from minion.blueprint.state import NodeResult, Seconds, Spent, State, Status, Usd
from minion.blueprint.walk import Pace, paces

MAX_BYTES = 64 * 1024 * 1024
_LONGEST = 200
"""Characters of a text that a file of walks repeats: no way of a blueprint goes by a text."""


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Header(_Line):
    minion_recording: Literal[1] = 1
    blueprint: str
    digests: dict[str, str]
    """Blueprint name to SHA-256 (hex): the started one and all that it can call."""
    inputs: dict[str, Any] = Field(default_factory=dict)
    max_usd: Usd | None = None
    when: str
    """When it was written, ISO 8601 in UTC."""
    ended: Status | None = None
    """None: the task was still under way."""
    reason: str = ""
    spent: Spent = Spent()


class Recorded(_Line):
    """Of `run` nodes the result of the command, of `agent` and `judge` nodes that of the model."""

    blueprint: str
    node: str
    type: str
    visit: Annotated[int, Field(ge=1)]
    outcome: str
    output: dict[str, Any] = Field(default_factory=dict)
    usd: Usd = Decimal(0)
    wall_s: Seconds = 0.0
    pushes: Annotated[int, Field(ge=0)] = 0

    @property
    def result(self) -> NodeResult:
        return NodeResult(
            outcome=self.outcome, output=self.output, usd=self.usd, wall_s=self.wall_s, pushes=self.pushes
        )

    def __str__(self) -> str:
        return f"{self.blueprint}.{self.node}: {self.outcome}"


@dataclass(frozen=True)
class Recording:
    header: Header
    steps: tuple[Recorded, ...]

    def __str__(self) -> str:
        """JSON Lines, ending in a newline."""
        return "".join(f"{line.model_dump_json()}\n" for line in (self.header, *self.steps))


def record(library: Mapping[str, Blueprint], state: State, when: str) -> Recording:
    """What the state remembers. The library is the one that the task was walked with."""
    first = state.frames[0]
    header = Header(
        blueprint=first.blueprint,
        digests=state.digests,
        inputs=first.inputs,
        max_usd=state.max_usd,
        when=when,
        ended=state.ended,
        reason=state.reason,
        spent=state.spent,
    )
    visits: Counter[tuple[str, str]] = Counter()
    nodes = {name: all_nodes(blueprint) for name, blueprint in library.items()}
    steps = []
    for step in state.log:
        visits[step.blueprint, step.node] += 1
        steps.append(
            Recorded(
                blueprint=step.blueprint,
                node=step.node,
                type=kind(nodes[step.blueprint][step.node]),
                visit=visits[step.blueprint, step.node],
                **step.result.model_dump(),
            )
        )
    return Recording(header, tuple(steps))


def cleaned(recording: Recording, clean: Callable[[str], str]) -> Recording:
    """With every text passed through `clean`, before it leaves the place where it was made."""
    header = recording.header.model_copy(update={"inputs": _each_text(recording.header.inputs, clean)})
    steps = (step.model_copy(update={"output": _each_text(step.output, clean)}) for step in recording.steps)
    return Recording(header, tuple(steps))


def _each_text(value: Any, change: Callable[[str], str]) -> Any:
    match value:
        case str():
            return change(value)
        case dict():
            return {key: _each_text(child, change) for key, child in value.items()}
        case list():
            return [_each_text(child, change) for child in value]
        case _:
            return value


def load_recording(text: str | bytes, *, source: str) -> Recording | Problems:
    """Never raises. A problem stands at its line."""
    decoded = decode(text, MAX_BYTES)
    if isinstance(decoded, Problem):
        return (Problem(decoded.line, decoded.column, decoded.message, "", source),)
    lines = decoded.splitlines()
    read = [_read(Recorded if number > 1 else Header, line) for number, line in enumerate(lines, 1) if line.strip()]
    wrong = [Problem(number, 1, one, "", source) for number, one in enumerate(read, 1) if isinstance(one, str)]
    if wrong:
        return tuple(wrong[:20])
    if not read or not isinstance(header := read[0], Header):
        return (Problem(1, 1, "is empty", "the first line of a recording is its header", source),)
    return Recording(header, tuple(one for one in read[1:] if isinstance(one, Recorded)))


def _read(wanted: type[Header | Recorded], line: str) -> Header | Recorded | str:
    what = "header of a recording" if wanted is Header else "step of a recording"
    try:
        return wanted.model_validate_json(line)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        return f"not the {what}: {where + ': ' if where else ''}{first['msg']}"


@dataclass(frozen=True)
class Replay:
    """What a blueprint would have done with the recorded results."""

    paces: tuple[Pace, ...]
    state: State
    """At its end."""
    unused: tuple[Recorded, ...]
    """What was recorded, and no visit asked for."""

    @property
    def assumed(self) -> tuple[Pace, ...]:
        """Visits without a recorded result: they have the good outcome, and no cost."""
        return tuple(pace for pace in self.paces if pace.stop.assumed)

    def same_end(self, recording: Recording) -> bool:
        return self.state.ended == recording.header.ended


def replay(engine: Engine, recording: Recording) -> Replay:
    """By blueprint, node and visit; a result that the node's type cannot have is none.

    Raises `UsageError` where the blueprint is gone or takes other inputs.
    """
    header = recording.header
    known = {(step.blueprint, step.node, step.visit): step for step in recording.steps}
    used: set[tuple[str, str, int]] = set()

    def answer(blueprint: str, node: Node, visit: int) -> NodeResult | None:
        key = (blueprint, node.name, visit + 1)
        step = known.get(key)
        if step is None or step.type != kind(node) or step.outcome not in RESULTS[step.type]:
            return None
        used.add(key)
        return step.result

    start = engine.start(header.blueprint, header.inputs, max_usd=header.max_usd)
    found = tuple(paces(engine, start, answer))
    unused = tuple(step for key, step in known.items() if key not in used)
    return Replay(found, found[-1].after if found else start, unused)


def as_walks(recording: Recording) -> str:
    """A file of walks (YAML) with the one that was recorded. Texts are cut, since no way goes by them."""
    header, steps = recording.header, recording.steps
    given: dict[str, list[Recorded]] = {}
    for step in steps:
        given.setdefault(f"{step.blueprint}.{step.node}", []).append(step)
    lines = ["apiVersion: minion/v1", "kind: Walks", f"blueprint: {header.blueprint}"]
    lines += [f"inputs: {_yaml(header.inputs)}"] if header.inputs else []
    lines += ["walks:", f"  {_yaml('recorded ' + header.when)}:"]
    lines += ["    given:", *_given(given)] if given else []
    lines += [f"    ends: {header.ended}", f"    pushes: {header.spent.pushes}", f"    usd: {header.spent.usd:f}"]
    lines += [f"    way: {_yaml([f'{step.blueprint}.{step.node}' for step in steps])}"] if 0 < len(steps) <= 100 else []
    return "\n".join(lines) + "\n"


def _given(given: Mapping[str, Sequence[Recorded]]) -> Iterator[str]:
    for name, steps in given.items():
        results = [_result(step) for step in steps]
        same = all(result == results[0] for result in results)
        yield f"      {name}: {_yaml(results[0] if same else results)}"


def _result(step: Recorded) -> Any:
    result = step.result.model_dump(mode="json", exclude_defaults=True)
    output = _each_text(result.get("output", {}), _cut)
    usd = {"usd": float(step.usd)} if step.usd else {}
    return step.outcome if set(result) == {"outcome"} else {**result, **({"output": output} if output else {}), **usd}


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "..."


def _yaml(value: Any) -> str:
    """JSON is YAML (1.2), once what YAML does not print is escaped."""
    text = json.dumps(value, ensure_ascii=False)
    return "".join(char if char.isprintable() else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    code = ord(char)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
