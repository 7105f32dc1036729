"""Models behind the Anthropic SDK's clients for other clouds, which sign and address a request in their own ways.

The SDK is imported at the first call or before: it takes a second and 65 MB (`docs/benchmarks.md`).
"""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from minion.adapters.retried_model import Again, Listen, RetriedModel, betas, optional, verdict
from minion.ports.model import ModelRequest

if TYPE_CHECKING:
    from anthropic import APIStatusError


@dataclass(kw_only=True)
class SdkModel(RetriedModel):
    """What `_connect` returns is the SDK's client, with `max_retries=0`."""

    @abstractmethod
    def _troubles(self) -> tuple[type[Exception], ...]:
        """Exceptions of the provider's own libraries that may pass, such as those of a token's renewal."""

    def _events(self, response: Any) -> Iterator[Mapping[str, Any]]:
        """The raw events. The SDK's own types would drop or warn about blocks that they do not know."""
        for line in response.iter_lines():
            if line.startswith("data:"):  # the API writes each event's data as one line
                yield json.loads(line[5:])

    def _read(self, client: Any, request: ModelRequest, listen: Listen, timeout_s: float) -> None:
        from anthropic import APIConnectionError, APIStatusError
        from httpx2 import TransportError

        passing: tuple[type[Exception], ...] = (APIConnectionError, TransportError, ValueError, *self._troubles())
        try:
            for event in self._open(client, request, timeout_s):
                listen(event)
        except APIStatusError as error:
            raise _judged(error) from error
        except passing as error:
            raise Again(f"{type(error).__name__}: {error}", unheard=_unheard(error)) from error

    def _open(self, client: Any, request: ModelRequest, timeout_s: float) -> Iterator[Mapping[str, Any]]:
        create: Any = client.messages.with_streaming_response.create
        opened = create(
            model=request.model,
            max_tokens=request.max_tokens,
            messages=list(request.messages),
            stream=True,
            timeout=timeout_s,
            extra_headers=betas(request),
            extra_body=optional(request),
        )
        with opened as response:
            yield from self._events(response)


def _unheard(error: Exception) -> bool:
    from httpx2 import ConnectError

    return isinstance(error, ConnectError) or isinstance(error.__cause__, ConnectError)


def _judged(error: APIStatusError) -> Exception:
    told = {"type": error.type, "message": error.api_message or error.message}
    return verdict(error.status_code, told, error.response.headers)
