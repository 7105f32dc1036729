"""Recording and replaying a model over HTTP: any client that can be given an address can be recorded and replayed."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from minion.scripted.cassette import Exchange, Redact, Tape, exchange, read_cassette
from minion.scripted.events import encode
from minion.scripted.server import listen, uvicorn_of

if TYPE_CHECKING:
    import httpx2
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

PATHS = ("/v1/messages", "/v1/messages/count_tokens")
_OWN = frozenset({"host", "content-length", "accept-encoding", "connection", "transfer-encoding", "expect"})
_KEPT = ("content-type", "request-id", "retry-after")


def replaying(cassette: Path, redact: Redact, *, loose: bool = False) -> Starlette:
    """Answers what was recorded; anything else is 404 with the first difference. Raises `CassetteInvalid`."""
    from starlette.applications import Starlette
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    tape = Tape(read_cassette(cassette.read_text(encoding="utf-8")), redact, loose=loose)

    async def answer(request: Request) -> Response:
        found = tape.answer(request.url.path, _parsed(await request.body()))
        if isinstance(found, str):
            error = {"type": "not_found_error", "message": f"{cassette.name}: {found}"}
            return JSONResponse({"type": "error", "error": error}, 404)
        return _played(found)

    return Starlette(routes=[Route(path, answer, methods=["POST"]) for path in PATHS])


def recording(cassette: Path, upstream: str, redact: Redact) -> Starlette:
    """Passes requests on and answers back, byte for byte, and writes down each exchange that came to its end."""
    import httpx2
    from starlette.applications import Starlette
    from starlette.routing import Route

    client = httpx2.AsyncClient(base_url=upstream, timeout=httpx2.Timeout(600, connect=10))
    recorder = _Recorder(cassette, client, redact)

    return Starlette(routes=[Route(path, recorder.answer, methods=["POST"]) for path in PATHS])


@dataclass(frozen=True)
class _Recorder:
    cassette: Path
    client: httpx2.AsyncClient
    redact: Redact

    async def answer(self, request: Request) -> Response:
        import httpx2
        from starlette.responses import JSONResponse, StreamingResponse

        body = await request.body()
        headers = {name: value for name, value in request.headers.items() if name not in _OWN}
        sent = self.client.build_request("POST", request.url.path, content=body, headers=headers)
        try:
            answer = await self.client.send(sent, stream=True)
        except httpx2.HTTPError as error:
            told = {"type": "api_error", "message": f"the upstream does not answer: {type(error).__name__}"}
            return JSONResponse({"type": "error", "error": told}, 502)
        kept = {name: answer.headers[name] for name in _KEPT if name in answer.headers}
        return StreamingResponse(self._relayed(request.url.path, body, answer, kept), answer.status_code, headers=kept)

    async def _relayed(
        self, path: str, body: bytes, answer: httpx2.Response, kept: dict[str, str]
    ) -> AsyncIterator[bytes]:
        pieces: list[bytes] = []
        try:
            async for piece in answer.aiter_bytes():
                pieces.append(piece)
                yield piece
        finally:
            await answer.aclose()
        text = b"".join(pieces).decode("utf-8", "replace")
        self._write(exchange(path, _parsed(body), (answer.status_code, kept, text), self.redact))

    def _write(self, made: Exchange) -> None:
        with os.fdopen(os.open(self.cassette, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "w") as file:
            file.write(made.line())


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body.decode("utf-8", "replace")


def _played(found: Exchange) -> Response:
    from starlette.responses import JSONResponse, Response

    if found.events is None:
        answer = JSONResponse(found.answer, found.status)
        answer.headers.update(found.headers)
        return answer
    data = b"".join(encode(event) for event in found.events)
    return Response(data, found.status, headers=dict(found.headers))


def serve_application(application: Starlette, what: str, host: str, port: int) -> None:
    """Until a signal ends it."""
    with listen(host, port) as bound:
        print(f"{what} listening on http://{host}:{bound.getsockname()[1]}", flush=True)  # noqa: T201 -- waited for
        uvicorn_of(application).run(sockets=[bound])
