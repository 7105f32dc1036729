"""The model gateway: a runner's model calls, with the operator's key, within the task's budget.

The runner never sees the key. Money is reserved at the call's worst case before it is forwarded, and settled at what
the answer's usage says; when the client hangs up early, at what had been answered by then.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import anyio
import httpx2
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from minion.domain.errors import Outage
from minion.domain.receipt import Tokens
from minion.domain.task import Task
from minion.orchestrator.run_tokens import RunToken, held
from minion.ports.model import API_VERSION
from minion.ports.store import Reserved
from minion.web.bodies import read_body
from minion.web.metering import StreamMeter, body_tokens
from minion.web.model_request import ModelCall, Unacceptable, allowed_betas, read_call
from minion.web.services import Services

LIMIT: Final = 32 * 1024 * 1024
_ANSWER_HEADERS: Final = frozenset({"content-type", "request-id", "retry-after"})
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Admitted:
    task: Task
    call: ModelCall
    reservation: int
    worst: Decimal


@dataclass(frozen=True)
class _Forward:
    path: str
    body: bytes
    headers: Mapping[str, str]


class Gateway:
    def __init__(self, services: Services, client: httpx2.AsyncClient) -> None:
        self._services = services
        self._client = client

    async def messages(self, request: Request) -> Response:
        prepared = await self._prepare(request, "/v1/messages")
        if isinstance(prepared, Response):
            return prepared
        task, forward = prepared
        call = read_call(forward.body)
        if isinstance(call, Unacceptable):
            return _refusal(call)
        try:
            admitted = await run_in_threadpool(self._admit, task, call)
        except Outage as error:
            return _error(503, "api_error", str(error))
        return admitted if isinstance(admitted, Response) else await self._send(admitted, forward)

    async def count_tokens(self, request: Request) -> Response:
        prepared = await self._prepare(request, "/v1/messages/count_tokens")
        if isinstance(prepared, Response):
            return prepared
        _, forward = prepared
        call = read_call(forward.body, counting=True)
        if isinstance(call, Unacceptable):
            return _refusal(call)
        if call.model not in self._services.upstream.models:
            return _unknown_model(call.model)
        try:
            answer = await self._client.send(self._build(forward))
        except httpx2.HTTPError as error:
            return _error(502, "api_error", f"the model endpoint does not answer: {type(error).__name__}")
        return Response(answer.content, answer.status_code, _passed_on(answer))

    async def _prepare(self, request: Request, path: str) -> tuple[Task, _Forward] | Response:
        token = self._services.run_tokens.read(_credential(request))
        try:
            task = None if token is None else await run_in_threadpool(self._task_of, token)
        except Outage as error:
            return _error(503, "api_error", str(error))
        if task is None:
            return _error(401, "authentication_error", "the run token is not accepted: the round may be over")
        betas = allowed_betas(request.headers.get("anthropic-beta", ""))
        if isinstance(betas, Unacceptable):
            return _refusal(betas)
        body = await read_body(request, LIMIT)
        if body is None:
            return _error(413, "request_too_large", f"a request has at most {LIMIT} bytes")
        return task, _Forward(path, body, self._headers(request, betas))

    def _task_of(self, token: RunToken) -> Task | None:
        lease = held(self._services.leases, token)
        task = None if lease is None else self._services.tasks.get(token.task_id)
        return None if task is None or task.status.ended else task

    def _headers(self, request: Request, betas: str) -> dict[str, str]:
        """An allow-list: what the client sent as credentials, cookies or hop-by-hop headers stays here."""
        headers = {"content-type": "application/json", "accept-encoding": "identity"}
        headers["anthropic-version"] = request.headers.get("anthropic-version", API_VERSION)
        if betas:
            headers["anthropic-beta"] = betas
        return headers | {name: secret.reveal() for name, secret in self._services.upstream.headers.items()}

    def _admit(self, task: Task, call: ModelCall) -> _Admitted | Response:
        now = self._services.clock.now()
        price = self._services.prices.price(call.model, now.date())
        if price is None or call.model not in self._services.upstream.models:
            return _unknown_model(call.model)
        rates = price.rates_for(call.prompt_tokens)
        prompt = (
            Tokens(cache_write_1h=call.prompt_tokens) if call.long_cache else Tokens(cache_write_5m=call.prompt_tokens)
        )
        worst = rates.cost(prompt + Tokens(output=call.max_tokens))
        answer = self._services.spend.reserve(task.id, call.model, worst, self._services.budget(task), now)
        if isinstance(answer, Reserved):
            return _Admitted(task, call, answer.id, worst)
        message = f"the task has ${answer.usd_left:.4f} left; this call may cost ${worst:.4f}"
        return _error(402, "budget_exhausted", message)

    def _build(self, forward: _Forward) -> httpx2.Request:
        address = self._services.upstream.base_url.rstrip("/") + forward.path
        return self._client.build_request("POST", address, content=forward.body, headers=forward.headers)

    async def _send(self, admitted: _Admitted, forward: _Forward) -> Response:
        try:
            answer = await self._client.send(self._build(forward), stream=True)
        except httpx2.HTTPError as error:
            await self._settle(admitted, Tokens(), "error")
            return _error(502, "api_error", f"the model endpoint does not answer: {type(error).__name__}")
        if answer.status_code == 200 and admitted.call.stream:
            return _Relay(
                answer, lambda meter: self._settle(admitted, meter.tokens, "200" if meter.complete else "cut")
            )
        return await self._whole(admitted, answer)

    async def _whole(self, admitted: _Admitted, answer: httpx2.Response) -> Response:
        try:
            body = await answer.aread()
        except httpx2.HTTPError as error:
            await self._settle(admitted, None, "error")
            return _error(502, "api_error", f"the model endpoint broke off: {type(error).__name__}")
        finally:
            await answer.aclose()
        tokens = body_tokens(body) if answer.status_code == 200 else Tokens()
        await self._settle(admitted, tokens, str(answer.status_code))
        return Response(body, answer.status_code, _passed_on(answer))

    async def _settle(self, admitted: _Admitted, tokens: Tokens | None, status: str) -> None:
        """`tokens` None: unknown, so the reservation stays as it is."""
        model = admitted.call.model
        self._services.metrics.model_calls.labels(model, status).inc()
        if tokens is None:
            return
        usd = self._services.prices.cost(model, tokens, self._services.clock.now().date()) or Decimal(0)
        self._services.metrics.model_usd.labels(model).inc(float(usd))
        try:
            await run_in_threadpool(self._services.spend.settle, admitted.reservation, tokens, usd)
        except Outage as error:  # the reservation stays: budgets fail closed
            _log.warning("task %s: a model call could not be settled: %s", admitted.task.id, error)


class _Relay(StreamingResponse):
    """Passes the stream on, byte for byte. `settle` is awaited once at the end, also when the client hung up."""

    def __init__(self, answer: httpx2.Response, settle: Callable[[StreamMeter], Awaitable[None]]) -> None:
        self._answer = answer
        self._settle = settle
        self._meter = StreamMeter()
        super().__init__(self._pass(), 200, _passed_on(answer))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            with anyio.CancelScope(shield=True):
                await self._answer.aclose()
                await self._settle(self._meter)

    async def _pass(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._answer.aiter_raw():
                self._meter.feed(chunk)
                yield chunk
        except httpx2.HTTPError as error:
            _log.warning("the model's stream broke: %s", type(error).__name__)


def _credential(request: Request) -> str:
    key = request.headers.get("x-api-key", "")
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    return key or (bearer.strip() if scheme.lower() == "bearer" else "")


def _passed_on(answer: httpx2.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name.lower() in _ANSWER_HEADERS}


def _unknown_model(model: str) -> Response:
    return _error(403, "permission_error", f"the operator allows no model {model[:100]!r}, or has no price for it")


def _refusal(problem: Unacceptable) -> Response:
    kind = "invalid_request_error" if problem.status == 400 else "permission_error"
    return _error(problem.status, kind, problem.message)


def _error(status: int, kind: str, message: str) -> Response:
    """The Messages API's own shape (https://platform.claude.com/docs/en/api/errors)."""
    return JSONResponse({"type": "error", "error": {"type": kind, "message": message}}, status)
