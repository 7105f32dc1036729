"""What must hold for a run node."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from minion.blueprint.draft import Draft
from minion.blueprint.lookups import look
from minion.blueprint.model import Lookup, RunNode
from minion.blueprint.problem import Problem, problem
from minion.blueprint.programs import objection
from minion.blueprint.schema import NODES

STEERING: Final = re.compile(
    r"PATH|HOME|SHELL|SHELLOPTS|BASHOPTS|IFS|ENV|BASH_\w+|LD_\w+|DYLD_\w+|GIT_\w+|PYTHON\w+|NODE_OPTIONS|NODE_PATH"
    r"|PERL5?(LIB|OPT|DB)|RUBY(LIB|OPT)|JAVA_TOOL_OPTIONS|PROMPT_COMMAND|PS4|TMPDIR|USER|GLIBC_TUNABLES|MINION_\w+"
)
"""Variables that change what a program is, not what it is told: bash(1), ld.so(8), git(1), python(1), node(1)."""


def run_problems(draft: Draft, node: RunNode) -> Iterator[Problem]:
    yield from _what(draft, node)
    yield from _network(draft, node)
    yield from _way_on(draft, node)
    yield from _environment(draft, node)
    yield from _reproduction(draft, node)
    if node.gate_only and node.parse == "lines":
        here = draft.place(node.name, "parse")
        yield problem(here, "a gate gives no items", "`parse: lines` is for nodes that are entered")
    if node.prepare and draft.around(node.name) is not None:
        yield problem(draft.key(node.name, "prepare"), "a node within a map prepares nothing", "prepare before the map")


def _what(draft: Draft, node: RunNode) -> Iterator[Problem]:
    keys = draft.keys(node.name)
    given = [key for key in ("argv", "script", "program", "command") if key in keys]
    misspelt = keys.keys() - NODES.records["run"].keys.keys()
    if len(given) > 1 or not (given or misspelt):
        said = "none of them is given" if not given else f"`{'` and `'.join(given)}` are given"
        yield problem(
            draft.place(node.name), f"`{node.name}` needs one of `argv`, `script`, `program`, `command`; {said}"
        )
    if node.program is not None and (wrong := objection(node.program, draft.programs)) is not None:
        yield problem(draft.place(node.name, "program"), *wrong)


def _network(draft: Draft, node: RunNode) -> Iterator[Problem]:
    if node.network == "open" and not node.prepare:
        here = draft.place(node.name, "network")
        yield problem(here, "`network: open` is for nodes that prepare", "add `prepare: true`")
    if node.network == "open" and node.program is not None:
        said = "`program` and `network: open` do not go together"
        yield problem(draft.key(node.name, "program"), said, "programs run in the box; prepare with a `command`")


def _way_on(draft: Draft, node: RunNode) -> Iterator[Problem]:
    if node.gate_only and "next" in draft.keys(node.name):
        yield problem(draft.key(node.name, "next"), "a `gate_only` node has no `next`")
    if not node.gate_only and "next" not in draft.keys(node.name):
        yield problem(draft.place(node.name), f"`{node.name}` lacks `next`", "or add `gate_only: true`")


def _environment(draft: Draft, node: RunNode) -> Iterator[Problem]:
    if node.env and node.network == "open":
        said = "`env` and `network: open` do not go together"
        yield problem(draft.key(node.name, "env"), said, "values that people wrote stay away from the network")
    for name, value in node.env.items():
        if STEERING.fullmatch(name):
            yield problem(draft.key(node.name, "env", name), f"`{name}` steers programs and cannot be set here")
        if isinstance(value, Lookup):
            found = look(draft, node.name, value, ("env", name))
            if isinstance(found, Problem):
                yield found
        elif not isinstance(value, str | int):
            yield problem(draft.place(node.name, "env", name), f"`{name}` must be text, a whole number, true or false")


def _reproduction(draft: Draft, node: RunNode) -> Iterator[Problem]:
    if not node.reproduction:
        return
    here = draft.key(node.name, "reproduction")
    if not node.argv and node.command != "test":
        yield problem(here, "`reproduction` is for tests", "with `command: test`, or with `argv`")
    if node.prepare:
        yield problem(here, "`reproduction` and `prepare` do not go together")
