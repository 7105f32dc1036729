"""Check results as decisions need them; read from GitHub, decided on in `minion.tasks.checks`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict


@dataclass(frozen=True)
class CheckResult:
    """One check run or commit status of a sha.

    `key` names it across commits: app slug (or `status`), workflow or suite name, and check name.
    `conclusion` is GitHub's word (success, failure, action_required, stale, startup_failure, ...) or None.
    """

    app: str
    app_id: int | None
    group: str
    name: str
    status: str
    conclusion: str | None
    id: int | None = None
    suite_id: int | None = None
    job_id: int | None = None
    url: str = ""
    summary: str = ""
    """What a commit status says of itself: untrusted."""
    started_at: datetime | None = None
    completed_at: datetime | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        return (self.app, self.group, self.name)


class Failure(BaseModel):
    """A failed check with what matters of its log: untrusted text, cut to size, cleaned of ANSI and timestamps."""

    model_config = ConfigDict(frozen=True)

    check: str
    group: str
    conclusion: str
    url: str
    step: str = ""
    log: str = ""
    annotations: tuple[str, ...] = ()
    fingerprint: str = ""
    """SHA-256 (hex) of the failure with numbers, times, paths of temporary folders and shas taken out."""
    also_on_base: bool | None = None
    """None: the base was not checked, so the failure counts as ours."""


Where: TypeAlias = Literal["pull request", "base branch"]


class PastCheck(BaseModel):
    """How a check ended on a commit: names are of the repository's CI, and untrusted. `day` is YYYY-MM-DD or empty."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    where: Where
    sha: str
    check: str
    group: str
    conclusion: str
    day: str = ""
