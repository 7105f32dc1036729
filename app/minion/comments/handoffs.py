"""Handing over to a person: what was tried, what still fails, where the work is, how to go on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from urllib.parse import urlsplit

from minion.comments.receipts import receipt
from minion.comments.voice import Voice, bullets, folded, paragraphs, sentence
from minion.domain.checks import Failure
from minion.domain.task import Task
from minion.tasks.outgoing import capped, code, fence, one_line, quote

_MOST_FAILURES = 8
_LOG_LIMIT = 3_000
_DIFF_LIMIT = 20_000


def handoff(
    task: Task, voice: Voice, *, tried: Sequence[str] = (), diff: str = "", pushed: bool = False, used_up: bool = False
) -> str:
    """`tried`: what was attempted, when it is not told by the receipt; `diff`: work that was not pushed; `pushed`:
    whether the branch holds work of this task; `used_up`: the pull request gets no more pushes."""
    failures = task.failures[:_MOST_FAILURES]
    parts = (
        f"@{task.spec.requested_by}, **I could not finish this, and it is yours from here.**",
        quote(sentence(task.reason), hosts=voice.hosts, limit=2_000) if task.reason else "",
        _section("What was tried", bullets([*(voice.text(item, 300) for item in tried), *_rounds(task)])),
        _section("What it says it did", "\n\n".join(_said(task, voice))),
        _section("What still fails", "\n\n".join(_failure(failure, voice) for failure in failures)),
        _section("Good to know", bullets(voice.text(item, 500) for item in _to_know(task))),
        _section("How to go on", bullets(_ways(task, pushed, used_up=used_up))),
        folded("The work that was not pushed", fence(diff, "diff", _DIFF_LIMIT)) if diff else "",
        receipt(task.receipt),
        voice.follow(task),
    )
    return capped(paragraphs(parts))


def _said(task: Task, voice: Voice) -> Iterator[str]:
    """Each pushed round, and the last one also where it was not pushed."""
    for text in dict.fromkeys((*task.done[-3:], task.summary)):
        yield quote(text, hosts=voice.hosts, limit=3_000) if text.strip() else ""


def _to_know(task: Task) -> Iterator[str]:
    yield from (f"Open question: {question}" for question in task.open_questions[:6])
    yield from (f"Risk: {risk}" for risk in task.risks[:6])
    yield from task.notes[:12]


def _section(title: str, body: str) -> str:
    return f"### {title}\n\n{body}" if body else ""


def _rounds(task: Task) -> Iterator[str]:
    """`Round 1: implement ok, judge veto, implement ok`: the receipt, told in a line for each round."""
    for number, lines in groupby(task.receipt.lines, key=lambda line: line.round):
        steps = ", ".join(f"{one_line(line.node, 40)} {code(line.outcome, 20)}" for line in lines)
        yield f"Round {number}: {steps}"
    for name, said in task.gates:
        yield f"{code(name, 40)}: {one_line(said, 200)}"


def _failure(failure: Failure, voice: Voice) -> str:
    name = (
        f"{one_line(failure.group, 80)} / {one_line(failure.check, 80)}"
        if failure.group
        else one_line(failure.check, 80)
    )
    where = f", step {code(failure.step, 80)}" if failure.step else ""
    base = " It fails on the base branch too." if failure.also_on_base else ""
    head = f"**{name}**{where}: {code(failure.conclusion or 'failed', 30)}. {_link(failure.url, voice)}{base}".rstrip()
    notes = fence("\n".join(failure.annotations[:5]), limit=1_500) if failure.annotations else ""
    log = folded("Log", fence(failure.log, limit=_LOG_LIMIT)) if failure.log else ""
    return "\n\n".join(part for part in (head, notes, log) if part)


def _link(url: str, voice: Voice) -> str:
    """Any App may name any address for its check: only known hosts become links."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not url.isprintable() or set(url) & set("()<>[] \"'`\\"):
        return ""
    return f"[Details]({url})" if parts.netloc.lower() in voice.hosts else f"Details: {code(url, 150)}"


def _ways(task: Task, pushed: bool, *, used_up: bool) -> Iterator[str]:
    if pushed and task.branch:
        yield f"Take the branch: `git fetch origin && git switch {task.branch}`"
    if used_up:
        yield f"#{task.pull_number} has had all the pushes that I may make to it: a person has to go on there."
    elif task.pull_number:
        yield f"`/minion fix <hint>` on #{task.pull_number} lets me try again from there, with your hint."
    yield f"`/minion {task.blueprint} <hint>` on #{task.number} starts anew." if not task.is_pull else ""
    if task.pull_number and pushed and not task.is_pull:
        yield f"Or close #{task.pull_number}: I do nothing more on my own."
