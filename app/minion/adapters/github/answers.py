"""What a GitHub answer, or its absence, means to us; and how often we ask."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

from githubkit.exception import (
    GitHubException,
    GraphQLFailed,
    RateLimitExceeded,
    RequestError,
    RequestFailed,
)
from githubkit.response import Response
from tenacity import RetryError, Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from minion.adapters.github.breaker import Breaker
from minion.adapters.github.client import ClientOptions
from minion.domain.errors import AccessLost, MinionError, Outage
from minion.ports.clock import Clock

T = TypeVar("T")

ABSENT: Final = frozenset({404, 410, 451})
_LEAST_WAIT: Final = timedelta(seconds=60)
_STUMBLED: Final = "something went wrong while executing your query"
"""GraphQL's 500, with status 200 and words that ask for another try."""
_PAGE: Final = 100
_MOST_PAGES: Final = 30


class Refusal(Exception):  # noqa: N818 -- it names what happened
    """A 4xx answer. Stays inside the adapter: each method says what it means there."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status
        self.message = message


class Unavailable(Exception):  # noqa: N818
    """No answer, or a 5xx: whether a write took effect is unknown."""


class Asker:
    """Carries out calls: reads freely again, writes only where asking twice does no harm."""

    def __init__(self, options: ClientOptions, clock: Clock) -> None:
        self._options = options
        self._clock = clock
        self._breaker = Breaker(clock)

    def read(self, call: Callable[[], Response[Any]], absent: Collection[int] = ABSENT) -> Any | None:
        """The JSON of a read, or None when GitHub says that there is no such thing."""
        try:
            return self.again(call).json()
        except Refusal as refusal:
            if refusal.status in absent:
                return None
            raise as_error(refusal) from refusal

    def pages(
        self, call: Callable[[int], Response[Any]], key: str | None = None, absent: Collection[int] = ABSENT
    ) -> list[Mapping[str, Any]]:
        """All items of a paged list (under `key` where the list is wrapped); none when the thing is absent."""
        found: list[Mapping[str, Any]] = []
        for page in range(1, _MOST_PAGES + 1):
            answer = self.read(_bind(call, page), absent)
            items = (answer or {}).get(key, []) if key else (answer or [])
            found.extend(items)
            if len(items) < _PAGE:
                break
        return found

    def again(self, call: Callable[[], Response[Any]]) -> Response[Any]:
        """For calls that do no harm when they are made twice."""
        return self.once(lambda: None, lambda: self.one(call))

    def once(self, look: Callable[[], T | None], do: Callable[[], T]) -> T:
        """Looks for the effect before each try, so that a lost answer never makes it twice."""
        self._breaker.check()
        try:
            for attempt in self._retrying():
                with attempt:
                    found = look()
                    return found if found is not None else do()
        except RetryError as error:
            self._breaker.failed()
            cause = error.last_attempt.exception()
            raise Outage(f"GitHub does not answer: {cause}", self._later(timedelta(seconds=30))) from cause
        raise AssertionError("tenacity returns or raises")

    def one(self, call: Callable[[], T]) -> T:
        """One try. Raises `Refusal`, `Unavailable`, `Outage` (rate limits) or `AccessLost`."""
        try:
            answer = call()
        except GitHubException as error:
            meaning = self._meaning(error)
            if isinstance(meaning, Refusal):
                self._breaker.worked()
            raise meaning from error
        self._breaker.worked()
        return answer

    def _retrying(self) -> Retrying:
        return Retrying(
            retry=retry_if_exception_type(Unavailable),
            stop=stop_after_attempt(self._options.attempts),
            wait=wait_exponential_jitter(multiplier=self._options.pause_s, max=8, jitter=self._options.pause_s),
        )

    def _meaning(self, error: GitHubException) -> Exception:
        match error:
            case RateLimitExceeded():
                return Outage("GitHub's rate limit is used up", self._limit_ends(error))
            case RequestFailed():
                return self._failed(error)
            case RequestError() if isinstance(error.exc, MinionError | Refusal | Unavailable):
                return error.exc  # raised while a token was minted inside the request
            case GraphQLFailed():
                messages = "; ".join(item.message for item in error.response.errors or [])
                return Unavailable(messages) if _STUMBLED in messages.lower() else Refusal(422, messages)
            case _:
                return Unavailable(repr(error))

    def _failed(self, error: RequestFailed) -> Exception:
        status, message = error.response.status_code, message_of(error.response)
        if status == 429 or (status == 403 and "secondary rate limit" in message.lower()):
            return Outage("GitHub asks to slow down", self._later(_LEAST_WAIT))
        if status >= 500 and status != 501:
            return Unavailable(f"{status} from {error.request.method} {error.request.url.path}")
        if status == 401:
            return AccessLost(f"GitHub refuses our credentials: {message}")
        return Refusal(status, message)

    def _limit_ends(self, error: RateLimitExceeded) -> datetime:
        """Primary limits end at the reset that GitHub names; secondary ones after `retry-after`, at least a minute.

        https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit
        """
        headers = error.response.headers
        reset = headers.get("x-ratelimit-reset", "")
        if "retry-after" not in headers and headers.get("x-ratelimit-remaining") == "0" and reset.isdigit():
            return datetime.fromtimestamp(int(reset), tz=UTC) + timedelta(seconds=1)
        return self._later(max(error.retry_after, _LEAST_WAIT))

    def _later(self, wait: timedelta) -> datetime:
        return self._clock.now() + wait * random.uniform(1.0, 1.2)  # noqa: S311 -- jitter, not a secret


def _bind(call: Callable[[int], Response[Any]], page: int) -> Callable[[], Response[Any]]:
    return lambda: call(page)


def message_of(response: Response[Any]) -> str:
    """GitHub's own words: `message` and the `errors` below it."""
    try:
        body = response.json()
    except ValueError:
        return response.text[:200]
    if not isinstance(body, dict):
        return str(body)[:200]
    details = [_detail(item) for item in body.get("errors") or [] if item]
    return " ".join([str(body.get("message", "")), *details])[:500]


def _detail(item: Any) -> str:
    if isinstance(item, dict):
        return str(item.get("message") or f"{item.get('field', '')} {item.get('code', '')}".strip())
    return str(item)


def as_error(refusal: Refusal) -> MinionError:
    """A refusal that nobody expected: a lost permission (403), a thing that is gone, or a bug of ours."""
    return AccessLost(f"GitHub refuses: {refusal.message} ({refusal.status})")
