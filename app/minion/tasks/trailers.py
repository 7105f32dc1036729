"""Commit messages and the trailers that let the push ledger be rebuilt from a branch.

https://git-scm.com/docs/git-interpret-trailers
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from minion.domain.ids import TaskId
from minion.tasks.outgoing import plain

_TASK: Final = "Minion-Task"
_ROUND: Final = "Minion-Round"
_CO_AUTHOR: Final = "Co-authored-by"
_TRAILER: Final = re.compile(r"^([A-Za-z][A-Za-z0-9-]*): (.+)$")
_SUBJECT_LENGTH: Final = 72


@dataclass(frozen=True)
class Person:
    """Somebody with an account: GitHub's no-reply address needs the numeric id."""

    login: str
    id: int


@dataclass(frozen=True)
class PushMark:
    """Which push a commit is."""

    task_id: TaskId
    round: int


def commit_message(subject: str, body: str, mark: PushMark, asked_by: Sequence[Person] = ()) -> str:
    """Subject (one line, cut at 72), body, trailers. Subject and body are untrusted: they mention and close nothing,
    and lines that look like trailers of ours are indented."""
    first = _subject(plain(subject, 500))
    text = "\n".join(_harmless(line) for line in plain(body).strip().splitlines())
    trailers = [f"{_TASK}: {mark.task_id}", f"{_ROUND}: {mark.round}"]
    trailers += [f"{_CO_AUTHOR}: {_co_author(person)}" for person in asked_by]
    return "\n\n".join(part for part in (first, text, "\n".join(trailers)) if part) + "\n"


def read_mark(message: str) -> PushMark | None:
    """The mark of a commit, from its last paragraph only; None when it is none of ours."""
    found: dict[str, str] = {}
    for line in message.strip().split("\n\n")[-1].splitlines():
        if match := _TRAILER.match(line):
            found.setdefault(match.group(1), match.group(2).strip())
    number = found.get(_ROUND, "")
    if _TASK not in found or not number.isascii() or not number.isdigit() or len(number) > 6:
        return None
    return PushMark(TaskId(found[_TASK]), int(number))


def same_push(message: str, other: str) -> bool:
    """Whether two commit messages mark the same round of the same task."""
    mark = read_mark(message)
    return mark is not None and mark == read_mark(other)


def _subject(subject: str) -> str:
    line = " ".join(subject.split()) or "Change by Minion"
    return line if len(line) <= _SUBJECT_LENGTH else line[: _SUBJECT_LENGTH - 1].rstrip() + "…"


def _harmless(line: str) -> str:
    match = _TRAILER.match(line)
    ours = match is not None and (match.group(1).startswith("Minion-") or match.group(1).lower().endswith("-by"))
    return f"  {line}" if ours else line


def _co_author(person: Person) -> str:
    return f"{person.login} <{person.id}+{person.login}@users.noreply.github.com>"
