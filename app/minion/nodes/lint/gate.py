"""Lint as a gate, and as what mends before anybody is asked, where the repository's own commands are not configured."""

from __future__ import annotations

from collections.abc import Mapping

from minion.blueprint.model import RunNode
from minion.nodes.base import WorkBench
from minion.nodes.commands import detected, run_boxed
from minion.nodes.comparison import Failed, Passed, failed
from minion.nodes.instrument import Script
from minion.nodes.lint.judging import fix_fast, judge_fast
from minion.nodes.reports import CommandRun, Finding


def lint_gate(node: RunNode, bench: WorkBench) -> Passed | Failed | None:
    """None when the repository's command has to be run: it is configured, or more than the linters that are known, or
    the change alters their configuration, which is then judged by both the base's and its own."""
    if node.command != "lint" or node.env or bench.configuration.commands.lint is not None:
        return None
    verdict = judge_fast(detected(bench).lint, bench)
    if verdict is None:
        return None
    if verdict.new:
        run = CommandRun(1, "", timed_out=False, seconds=verdict.seconds)
        return failed(run, [Finding(remark.key, remark.detail) for remark in verdict.new], verdict.shared)
    if verdict.reconfigured:
        return None
    shared = f"{verdict.shared} finding{'s' if verdict.shared != 1 else ''} that the base has too"
    return Passed(f"nothing new ({verdict.said})", shared if verdict.shared else "")


def run_check(
    node: RunNode, script: Script, bench: WorkBench, wall_s: float, env: Mapping[str, str] | None = None
) -> CommandRun:
    """Runs a check's command. The repository's lint command is not run again on a tree that it has judged this round:
    it reads files and nothing else."""
    if node.command != "lint":
        return run_boxed(script, bench, wall_s, env)
    key = (bench.workspace.tree_digest(), script.text, *sorted((env or {}).items()))
    kept = bench.memory.lint.runs
    if key not in kept:
        run = run_boxed(script, bench, wall_s, env)
        if run.timed_out or bench.workspace.tree_digest() != key[0]:
            return run
        kept[key] = run
    return kept[key]


def formatted(node: RunNode, bench: WorkBench) -> bool:
    """Whether the autofix was the repository's formatters, and is done. A configured command is run instead."""
    commands = bench.configuration.commands
    if node.autofix != "format" or commands.format is not None:
        return False
    return fix_fast(bench, mend=node.command == "lint" and commands.lint is None)
