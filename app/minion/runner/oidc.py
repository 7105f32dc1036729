"""The job's identity: an OIDC token for the App (https://docs.github.com/en/actions/reference/security/oidc)."""

from __future__ import annotations

import httpx2
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from minion.domain.errors import Outage
from minion.domain.secret import Secret


class _ServiceError(Exception):
    """The token service answered with an error of its own."""


def request_token(url: str, bearer: Secret, audience: str) -> Secret:
    """A token whose `aud` is `audience`; it lives for five minutes. Raises `Outage`."""
    address = httpx2.URL(url).copy_merge_params({"audience": audience})
    retrying = Retrying(
        retry=retry_if_exception_type((httpx2.TransportError, _ServiceError)),
        stop=stop_after_attempt(5),
        wait=wait_random_exponential(multiplier=0.5, max=8),
        reraise=True,
    )
    try:
        return retrying(_ask, address, bearer)
    except (httpx2.TransportError, _ServiceError) as error:
        raise Outage(f"The job's OIDC token service did not answer: {error}") from error


def _ask(address: httpx2.URL, bearer: Secret) -> Secret:
    headers = {"Authorization": f"bearer {bearer.reveal()}", "Accept": "application/json; api-version=2.0"}
    response = httpx2.get(address, headers=headers, timeout=20)
    if response.status_code >= 500 or response.status_code == 429:
        raise _ServiceError(f"HTTP {response.status_code}")
    if response.status_code != 200:
        raise Outage(
            f"The job's OIDC token service refused with HTTP {response.status_code}. "
            "The workflow needs `permissions: id-token: write`."
        )
    return Secret(str(response.json()["value"]))
