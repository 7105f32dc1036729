"""A map over many items, walked to its end: for the test that counts objects, and for the benchmark that measures."""

from __future__ import annotations

from typing import Any, Final

from minion.blueprint.engine import Engine
from minion.blueprint.library import assemble
from minion.blueprint.model import MapNode, RunNode
from minion.blueprint.state import Ended, NodeResult, Pending, State

TEXT: Final = """\
apiVersion: minion/v1
kind: Blueprint
name: long
description: One after the other, many times.
caps: {pushes: 0, usd: 100, wall: 24h}
defaults: {fail: gave_up}
start: find
nodes:
  find: {type: run, script: list files, parse: lines, next: each}
  each:
    type: map
    over: ${{ nodes.find.output.items }}
    most: 10000
    start: work
    nodes:
      work: {type: agent, goal: Mend it., context: [item], tools: [read, edit], next: check}
      check: {type: run, argv: [check], env: {FILE: '${{ item }}'}, next: {ok: kept, fail: undo}}
      kept: {type: end, status: keep}
      undo: {type: end, status: revert}
    next: done
  done: {type: end, status: success}
  gave_up: {type: end, status: handed_off}
"""
_SAID: Final[dict[str, Any]] = {"summary": "What was done, in a sentence or two of a model. " * 4}
_READ: Final[dict[str, Any]] = {"exit_code": 0, "text": "a line of output\n" * 100}


def engine() -> Engine:
    library = assemble({"long": TEXT})
    if not isinstance(library, dict):
        raise TypeError("\n".join(map(str, library)))
    return Engine(library)


def at_the_map(engine: Engine, items: int) -> State:
    names = [f"src/package/part_{number:05d}/module.py" for number in range(items)]
    return engine.apply(engine.start("long", {}), NodeResult(outcome="ok", output={"items": names, "count": items}))


def on(engine: Engine, state: State, most: int = 1_000_000) -> State:
    """`most` steps on, or to the end. Every tenth item does not work out."""
    for _ in range(most):
        pending = engine.pending(state)
        if isinstance(pending, Ended):
            break
        state = engine.apply(state, _result(state, pending))
    return state


def _result(state: State, pending: Pending) -> NodeResult:
    if isinstance(pending, MapNode):
        return NodeResult(outcome="ok", wall_s=0.02)
    if not isinstance(pending, RunNode):
        return NodeResult(outcome="ok", output=_SAID, wall_s=1.5)
    bad = state.frame.map is not None and state.frame.map.index % 10 == 9
    return NodeResult(outcome="fail" if bad else "ok", output=_READ, wall_s=0.5)
