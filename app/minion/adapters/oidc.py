"""Verifies the OIDC tokens of Actions jobs against the issuer's published keys."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import jwt

from minion.domain.errors import Outage
from minion.ports.clock import Clock
from minion.ports.oidc import NotProven, RunIdentity

_LEEWAY: Final = timedelta(seconds=60)
_REQUIRED: Final = (
    "iss", "aud", "exp", "nbf", "iat", "jti", "repository_id", "repository_owner_id", "event_name",
    "job_workflow_ref", "run_id", "run_attempt",
)  # fmt: skip


class ActionsOidcVerifier:
    """`audience` is the App's public URL. The algorithm is pinned to RS256; keys are cached for five minutes."""

    def __init__(self, issuer: str, audience: str, clock: Clock, *, timeout_s: float = 10.0) -> None:
        self._issuer = issuer
        self._audience = audience
        self._clock = clock
        self._keys = jwt.PyJWKClient(f"{issuer}/.well-known/jwks", timeout=timeout_s, lifespan=300)

    def verify(self, token: str) -> RunIdentity | NotProven:
        try:
            key = self._keys.get_signing_key_from_jwt(token)
            claims = jwt.decode(
                token,
                key.key,
                algorithms=["RS256"],
                issuer=self._issuer,
                audience=self._audience,
                options={"require": list(_REQUIRED), "verify_exp": False, "verify_nbf": False, "verify_iat": False},
            )
        except jwt.PyJWKClientConnectionError as error:
            raise Outage(f"the OIDC issuer {self._issuer} does not answer") from error
        except (jwt.PyJWTError, ValueError) as error:
            return NotProven(f"the OIDC token is not accepted: {error}")
        return self._timely(claims) or _identity(claims)

    def _timely(self, claims: Mapping[str, Any]) -> NotProven | None:
        """Against our own clock, so that virtual time works in tests too."""
        now = self._clock.now()
        try:
            times = {name: datetime.fromtimestamp(int(claims[name]), tz=now.tzinfo) for name in ("exp", "nbf", "iat")}
        except (TypeError, ValueError, OverflowError):
            return NotProven("the OIDC token's times cannot be read")
        if now > times["exp"] + _LEEWAY:
            return NotProven("the OIDC token has expired")
        if now < max(times["nbf"], times["iat"]) - _LEEWAY:
            return NotProven("the OIDC token is not valid yet: compare the clocks")
        return None


def _identity(claims: Mapping[str, Any]) -> RunIdentity | NotProven:
    try:
        return RunIdentity(
            jti=str(claims["jti"]),
            repository_id=int(claims["repository_id"]),
            repository_owner_id=int(claims["repository_owner_id"]),
            event_name=str(claims["event_name"]),
            job_workflow_ref=str(claims["job_workflow_ref"]),
            run_id=int(claims["run_id"]),
            run_attempt=int(claims["run_attempt"]),
        )
    except (TypeError, ValueError):
        return NotProven("the OIDC token's ids are not numbers")
