"""Whether the App will take the change, asked while the agent can still mend it. The App decides, by the same gate."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Final

from minion.agent.verification import GateVerdict
from minion.domain.changeset import ChangedFile, ChangeSet
from minion.domain.ids import CommitSha
from minion.domain.spec import Scope
from minion.nodes.base import Visit, WorkBench
from minion.ports.workspace import Checkpoint, Workspace
from minion.tasks.gate import Before, Blocked, GateRules, judge
from minion.tools.scope import WriteScope

_SOME_CHANGE: Final = ChangeSet(base_sha=CommitSha("0" * 40), files=(ChangedFile.of("tests/test_a.py", b"a\n"),))


@dataclass(frozen=True)
class Bounds:
    """What one node may change of the tree that it found (`before`), whatever tool it does it with. `since`: of an
    item of a map, only its own changes are looked at."""

    scope: Scope
    before: ChangeSet
    since: Checkpoint | None = None

    def strayed(self, now: ChangeSet) -> tuple[str, ...]:
        """Why, for each path that was changed since and may not be."""
        found = frozenset(self.before.files)
        scope = WriteScope(self.scope)
        said = (scope.refusal(file.path) for file in now.files if file not in found)
        return tuple(f"{reason}; put it back as it was" for reason in said if reason is not None)


def bounds_of(scope: Scope, bench: WorkBench, since: Checkpoint | None = None) -> Bounds | None:
    """None where the scope leaves everything open."""
    return Bounds(scope, bench.workspace.change_set(since), since) if scope.allow or scope.forbid else None


def objections(bench: WorkBench, visit: Visit, bounds: Bounds | None = None) -> tuple[str, ...]:
    """Why the tree as it is could not be pushed, for an agent; by the rules that are known outside the App. An item of
    a map answers for its own changes: how many there are of all is asked when they are pushed."""
    configuration = bench.configuration
    rules = GateRules(
        scope=bench.scope,
        narrowing=visit.narrowing,
        protected_paths=configuration.protected_paths,
        max_files=configuration.max_files,
        max_bytes=configuration.max_bytes,
    )
    change_set = bench.workspace.change_set(visit.since)
    verdict = judge(change_set, rules, _before(bench.workspace, change_set, rules))
    blocked = tuple(reason.to_agent() for reason in verdict.reasons) if isinstance(verdict, Blocked) else ()
    return (*blocked, *(bounds.strayed(change_set) if bounds else ()))


def get_ready() -> None:
    """Compiles the gate's patterns and imports its detectors, for which the end of a node would wait."""
    judge(_SOME_CHANGE, GateRules(protected_paths=("/any",)))


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
