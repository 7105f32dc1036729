"""The harness's part of an agent's step, on the shipped blueprint's `implement` node with its gates and a real box.

A step goes from the end of the model's answer to its whole next request, both seen at the model's own socket. What the
box took for the tool is subtracted; everything else is ours: reading the answer, checking the call, labelling the
result, the trace, the budget, writing the request.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.bench import floor, project
from tests.bench.child import DidNotWork
from tests.bench.figure import Beside, Figure, Result
from tests.bench.first_request import tapped
from tests.bench.intervals import Interval, Step, TimedSandbox, steps

from minion.adapters.anthropic_model import AnthropicModel, Credential
from minion.adapters.workspace import copy_of_checkout
from minion.blueprint.engine import Engine
from minion.blueprint.library import assemble
from minion.blueprint.model import AgentNode, Limits
from minion.blueprint.state import NodeResult
from minion.bootstrap.local import configuration_of
from minion.bootstrap.place import Place
from minion.bootstrap.prices import priced
from minion.bootstrap.site import BoxedSite, Task, Workshop
from minion.domain.receipt import Tokens
from minion.domain.secret import Secret
from minion.domain.spec import Scope, TaskSpec
from minion.nodes.base import Visit
from minion.nodes.registry import execute
from minion.runner.facts import Facts
from minion.runner.journal import Journal
from minion.shipped import shipped

LEAST_STEPS = 42
FILES, SHELL = "Count the rounds in calc.py", "Look at calc.py with commands"
FLOOR = "http.client loop"
_BEFORE = {"setup": {}, "triage": project.FOUND}


@dataclass(frozen=True)
class _Session:
    """Ours or the floor's; `tokens` is empty for the floor."""

    steps: list[Step]
    used: Sequence[Interval]
    request_bytes: int
    tokens: Tokens


def measure(runs: int = 3) -> list[Result]:
    mine: dict[str, list[_Session]] = {FILES: [], SHELL: []}
    floors: dict[str, list[_Session]] = {FILES: [], SHELL: []}
    with tempfile.TemporaryDirectory(prefix="minion-bench-") as folder, project.model(Path(folder), _script()) as url:
        for run in range(runs):
            for goal in (FILES, SHELL):
                floors[goal].append(_floor(url, goal, Path(folder) / f"floor-{run}-{len(goal)}"))
                mine[goal].append(_ours(url, goal, Path(folder) / f"ours-{run}-{len(goal)}"))
    return [
        *_parts("read, search, edit", mine[FILES], floors[FILES]),
        *_shell(mine[SHELL], floors[SHELL]),
        *_size(mine),
    ]


def _parts(what: str, ours: Sequence[_Session], floors: Sequence[_Session]) -> list[Result]:
    mine, other = (tuple(1000 * step.beside_s for session in them for step in session.steps) for them in (ours, floors))
    return [Figure(f"step of {what}: the harness's part", "ms", mine, 10.0, Beside(FLOOR, other))]


def _shell(ours: Sequence[_Session], floors: Sequence[_Session]) -> list[Result]:
    starts = tuple(1000 * used.start_s for session in ours for used in session.used if used.start_s)
    mine, other = (tuple(1000 * step.whole_s for session in them for step in session.steps) for them in (ours, floors))
    return [
        *_parts("shell", ours, floors),
        Figure("step of shell: in all, box and command", "ms", mine, beside=Beside("subprocess, no box", other)),
        Figure("start of a box", "ms", starts),
    ]


def _size(ours: dict[str, list[_Session]]) -> list[Result]:
    sessions = ours[FILES]
    turns = len(sessions[0].steps) + 1
    return [
        Figure("first request of `implement`", "kB", tuple(one.request_bytes / 1000 for one in sessions), 6.0),
        # of the first session: the later ones find its prefix in the cache
        Figure(f"weighted tokens of {turns} turns", "k", (_weighted(sessions[0].tokens) / 1000,)),
    ]


def _weighted(tokens: Tokens) -> float:
    """Prompt tokens by what they cost (https://docs.claude.com/en/docs/build-with-claude/prompt-caching)."""
    return tokens.input + 1.25 * tokens.cache_write_5m + 2 * tokens.cache_write_1h + 0.1 * tokens.cache_read


# --- what is played


def _script() -> dict[str, Any]:
    files = [turn for count in range(LEAST_STEPS // 3) for turn in file_turns(count)]
    shell = [project.call("shell", command=f"echo {count}; wc -l calc.py") for count in range(LEAST_STEPS)]
    plays = ((FILES, files), (SHELL, shell))
    return {
        "conversations": [
            {"name": goal, "match": {"contains": [goal]}, "turns": [*turns, project.finish()]} for goal, turns in plays
        ]
    }


def file_turns(count: int) -> list[project.Turn]:
    return [
        project.call("read", path="calc.py"),
        project.call("search", pattern=f"ROUNDS = {count}"),
        project.edit(f"ROUNDS = {count}", f"ROUNDS = {count + 1}"),
    ]


def _session(seen: Sequence[dict[str, Any]], used: Sequence[Interval], tokens: Tokens) -> _Session:
    if len(seen) != LEAST_STEPS + 1:
        raise DidNotWork(f"{LEAST_STEPS + 1} requests were to be made, not {len(seen)}")
    return _Session(steps(seen, used), used, seen[0]["bytes"], tokens)


def _floor(url: str, goal: str, folder: Path) -> _Session:
    repository, earlier = project.make(folder), len(tapped(url))
    used = floor.play(url, goal, repository)
    return _session(tapped(url)[earlier:], used, Tokens())


# --- our side


def _ours(url: str, goal: str, folder: Path) -> _Session:
    earlier = len(tapped(url))
    box, tokens = ours(url, goal, folder)
    return _session(tapped(url)[earlier:], box.used, tokens)


def ours(url: str, goal: str, folder: Path, limits: Limits | None = None) -> tuple[TimedSandbox, Tokens]:
    """A session of the `implement` node, with its own limits where none are given. Raises `DidNotWork`."""
    place = Place.under(folder)
    workspace = copy_of_checkout(project.make(folder / "project"), place.work, place.private).workspace
    model = AnthropicModel(url, Credential(Secret("sk-bench")))
    workshop = Workshop(model=model, prices=priced({}, ()), sandbox_mode="bubblewrap", tool_cache=None)
    task = Task(configuration_of(workspace), Scope(), base_sha=workspace.head_sha)
    site = workshop.open(workspace, place, task, Journal([lambda _: None]), lambda: None)
    box = TimedSandbox(site.sandbox)
    try:
        report = execute(_limited(into_implement(site, goal), limits), replace(site.bench, sandbox=box))
    finally:
        model.close()
        workspace.close()
    if report.result.outcome != "ok":
        raise DidNotWork(f"the session ended with {report.result.outcome}: {report.result.output}")
    return box, report.line.tokens


def _limited(visit: Visit, limits: Limits | None) -> Visit:
    return visit if limits is None else replace(visit, node=replace(visit.node, limits=limits))


def into_implement(site: BoxedSite, goal: str) -> Visit:
    """Into the shipped blueprint's own node, after a triage that said yes."""
    library = assemble(shipped())
    if not isinstance(library, dict):
        raise DidNotWork("\n".join(map(str, library)))
    engine = Engine(library)
    state = engine.start("implement", {"issue": 0, "pr": 0})
    while (node := engine.pending(state)).name in _BEFORE:
        state = engine.apply(state, NodeResult(outcome="ok", output=_BEFORE[node.name]))
    if not isinstance(node, AgentNode):
        raise DidNotWork(f"the shipped blueprint is at {node}, not at `implement`")
    spec = TaskSpec(title=goal, objective=goal, author="local", author_can_write=True, requested_by="local")
    facts = Facts(spec, 0, (), site.workspace, base_is_trusted=True)
    return Visit(node, engine.context(state, node, facts), engine.gate_nodes(state, node))
