"""The Messages API on a socket: `POST /v1/messages` (plain and streamed), `/v1/messages/count_tokens`, `/v1/models`.

`GET /_script/requests` lists what was received, for tests. Errors have the API's form and types
(https://docs.claude.com/en/api/errors).
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from minion.scripted import answer as answers
from minion.scripted import events, validate
from minion.scripted.cache import PromptCache
from minion.scripted.director import Cue, Director, NoCue
from minion.scripted.prompt import flatten
from minion.scripted.script import Fault, Script, load_script

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

Json = Mapping[str, Any]

ERROR_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}


class ScriptedApi:
    """The application's state: the script, error counters, the prompt cache, and the requests seen."""

    def __init__(self, script: Script, api_key: str | None = None, now: Callable[[], float] = time.monotonic) -> None:
        self._script = script
        self._key = api_key
        self._director = Director(script)
        self._cache = PromptCache(script.min_cacheable_tokens, now)
        self.requests: list[dict[str, Any]] = []

    def play(self, script: Script) -> None:
        """Another script from now on; what was recorded and cached stays."""
        self._script = script
        self._director = Director(script)

    def application(self) -> Starlette:
        from starlette.applications import Starlette
        from starlette.routing import Route

        return Starlette(
            routes=[
                Route("/v1/messages", self.messages, methods=["POST"]),
                Route("/v1/messages/count_tokens", self.count_tokens, methods=["POST"]),
                Route("/v1/models", self.models),
                Route("/_script/requests", self.seen),
            ]
        )

    async def messages(self, request: Request) -> Response:
        from starlette.responses import JSONResponse, StreamingResponse

        body = await _json(request)
        refused = self._refusal(request, body, needed=("model", "messages", "max_tokens"))
        self._record(request, body, refused)
        if refused is not None:
            return refused
        cue = self._director.cue(body)
        if isinstance(cue, NoCue):
            return _error(400, cue.reason)
        await asyncio.sleep(cue.turn.delay_ms / 1000)
        if cue.fault is not None and not cue.fault.in_stream:
            return _fault(cue.fault)
        answer = self._answer(body, cue)
        if not body.get("stream"):
            return JSONResponse(events.whole(answer), headers={"request-id": answer.id})
        return StreamingResponse(_paced(answer, cue), media_type="text/event-stream", headers={"request-id": answer.id})

    async def count_tokens(self, request: Request) -> Response:
        from starlette.responses import JSONResponse

        body = await _json(request)
        refused = self._refusal(request, {**body, "max_tokens": 1} if isinstance(body, dict) else body, needed=())
        if refused is not None:
            return refused
        return JSONResponse({"input_tokens": sum(block.bytes for block in flatten(body)) // 4})

    async def models(self, request: Request) -> Response:
        from starlette.responses import JSONResponse

        refused = self._unauthorised(request)
        if refused is not None:
            return refused
        data = [
            {"type": "model", "id": name, "display_name": name, "created_at": "2026-01-01T00:00:00Z"}
            | {"max_input_tokens": 1_000_000, "max_tokens": 128_000, "lifecycle": "active"}
            for name in self._script.models
        ]
        first, last = (data[0]["id"], data[-1]["id"]) if data else (None, None)
        return JSONResponse({"data": data, "has_more": False, "first_id": first, "last_id": last})

    async def seen(self, _request: Request) -> Response:
        from starlette.responses import JSONResponse

        return JSONResponse({"requests": self.requests})

    def _unauthorised(self, request: Request) -> Response | None:
        key = _presented_key(request)
        if key is None:
            return _error(401, "x-api-key header is required")
        if self._key is not None and key != self._key:
            return _error(401, "invalid x-api-key")
        version = request.headers.get("anthropic-version")
        if version is None:
            return _error(400, "anthropic-version: header is required")
        if version not in validate.VERSIONS:
            return _error(400, f"anthropic-version: {version!r} is not a valid version")
        return None

    def _refusal(self, request: Request, body: Any, needed: tuple[str, ...]) -> Response | None:
        refused = self._unauthorised(request)
        if refused is not None:
            return refused
        betas = [name.strip() for name in request.headers.get("anthropic-beta", "").split(",")]
        problem = validate.problem_of(body, request.headers["anthropic-version"], betas)
        if problem is None and needed and self._script.bound:
            problem = answers.broken_binding(body)
        return _error(400, problem) if problem else None

    def _record(self, request: Request, body: Any, refused: Response | None) -> None:
        key = _presented_key(request)
        self.requests.append(
            {
                "path": request.url.path,
                "api_key": key is not None,
                "api_key_sha256": hashlib.sha256(key.encode()).hexdigest() if key else None,
                "anthropic_version": request.headers.get("anthropic-version"),
                "anthropic_beta": request.headers.get("anthropic-beta"),
                "refused": bytes(refused.body).decode() if refused is not None else None,
                "body": body,
            }
        )

    def _answer(self, body: Json, cue: Cue) -> answers.Answer:
        flat = flatten(body)
        turn, prefix = cue.turn, flat[-1].prefix
        blocks = answers.blocks_for(turn, prefix)
        usage: dict[str, Any] = dict(self._cache.account(flat).usage())
        usage |= {"output_tokens": answers.output_tokens(blocks), "service_tier": "standard"} | dict(turn.usage)
        reason = turn.reason
        if usage["output_tokens"] > body["max_tokens"]:
            blocks, reason, usage["output_tokens"] = answers.cut(blocks), "max_tokens", body["max_tokens"]
        details = {"type": "refusal", "category": None, "explanation": None} if reason == "refusal" else None
        return answers.Answer(
            id=f"msg_{prefix[:24]}",
            model=body["model"],
            blocks=blocks,
            stop_reason=reason,
            stop_details=turn.stop_details or details,
            usage=usage,
        )


async def _json(request: Request) -> Any:
    try:
        return json.loads(await request.body())
    except ValueError:
        return None


def _presented_key(request: Request) -> str | None:
    bearer = request.headers.get("authorization", "")
    if bearer.lower().startswith("bearer "):
        return bearer[7:].strip()
    return request.headers.get("x-api-key")


def _error_body(status: int, message: str, kind: str | None = None) -> dict[str, Any]:
    error = {"type": kind or ERROR_TYPES.get(status, "api_error"), "message": message}
    return {"type": "error", "error": error, "request_id": "req_script"}


def _error(status: int, message: str, kind: str | None = None) -> Response:
    from starlette.responses import JSONResponse

    return JSONResponse(_error_body(status, message, kind), status_code=status)


def _fault(fault: Fault) -> Response:
    response = _error(fault.status, fault.message or "scripted error", fault.type)
    if fault.retry_after is not None:
        response.headers["retry-after"] = f"{fault.retry_after:g}"
    return response


async def _paced(answer: answers.Answer, cue: Cue) -> AsyncIterator[bytes]:
    """The stream, broken off where the script says so."""
    sent = 0
    for chunk in events.stream(answer):
        if cue.fault is not None and sent:
            fault = cue.fault
            yield events.encode(_error_body(fault.status, fault.message or "scripted error", fault.type))
            return
        if cue.cut_after is not None and sent + len(chunk) > cue.cut_after:
            yield chunk[: cue.cut_after - sent]
            raise ConnectionResetError("the script breaks this stream")
        yield chunk
        sent += len(chunk)


class ScriptedModel:
    """The server in a thread of this process: `with ScriptedModel(script) as model: ... model.url`."""

    def __init__(self, script: Script, *, host: str = "127.0.0.1", port: int = 0, api_key: str | None = None) -> None:
        self._socket = listen(host, port)
        self.url = f"http://{host}:{self._socket.getsockname()[1]}"
        self.api = ScriptedApi(script, api_key)
        self._server = uvicorn_of(self.api.application())
        self._thread = threading.Thread(target=self.serve_here, name="scripted-model", daemon=True)

    @property
    def requests(self) -> list[dict[str, Any]]:
        """Received `/v1/messages` requests, oldest first; `body` is as it came."""
        return self.api.requests

    def play(self, script: Script) -> None:
        """Another script from now on."""
        self.api.play(script)

    def start(self) -> Self:
        self._thread.start()
        return self

    def stop(self) -> None:
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(10)
        self._socket.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def serve_here(self) -> None:
        """Serves in this thread until a signal ends it."""
        self._server.run(sockets=[self._socket])


def listen(host: str, port: int) -> socket.socket:
    """Bound and listening before anybody is told the address, so that no early request is refused."""
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind((host, port))
    bound.listen(128)
    return bound


def uvicorn_of(application: Starlette) -> Any:
    import uvicorn

    config = uvicorn.Config(
        application,
        log_config=None,
        log_level="critical",
        access_log=False,
        lifespan="off",
        timeout_keep_alive=75,
    )
    return uvicorn.Server(config)


def serve(script_path: Path, host: str = "127.0.0.1", port: int = 0, api_key: str | None = None) -> None:
    """Serves until a signal ends it. Raises `ScriptInvalid` before it listens."""
    model = ScriptedModel(load_script(script_path), host=host, port=port, api_key=api_key)
    print(f"scripted model listening on {model.url}", flush=True)  # noqa: T201 -- the line that callers wait for
    model.serve_here()
