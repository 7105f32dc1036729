"""Newtypes for the identifiers that must not be mixed up."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import NewType

TaskId = NewType("TaskId", str)
CommitSha = NewType("CommitSha", str)
DeliveryId = NewType("DeliveryId", str)
Login = NewType("Login", str)
Capability = NewType("Capability", str)
"""Unguessable id (128 bits, hex) in the address of a task's follow-along page."""


@dataclass(frozen=True)
class RepositoryRef:
    """A repository where the App is installed. `id` survives renames and is what decisions compare."""

    id: int
    owner: str
    name: str
    installation_id: int

    @property
    def full_name(self) -> str:
        return f"{self.owner}/{self.name}"


def new_task_id() -> TaskId:
    """A short id that people can read aloud: `t` and 12 hex digits."""
    return TaskId("t" + secrets.token_hex(6))


def new_capability() -> Capability:
    return Capability(secrets.token_hex(16))
