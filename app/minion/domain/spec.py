"""What a task is asked to do, as snapshotted when it was asked."""

from __future__ import annotations

import hashlib
import json
from enum import StrEnum
from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict

Unclear: TypeAlias = Literal["ask", "choose", "decline"]
"""What to do where the request is unclear: ask its author, choose the narrowest reading and say what was assumed, or
leave it to a person."""


class Permission(StrEnum):
    """A person's role in a repository, lowest first."""

    NONE = "none"
    READ = "read"
    TRIAGE = "triage"
    WRITE = "write"
    MAINTAIN = "maintain"
    ADMIN = "admin"

    @property
    def can_write(self) -> bool:
        return self in {Permission.WRITE, Permission.MAINTAIN, Permission.ADMIN}


class Scope(BaseModel):
    """Paths (gitignore patterns) that may and may not change. No `allow` means everywhere."""

    model_config = ConfigDict(frozen=True)

    allow: tuple[str, ...] = ()
    forbid: tuple[str, ...] = ()


class ThreadEntry(BaseModel):
    """One text of the conversation that existed when the task was asked for (or joined it by a trusted reply)."""

    model_config = ConfigDict(frozen=True)

    author: str
    author_can_write: bool
    kind: str  # "issue" | "comment" | "pull_request" | "review" | "command"
    url: str
    created_at: str
    text: str


class ReviewPoint(BaseModel):
    """Something that a reviewer wants to have taken up: an open review thread, or the words above a whole review."""

    model_config = ConfigDict(frozen=True)

    number: int
    """How agents name it, from 1."""
    thread_id: str = ""
    """GitHub's node id; empty for the words of a review."""
    review_id: int = 0
    """Of those words; 0 for a thread."""
    path: str = ""
    line: int | None = None
    """None where the diff has moved on (`outdated`), or the file as a whole is meant."""
    start_line: int | None = None
    outdated: bool = False
    on_base: bool = False
    """The line is one that the change deletes, counted in the base's file."""
    hunk: str = ""
    """Of an outdated thread: what its reviewer was looking at."""
    last_comment: int = 0
    """The id of the thread's newest comment when the task was asked for: later ones are not read."""
    remarks: tuple[ThreadEntry, ...]


class TaskSpec(BaseModel):
    """The request. `objective` is the title and body; `thread` what else was said; all of it written by people."""

    model_config = ConfigDict(frozen=True)

    title: str
    objective: str
    author: str
    author_can_write: bool
    requested_by: str
    instruction: str = ""
    """What stood behind the command on its first line."""
    scope: Scope = Scope()
    verification: tuple[str, ...] = ()
    """How one sees that it is done, line by line; what is a command in it is run (`tasks.verification`)."""
    constraints: tuple[str, ...] = ()
    when_unclear: Unclear = "ask"
    branch: str = ""
    """Where the work begins, as the issue names it: work that a person has begun. Empty: at the default branch."""
    thread: tuple[ThreadEntry, ...] = ()
    reviews: tuple[ReviewPoint, ...] = ()
    """What reviewers wrote, for a task that takes it up; other tasks have it in `thread`."""

    def digest(self) -> str:
        """SHA-256 (hex) over the canonical JSON; printed, shortened, in the PR."""
        absent = {name for name in ("branch", "reviews") if not getattr(self, name)}
        known = self.model_dump(mode="json", exclude=absent)
        payload = json.dumps(known, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(payload.encode()).hexdigest()

    @property
    def trusted(self) -> bool:
        """True when everybody whose text reaches an agent had write permission at the trigger."""
        return self.author_can_write and all(entry.author_can_write for entry in (*self.thread, *self.remarks))

    @property
    def remarks(self) -> tuple[ThreadEntry, ...]:
        """All that was said in reviews."""
        return tuple(remark for point in self.reviews for remark in point.remarks)
