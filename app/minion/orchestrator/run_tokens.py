"""Short tokens that name one lease: the bearer of a runner's calls and of its model requests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import jwt
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from minion.domain.ids import TaskId
from minion.domain.secret import Secret
from minion.ports.clock import Clock
from minion.ports.store import Lease, Leases

_AUDIENCE: Final = "minion-round"


@dataclass(frozen=True)
class RunToken:
    task_id: TaskId
    round: int
    fence: int


class RunTokens:
    """HS256 under a key derived (HKDF, RFC 5869) from the App's private key: all replicas agree, nothing is kept."""

    def __init__(self, root: Secret, clock: Clock) -> None:
        derive = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"minion run token v1")
        self._key = derive.derive(root.reveal().encode())
        self._clock = clock

    def issue(self, lease: Lease, expires_at: datetime) -> str:
        claims = {
            "aud": _AUDIENCE,
            "task": lease.task_id,
            "round": lease.round,
            "fence": lease.fence,
            "exp": int(expires_at.timestamp()),
        }
        return jwt.encode(claims, self._key, algorithm="HS256")

    def read(self, token: str) -> RunToken | None:
        """None when it is not ours or has expired. Whether its lease still holds is another question: `held`."""
        try:
            claims = jwt.decode(
                token,
                self._key,
                algorithms=["HS256"],
                audience=_AUDIENCE,
                options={"require": ["aud", "exp", "task", "round", "fence"], "verify_exp": False},
            )
        except jwt.PyJWTError:
            return None
        if self._clock.now().timestamp() > claims["exp"]:
            return None
        return RunToken(TaskId(claims["task"]), claims["round"], claims["fence"])


def held(leases: Leases, token: RunToken) -> Lease | None:
    """The lease that the token names, when it is still the task's current one and has not ended."""
    lease = leases.current(token.task_id)
    live = lease is not None and not lease.ended and lease.fence == token.fence and lease.round == token.round
    return lease if live else None
