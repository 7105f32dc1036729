"""`checks.rerun`: runs that did not come to a good end get another chance, where that costs no push."""

from __future__ import annotations

from typing import Final

from minion.blueprint.model import ActionNode
from minion.domain.outcomes import Outcome
from minion.orchestrator.heads import pull_at_our_head
from minion.orchestrator.step import Over, Scene, Step, changed, done
from minion.ports.github import WriteRefused

_BAD: Final = frozenset({"cancelled", "failure", "stale", "startup_failure", "timed_out"})


def rerun(scene: Scene, node: ActionNode) -> Step:
    """ok {count} | none (no run of the head ended badly) | fail {reason}. A run that is under way again counts."""
    del node
    found = pull_at_our_head(scene)
    if isinstance(found, Over):
        return found
    task, pull = found
    runs = scene.github.runs_for(scene.repository, pull.head_sha)
    ended_badly = [run for run in runs if run.status == "completed" and run.conclusion in _BAD]
    if not ended_badly:
        under_way = sum(run.status != "completed" for run in runs)
        return done(task, Outcome.OK if under_way else Outcome.NONE, count=under_way)
    for run in ended_badly:
        answer = scene.github.rerun_failed_jobs(scene.repository, run.id)
        if isinstance(answer, WriteRefused):
            reason = f"GitHub did not run {run.name} again: {answer.reason}"
            return done(changed(task, reason=reason), Outcome.FAIL, reason=reason)
    return done(task, Outcome.OK, count=len(ended_badly))
