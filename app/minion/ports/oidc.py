"""Who a runner is: the claims of its OIDC token, once the signature, issuer, audience and times have been checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class RunIdentity:
    """Claims of an Actions job (https://docs.github.com/en/actions/reference/security/oidc). `sub` is left out on
    purpose: its form is the owner's choice."""

    jti: str
    repository_id: int
    repository_owner_id: int
    event_name: str
    job_workflow_ref: str
    """`owner/name/.github/workflows/file.yml@refs/heads/branch`"""
    run_id: int
    run_attempt: int


@dataclass(frozen=True)
class NotProven:
    reason: str


class OidcVerifier(Protocol):
    def verify(self, token: str) -> RunIdentity | NotProven:
        """Raises `Outage` when the issuer's keys cannot be fetched."""
        ...
