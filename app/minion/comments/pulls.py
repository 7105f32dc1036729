"""Title and body of a pull request."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from minion.comments.receipts import receipt, spending
from minion.comments.template import fill
from minion.comments.voice import Voice, bullets, paragraphs
from minion.domain.ids import TaskId
from minion.domain.task import Task, TaskStatus
from minion.tasks.checks import NOT_JUDGED
from minion.tasks.outgoing import capped, code, one_line, quote

_TITLE_LIMIT = 200
_MARKER = re.compile(r"<!-- minion:pull task=(t[0-9a-f]{12}) -->")
_MOST_SAID = 10


@dataclass(frozen=True)
class PullNotes:
    """What the agent said of its own work (untrusted). `confidence` is high, medium, low or empty."""

    confidence: str = ""
    risks: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    """The gate's, for the reviewer."""


def pull_title(task: Task) -> str:
    """The issue's title, as plain words."""
    return one_line(task.spec.title, _TITLE_LIMIT).replace("\\|", "|") or f"Work on #{task.number}"


def pull_body(task: Task, voice: Voice, *, template: str = "", notes: PullNotes | None = None) -> str:
    """`template`: the repository's own, from its default branch; its sections are filled, the rest stands below."""
    said = notes or PullNotes()
    sections = {
        "what": _what(task, voice),
        "how": _how(task),
        "issue": "" if task.is_pull else f"Closes #{task.number}",
    }
    filled, left = fill(template, sections)
    parts = (
        _warning(task, voice, said),
        filled,
        left.get("issue", ""),
        _titled("What was done", left.get("what", "")),
        _titled("How it was checked", left.get("how", "")),
        _titled("Look at", bullets(_look_at(task, voice, said))),
        _titled("The request", _request(task, voice)),
        receipt(task.receipt),
        spending(task.receipt),
        _footer(task, voice),
    )
    return capped(paragraphs(parts))


def pull_task(body: str) -> TaskId | None:
    """The task that wrote this body, by its hidden marker; whose body it is, the caller knows."""
    found = _MARKER.search(body)
    return None if found is None else TaskId(found[1])


def _titled(title: str, body: str) -> str:
    return f"## {title}\n\n{body}" if body else ""


def _warning(task: Task, voice: Voice, said: PullNotes) -> str:
    """What a reviewer must know first."""
    warnings = list(_warnings(task, said))
    lines = [*warnings, *(f"Open question: {voice.text(item, 400)}" for item in said.questions[:_MOST_SAID])]
    lines += [f"Risk: {voice.text(item, 400)}" for item in said.risks[:_MOST_SAID]]
    if not lines:
        return ""
    kind = "WARNING" if warnings else "NOTE"
    return f"> [!{kind}]\n" + "\n".join(f"> - {' '.join(line.split())}" for line in lines)


def _warnings(task: Task, said: PullNotes) -> Iterator[str]:
    if task.status in (TaskStatus.HANDED_OFF, TaskStatus.FAILED):
        yield f"**Not finished.** Minion stopped here; what it found stands on #{task.number}."
    yield from (
        f"**{NOT_JUDGED}**{note.removeprefix(NOT_JUDGED)}" for note in task.notes if note.startswith(NOT_JUDGED)
    )
    if said.confidence == "low":
        yield "The agent is not sure of this change. Its risks and questions follow."
    if task.sandbox == "unsafe":
        yield "It was made **without a sandbox** (`sandbox: unsafe`)."
    if not task.spec.trusted:
        people = " and ".join(f"@{login}" for login in task.approved_by[:_MOST_SAID])
        approved = f" It was approved by {people} before it was pushed." if people else ""
        yield f"Text by people without write permission had a part in it.{approved}"


def _what(task: Task, voice: Voice) -> str:
    said = [text for text in (task.done or (task.summary,)) if text.strip()]
    quotes = [quote(text, hosts=voice.hosts, limit=8_000 // len(said)) for text in said]
    return "\n\nThen, to mend what the checks found:\n\n".join(quotes) or "See the commits."


def _how(task: Task) -> str:
    rows = [f"| {_cell(name)} | {one_line(said, 200)} |" for name, said in task.gates]
    return (
        "\n".join(["| gate | result |", "|---|---|", *rows])
        if rows
        else "No gate ran before the push: CI is the judge."
    )


def _cell(name: str) -> str:
    """A gate may be a command with pipes (https://github.github.com/gfm/#example-200)."""
    return code(name, 100).replace("|", "\\|")


def _look_at(task: Task, voice: Voice, said: PullNotes) -> Iterator[str]:
    seen: set[str] = set()
    for item in (*said.flags[:15], *(note for note in task.notes[:15] if not note.startswith(NOT_JUDGED))):
        text = " ".join(voice.text(item, 500).split())
        if text and text not in seen:
            seen.add(text)
            yield text


def _request(task: Task, voice: Voice) -> str:
    spec = task.spec
    facts = [
        f"Asked by @{spec.requested_by} on #{task.number}, blueprint {code(task.blueprint)}",
        f"Digest of the request: {code(spec.digest()[:12])} (later edits of the issue change nothing here)",
    ]
    if spec.branch:
        facts.append(
            f"Goes on with the branch {code(spec.branch, 200)}, which stays as it is; its commits are part of this"
        )
    if spec.scope.allow:
        facts.append("May change " + ", ".join(code(pattern, 80) for pattern in spec.scope.allow[:10]))
    if spec.scope.forbid:
        facts.append("May not change " + ", ".join(code(pattern, 80) for pattern in spec.scope.forbid[:10]))
    facts.extend(f"To verify: {voice.text(item, 300)}" for item in spec.verification[:10])
    return bullets(facts)


def _footer(task: Task, voice: Voice) -> str:
    made = f"Made by Minion (task {code(task.id)}). A person reviews and merges."
    commands = "`/minion fix` on it repairs red checks."
    line = " ".join(part for part in (made, commands, voice.follow(task)) if part)
    return f"<!-- minion:pull task={task.id} -->\n---\n{line}"
