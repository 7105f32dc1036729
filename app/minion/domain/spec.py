"""What a task is asked to do, as snapshotted when it was asked."""

from __future__ import annotations

import hashlib
import json
from enum import StrEnum

from pydantic import BaseModel, ConfigDict


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
    constraints: tuple[str, ...] = ()
    when_unclear: str = "ask"
    thread: tuple[ThreadEntry, ...] = ()

    def digest(self) -> str:
        """SHA-256 (hex) over the canonical JSON; printed, shortened, in the PR."""
        payload = json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(payload.encode()).hexdigest()

    @property
    def trusted(self) -> bool:
        """True when everybody whose text reaches an agent had write permission at the trigger."""
        return self.author_can_write and all(entry.author_can_write for entry in self.thread)
