"""A change set becomes a commit: gate, approval, ledger, look, commit, record. Whatever kills this, it is done once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from minion.domain.changeset import ChangeSet
from minion.domain.ids import CommitSha
from minion.domain.task import Task
from minion.orchestrator.diffs import old_contents
from minion.orchestrator.step import Scene, changed
from minion.ports.github import CommitRequest, Committed, HeadMoved, WriteRefused
from minion.ports.store import PushDenied
from minion.tasks.branches import branch_name
from minion.tasks.gate import Before, Blocked, GateRules, Passed, judge
from minion.tasks.outgoing import plain
from minion.tasks.trailers import Person, PushMark, commit_message, read_mark


@dataclass(frozen=True)
class Pushed:
    task: Task
    sha: CommitSha
    verified: bool | None
    """None: the commit was found on the branch, made by a call that was killed."""


@dataclass(frozen=True)
class NotPushed:
    """`capped`: the ledger allows no push; everything else is a failure in words for a person."""

    task: Task
    reason: str
    capped: bool = False


Publication: TypeAlias = Pushed | NotPushed


def passes_gate(scene: Scene, change_set: ChangeSet) -> Passed | Blocked:
    configuration = scene.task.configuration
    rules = GateRules(
        scope=scene.task.spec.scope,
        narrowing=scene.engine.narrowing(scene.state),
        protected_paths=configuration.protected_paths,
        max_files=configuration.max_files,
        max_bytes=configuration.max_bytes,
        secrets=scene.desk.secrets,
    )
    return judge(change_set, rules, _before(scene, change_set, configuration.max_files))


def _before(scene: Scene, change_set: ChangeSet, most: int) -> Before | None:
    """What the changed paths held, and all paths; not read for a change that is too large anyway."""
    if len(change_set.files) > most:
        return None
    paths = scene.github.paths(scene.repository, change_set.base_sha)
    return Before(contents=old_contents(scene, change_set), paths=paths or frozenset())


def publish(scene: Scene, change_set: ChangeSet) -> Publication:
    """The change set has passed the gate and needs no approval (any more)."""
    target = _branch(scene)
    if isinstance(target, NotPushed):
        return target
    task, head = target
    if head is not None and _is_this_push(scene, head):
        return _record(scene, task, head, None)
    if head is None and not _create(scene, task):
        return NotPushed(task, f"the branch `{task.branch}` was deleted; it is not created again")
    if head is not None and head != task.head_sha:
        return NotPushed(task, f"somebody else pushed to `{task.branch}` (now at {head[:10]}): their work is kept")
    return _commit(scene, task, change_set, create=head is None)


def _branch(scene: Scene) -> tuple[Task, CommitSha | None] | NotPushed:
    """The branch to push to, with its head now. A name that a person or an older task holds is left alone."""
    task = scene.task
    if task.branch:
        return task, scene.github.branch_head(scene.repository, task.branch)
    for attempt in range(1, 20):
        name = branch_name(task.number, task.spec.title, attempt)
        head = scene.github.branch_head(scene.repository, name)
        if head is None or _is_this_push(scene, head):
            return changed(task, branch=name), head
    return NotPushed(task, "every branch name for this issue is taken")


def _is_this_push(scene: Scene, head: CommitSha) -> bool:
    mark = read_mark(scene.github.commit_message(scene.repository, head) or "")
    return mark == PushMark(scene.task.id, scene.task.round)


def _create(scene: Scene, task: Task) -> bool:
    """A branch of our own that no push has reached yet is made by the push; anything else must be there already."""
    ours = not task.is_pull
    return ours and (
        task.branch != scene.task.branch or all(push.sha is None for push in scene.desk.ledger.pushes(task.id))
    )


def _commit(scene: Scene, task: Task, change_set: ChangeSet, *, create: bool) -> Publication:
    """`create`: as it was seen before; a branch that goes or comes meanwhile is refused by GitHub."""
    limits = scene.desk.limits
    allowed = scene.desk.ledger.authorise(
        task, task.pull_number, scene.now, per_task=limits.per_task, per_pull=limits.per_pull
    )
    if isinstance(allowed, PushDenied):
        return NotPushed(task, allowed.reason, capped=True)
    answer = scene.github.commit(
        scene.repository,
        CommitRequest(task.branch, task.head_sha, message(scene, task), change_set, create=create),
    )
    match answer:
        case Committed(sha=sha, verified=verified):
            return _record(scene, task, sha, verified)
        case HeadMoved(head=head):
            return _moved(scene, task, head)
        case WriteRefused(reason=reason):
            return NotPushed(task, f"GitHub refused the push: {reason}")


def _moved(scene: Scene, task: Task, head: CommitSha | None) -> Publication:
    """An answer that was lost looks like this too: then the head is ours."""
    if head is None:
        return NotPushed(task, f"the branch `{task.branch}` was deleted; it is not created again")
    if _is_this_push(scene, head):
        return _record(scene, task, head, None)
    return NotPushed(task, f"somebody else pushed to `{task.branch}` (now at {head[:10]}): their work is kept")


def _record(scene: Scene, task: Task, sha: CommitSha, verified: bool | None) -> Pushed:
    """Authorised or found: either way the ledger counts it."""
    limits = scene.desk.limits
    scene.desk.ledger.authorise(task, task.pull_number, scene.now, per_task=limits.per_task, per_pull=limits.per_pull)
    scene.desk.ledger.record(task.id, task.round, sha, task.pull_number)
    done = (*task.done, task.summary) if task.summary else task.done
    return Pushed(changed(task, head_sha=sha, carried=None, done=done, reason="", approved_digest=""), sha, verified)


def message(scene: Scene, task: Task) -> str:
    """Subject, what was done, and the trailers by which this very push is found again."""
    mark = PushMark(task.id, task.round)
    before = [push for push in scene.desk.ledger.pushes(task.id) if push.sha is not None and push.round != task.round]
    subject = f"{task.spec.title} (push {len(before) + 1})" if before else task.spec.title
    return commit_message(plain(subject), plain(task.summary, 2000), mark, _asked_by(scene))


def _asked_by(scene: Scene) -> list[Person]:
    """Only where the id is known for sure: the item's author asked for it themselves."""
    item, task = scene.item, scene.task
    same = item.author == task.spec.requested_by and not item.author_is_bot
    return [Person(item.author, item.author_id)] if same else []
