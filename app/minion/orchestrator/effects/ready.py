"""`pr.ready`: the draft becomes a pull request for people, with a body that says how it went."""

from __future__ import annotations

from minion.blueprint.model import ActionNode
from minion.domain.outcomes import Outcome
from minion.orchestrator.step import Scene, Step, changed, done
from minion.orchestrator.talk import pull_text


def ready(scene: Scene, node: ActionNode) -> Step:
    """ok {number} | none (a person's own pull request: they say when it is ready) | fail {reason}."""
    del node
    task = scene.task
    if task.is_pull:
        return done(task, Outcome.NONE)
    pull = None if task.pull_number is None else scene.github.pull(scene.repository, task.pull_number)
    if pull is None:
        reason = "there is no pull request to mark as ready"
        return done(changed(task, reason=reason), Outcome.FAIL, reason=reason)
    if pull.draft and not scene.github.mark_ready(scene.repository, pull.number):
        reason = f"GitHub did not mark #{pull.number} as ready for review"
        return done(changed(task, reason=reason), Outcome.FAIL, reason=reason)
    scene.github.update_pull(scene.repository, pull.number, title=None, body=pull_text(scene)[1])
    return done(task, Outcome.OK, number=pull.number)
