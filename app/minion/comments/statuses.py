"""The one status comment of a task, edited in place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from minion.comments.receipts import dollars, receipt
from minion.comments.voice import Voice, bullets, paragraphs, sentence, status_marker
from minion.domain.task import Task, TaskStatus
from minion.tasks.checks import NOT_JUDGED
from minion.tasks.ledger import PUSHES_PER_TASK
from minion.tasks.outgoing import capped, code, quote

_HEADLINES: Final[Mapping[TaskStatus, str]] = {
    TaskStatus.QUEUED: "Minion has taken this and waits for a runner.",
    TaskStatus.WORKING: "Minion is working, round {round}.",
    TaskStatus.PUBLISHING: "Minion is pushing the result of round {round}.",
    TaskStatus.AWAITING_CHECKS: "Minion waits for the checks of {pull}.",
    TaskStatus.AWAITING_REPLY: "Minion has a question and waits for an answer.",
    TaskStatus.AWAITING_APPROVAL: "Minion waits for somebody with write permission to approve.",
    TaskStatus.SUCCEEDED: "Done.",
    TaskStatus.HANDED_OFF: "Minion stopped and hands over to a person.",
    TaskStatus.DECLINED: "Minion declined this task.",
    TaskStatus.CANCELLED: "Minion was stopped.",
    TaskStatus.FAILED: "Minion failed: something broke on its side.",
}


def status(
    task: Task,
    voice: Voice,
    *,
    pushes: int | None = None,
    max_pushes: int = PUSHES_PER_TASK,
    used_up: bool = False,
) -> str:
    """`pushes`: how many the ledger counts for the task; None leaves the line out. `used_up`: the pull request gets no
    more of them, so no command about it is offered."""
    facts = bullets(_facts(task, voice, pushes, max_pushes))
    ways = _used_up(task) if used_up and task.status.ended else _next(task)
    head = f"**{_headline(task)}**"
    body = paragraphs((status_marker(task.id), head, _detail(task, voice), facts, _cost(task), ways))
    return capped(body)


def _headline(task: Task) -> str:
    pull = f"#{task.pull_number}" if task.pull_number else ""
    if task.status is TaskStatus.SUCCEEDED and task.is_pull:
        return "Done: pushed to this pull request." if task.done else "Done: nothing had to be pushed."
    if task.status is TaskStatus.SUCCEEDED and pull:
        return f"Done: {pull} is ready for review."
    return _HEADLINES[task.status].format(round=max(task.round, 1), pull=pull or "the pull request")


def _detail(task: Task, voice: Voice) -> str:
    """Why; a task that was declined was declined by an agent, in its own words."""
    if task.reason:
        return sentence(voice.text(task.reason, 1_500))
    declined = task.status is TaskStatus.DECLINED and task.summary.strip()
    return quote(task.summary, hosts=voice.hosts, limit=1_500) if declined else ""


def _facts(task: Task, voice: Voice, pushes: int | None, max_pushes: int) -> Iterator[str]:
    digest = code(task.spec.digest()[:12])
    yield f"Asked by @{task.spec.requested_by}, blueprint {code(task.blueprint)}, request {digest}"
    if task.pull_number and task.pull_number != task.number:
        yield f"Pull request: #{task.pull_number}"
    if task.branch:
        yield f"Branch: {code(task.branch)}"
    if pushes is not None:
        yield f"Pushes: {pushes} of {max_pushes}"
    if task.receipt.lines and not task.status.ended:
        limit = f" of at most {dollars(task.max_usd)}" if task.max_usd is not None else ""
        yield f"Cost so far: {dollars(task.receipt.usd)}{limit}"
    if task.status.ended:
        yield from (voice.text(note, 500) for note in task.notes if note.startswith(NOT_JUDGED))
    if task.sandbox == "unsafe":
        yield "⚠️ The round ran **without a sandbox** (`sandbox: unsafe`)."
    yield voice.follow(task)


def _cost(task: Task) -> str:
    return receipt(task.receipt) if task.status.ended else ""


def _next(task: Task) -> str:
    match task.status:
        case TaskStatus.AWAITING_REPLY:
            return "Answer in a comment; answers by people with write permission count. `/minion stop` ends the task."
        case TaskStatus.AWAITING_APPROVAL:
            return "`/minion approve` with the digest lets it go on; `/minion stop` ends the task."
        case TaskStatus.SUCCEEDED:
            return "A person reviews and merges. `/minion fix` on it repairs red checks."
        case TaskStatus.HANDED_OFF | TaskStatus.FAILED:
            return _go_on(task)
        case TaskStatus.DECLINED:
            return "Make the issue narrower, with an end that can be checked, and write `/minion implement`."
        case TaskStatus.CANCELLED:
            return "`/minion implement` on the issue, or `/minion fix` on a pull request, starts anew."
        case TaskStatus.QUEUED | TaskStatus.WORKING | TaskStatus.PUBLISHING | TaskStatus.AWAITING_CHECKS:
            return "`/minion stop` ends the task."


def _used_up(task: Task) -> str:
    pull = f"#{task.pull_number} has had all the pushes that I may make to it"
    if task.status is TaskStatus.SUCCEEDED:
        return f"A person reviews and merges; {pull}."
    anew = "" if task.is_pull else f" `/minion {task.blueprint} <hint>` here starts anew."
    return f"{pull}: a person has to go on there.{anew}"


def _go_on(task: Task) -> str:
    """A task that is through has no more tries; a command with a hint opens another one."""
    again = "" if task.through else "`/minion retry` goes on with what pushes are left. "
    if task.is_pull:
        return f"{again}`/minion {task.blueprint} <hint>` tries again with your hint."
    fix = f"`/minion fix <hint>` on #{task.pull_number} goes on from its state; " if task.pull_number else ""
    return f"{again}{fix}`/minion {task.blueprint} <hint>` here starts anew."
