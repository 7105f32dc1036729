"""Whether the App will take the change, asked while the agent can still mend it. The App decides, by the same gate."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from minion.agent.verification import GateVerdict
from minion.domain.changeset import ChangeSet
from minion.nodes.base import WorkBench
from minion.ports.workspace import Workspace
from minion.tasks.gate import Before, Blocked, GateRules, judge


def objections(bench: WorkBench) -> tuple[str, ...]:
    """Why the tree as it is could not be pushed, for an agent; by the rules that are known outside the App."""
    configuration = bench.configuration
    rules = GateRules(
        scope=bench.scope,
        protected_paths=configuration.protected_paths,
        max_files=configuration.max_files,
        max_bytes=configuration.max_bytes,
    )
    change_set = bench.workspace.change_set()
    verdict = judge(change_set, rules, _before(bench.workspace, change_set, rules))
    return tuple(reason.to_agent() for reason in verdict.reasons) if isinstance(verdict, Blocked) else ()


def _before(workspace: Workspace, change_set: ChangeSet, rules: GateRules) -> Before | None:
    """Not read for a change that is too large anyway."""
    if len(change_set.files) > rules.max_files:
        return None
    contents = {file.path: workspace.read_at_head(file.path) for file in change_set.files}
    return Before(contents=contents, paths=frozenset(workspace.list_at_head()))


def refused(verdict: GateVerdict, reasons: tuple[str, ...]) -> GateVerdict:
    """The verdict of the commands, with what stands against the change itself before it."""
    if not reasons:
        return verdict
    told = "\n".join(("This change cannot be pushed:", *(f"- {reason}" for reason in reasons)))
    fingerprint = hashlib.sha256("\n".join((verdict.fingerprint, *reasons)).encode()).hexdigest()
    text = "\n\n".join(part for part in (told, verdict.text) if part)
    return replace(verdict, passed=False, text=text, fingerprint=fingerprint)
