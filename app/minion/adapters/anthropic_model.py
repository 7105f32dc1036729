"""Models of the Anthropic API, or of anything that speaks it: a gateway, the App.

A request is one POST, and its answer a stream of events (https://docs.claude.com/en/api/messages-streaming). The SDK
would send the same request, which a test compares; but to import it takes a second and 65 MB at the start of each task.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from minion.adapters.retried_model import Again, Listen, RetriedModel, betas, optional, verdict
from minion.domain.secret import Secret
from minion.ports.model import API_VERSION, ModelRequest

if TYPE_CHECKING:
    import httpx2

CONNECT_S: Final = 10.0


@dataclass(frozen=True)
class Credential:
    """How to show who asks: `x-api-key`, or `Authorization: Bearer` for run tokens."""

    secret: Secret
    bearer: bool = False

    def header(self) -> dict[str, str]:
        shown = self.secret.reveal()
        return {"authorization": f"Bearer {shown}"} if self.bearer else {"x-api-key": shown}


@dataclass
class AnthropicModel(RetriedModel):
    base_url: str
    credential: Credential

    def _connect(self) -> httpx2.Client:
        import httpx2

        # Plain HTTP shows no certificate, and to read the machine's own takes 40 ms.
        secure = self.base_url.lower().startswith("https:")
        headers = {"anthropic-version": API_VERSION, "user-agent": "minion", **self.credential.header()}
        return httpx2.Client(headers=headers, verify=secure)

    def _read(self, client: httpx2.Client, request: ModelRequest, listen: Listen, timeout_s: float) -> None:
        import httpx2

        url = f"{self.base_url.rstrip('/')}/v1/messages"
        timeout = httpx2.Timeout(timeout_s, connect=min(CONNECT_S, timeout_s))
        try:
            with client.stream("POST", url, json=_body(request), headers=betas(request), timeout=timeout) as answer:
                if answer.status_code != 200:
                    raise _refused(answer)
                for line in answer.iter_lines():
                    if line.startswith("data:"):  # the API writes each event's data as one line
                        listen(json.loads(line[5:]))
        except (httpx2.RequestError, ValueError) as error:
            unheard = isinstance(error, (httpx2.ConnectError, httpx2.ConnectTimeout))
            raise Again(f"{type(error).__name__}: {error}", unheard=unheard) from error


def _body(request: ModelRequest) -> dict[str, Any]:
    asked = {"model": request.model, "max_tokens": request.max_tokens, "messages": list(request.messages)}
    return {**asked, "stream": True, **optional(request)}


def _refused(answer: httpx2.Response) -> Exception:
    """What a proxy answers need not have the API's form."""
    text = answer.read().decode(errors="replace")
    try:
        told = json.loads(text)["error"]
    except (ValueError, KeyError, TypeError):
        told = None
    error = told if isinstance(told, dict) else {"message": " ".join(text.split())[:500]}
    return verdict(answer.status_code, error, answer.headers)
