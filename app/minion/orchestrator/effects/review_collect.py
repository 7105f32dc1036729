"""`review.collect`: what reviewers wrote when the task was asked for, without what was settled since."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from minion import comments
from minion.blueprint.model import ActionNode
from minion.domain.outcomes import Outcome
from minion.domain.spec import ReviewPoint
from minion.orchestrator.heads import pull_at_our_head
from minion.orchestrator.step import Over, Scene, Step, changed, done
from minion.ports.github import ReviewThread
from minion.tasks.review_points import placed


def review_collect(scene: Scene, node: ActionNode) -> Step:
    """ok {count}: they are in `review.threads` | none {reason}: nothing waits for an answer."""
    del node
    found = pull_at_our_head(scene)
    if isinstance(found, Over):
        return found
    task, pull = found
    threads = {thread.id: thread for thread in scene.github.review_threads(scene.repository, pull.number)}
    points = tuple(_open(task.spec.reviews, threads))
    task = changed(task, spec=task.spec.model_copy(update={"reviews": points}))
    if points:
        return done(task, Outcome.OK, count=len(points))
    return done(task, Outcome.NONE, count=0, reason=comments.nothing_open(task.notes))


def _open(points: tuple[ReviewPoint, ...], threads: Mapping[str, ReviewThread]) -> Iterator[ReviewPoint]:
    """At the places where the head has them now: it may have moved before the first round."""
    for point in points:
        thread = threads.get(point.thread_id)
        if not point.thread_id:
            yield point
        elif thread is not None and not thread.resolved:
            yield placed(point, thread)
