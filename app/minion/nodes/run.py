"""Run nodes: a command in the box, or, for set-up with the network, outside of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from minion.blueprint.model import RunNode
from minion.domain.outcomes import Outcome
from minion.nodes.base import NodeReport, Visit, WorkBench, plain_report
from minion.nodes.commands import DEFAULT_WALL_S, NoCommand, command_of, named, run_boxed
from minion.nodes.instrument import Script
from minion.nodes.lint.gate import formatted, run_check
from minion.nodes.listing import listed
from minion.nodes.reports import CommandRun, counted, findings
from minion.nodes.reproduction import Reproduction, reproduce
from minion.nodes.variables import unfit
from minion.ports.host import HostCommand
from minion.tools.outputs import cut_middle, plain

_CHECKS = frozenset({"lint", "test", "docs"})


def run_node(node: RunNode, visit: Visit, bench: WorkBench) -> NodeReport:
    """A command that the repository does not have is no failure: the node is ok, and says that it was skipped."""
    wall_s = min(node.limits.wall_s or DEFAULT_WALL_S, max(1.0, visit.wall_s))
    if (reason := unfit(visit.env)) is not None:
        return plain_report(node.name, Outcome.FAIL, {"exit_code": 126, "text": reason}, 0.0)
    if node.reproduction:
        return _reproduced(node, reproduce(node, bench, visit.env, wall_s))
    script = command_of(node, bench)
    if isinstance(script, NoCommand):
        return plain_report(node.name, Outcome.OK, {"skipped": True, "text": script.reason}, 0.0)
    return _run(node, script, visit, bench, wall_s)


def _run(node: RunNode, script: Script, visit: Visit, bench: WorkBench, wall_s: float) -> NodeReport:
    before = _tree(node, bench)
    if node.network == "open":
        run = _outside(node, script, bench, wall_s)
    else:
        fix(node, bench, wall_s)
        run = run_check(node, script, bench, wall_s, visit.env)
    outcome = Outcome.OK if run.passed else Outcome.TIMEOUT if run.timed_out else Outcome.FAIL
    output = {"exit_code": run.exit_code, "text": cut_middle(said(script.kind, run)), "counts": counted(run)}
    output |= listed(script.kind, run.report)
    if node.command == "format":
        output["changed"] = _tree(node, bench) != before
    return replace(plain_report(node.name, outcome, output, run.seconds), **_told(node, run, output))


def _reproduced(node: RunNode, found: Reproduction) -> NodeReport:
    outcome = Outcome.OK if found.passed else Outcome.FAIL
    output = {"exit_code": found.exit_code, "reason": found.reason, "text": f"{found.said}.\n{found.text}".strip()}
    notes = (f"{node.name} is {found.said}",) if found.reason == "cannot_run" else ()
    report = plain_report(node.name, outcome, output, found.seconds)
    return replace(report, notes=notes, gates=((node.name, found.said),) if found.passed else ())


def said(kind: str | None, run: CommandRun) -> str:
    """What it printed; of a command that prints nothing but its report, the findings in that."""
    if run.output or run.passed or run.report is None:
        return run.output
    return "\n".join(finding.detail or finding.key for finding in findings(kind, run))


def _tree(node: RunNode, bench: WorkBench) -> str:
    """A digest, asked for only where it is told apart."""
    return bench.workspace.tree_digest() if node.command == "format" else ""


def _told(node: RunNode, run: CommandRun, output: Mapping[str, Any]) -> dict[str, Any]:
    """For people: what was done where no agent says it, and what has passed."""
    if output.get("changed"):
        return {"summary": "Ran the repository's own automatic fixes (`format`)."}
    if node.command in _CHECKS and run.passed:
        return {"gates": ((node.name, counted(run) or "passed"),)}
    return {}


def fix(node: RunNode, bench: WorkBench, wall_s: float) -> None:
    """Runs the node's `autofix` first. What it cannot do shows in the check itself."""
    if formatted(node, bench):
        return
    script = named(node.autofix, bench) if node.autofix else NoCommand("none")
    if isinstance(script, Script):
        run_boxed(script, bench, wall_s)


def _outside(node: RunNode, script: Script, bench: WorkBench, wall_s: float) -> CommandRun:
    """On the machine itself, so with the base commit's files only: nothing that an agent wrote runs out of the box."""

    def told(piece: bytes) -> None:
        bench.emit("setup.output", node=node.name, text=plain(piece))

    argv = ("/bin/bash", "-euo", "pipefail", "-c", script.text)
    with bench.workspace.base_tree(products=True):
        result = bench.host.run(HostCommand(argv, bench.workspace.root, timeout_s=wall_s), told)
    return CommandRun(result.exit_code, plain(result.output), result.timed_out, result.seconds)
