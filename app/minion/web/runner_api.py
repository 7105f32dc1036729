"""What runners call under /api/v1. Bodies are validated strictly; refusals are values with words for the log."""

from __future__ import annotations

from typing import Final, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from minion.domain.errors import AccessLost, Outage
from minion.domain.protocol import ClaimRefused, ClaimRequest, EventBatch, RoundResult
from minion.orchestrator.claims import NOT_OFFERED
from minion.orchestrator.run_tokens import RunToken
from minion.ports.oidc import NotProven
from minion.web.bodies import read_body
from minion.web.services import Services

CLAIM_LIMIT: Final = 64 * 1024
EVENTS_LIMIT: Final = 4 * 1024 * 1024
RESULT_LIMIT: Final = 20 * 1024 * 1024
_Body = TypeVar("_Body", bound=BaseModel)


class RunnerApi:
    def __init__(self, services: Services) -> None:
        self._services = services

    async def claim(self, request: Request) -> Response:
        body = await _read(request, ClaimRequest, CLAIM_LIMIT)
        if isinstance(body, Response):
            return body
        try:
            answer = await run_in_threadpool(self._claim, body)
        except (Outage, AccessLost) as error:
            return _unavailable(error)
        granted = not isinstance(answer, ClaimRefused)
        self._services.metrics.claims.labels("granted" if granted else "refused").inc()
        return _json(answer, 200 if granted else 409)

    def _claim(self, body: ClaimRequest) -> BaseModel:
        if not self._services.claims.offered(body.nonce):
            return ClaimRefused(reason=NOT_OFFERED)
        identity = self._services.oidc.verify(body.oidc_token)
        if isinstance(identity, NotProven):
            return ClaimRefused(reason=identity.reason)
        return self._services.claims.claim(identity, body.nonce)

    async def events(self, request: Request) -> Response:
        token = self._bearer(request)
        if token is None:
            return _refused(401, "the run token is not accepted")
        batch = await _read(request, EventBatch, EVENTS_LIMIT)
        if isinstance(batch, Response):
            return batch
        if batch.fence != token.fence:
            return _refused(409, "the fence is not the token's")
        try:
            return _json(await run_in_threadpool(self._services.results.events, token, batch), 200)
        except Outage as error:
            return _unavailable(error)

    async def result(self, request: Request) -> Response:
        token = self._bearer(request)
        if token is None:
            return _refused(401, "the run token is not accepted")
        result = await _read(request, RoundResult, RESULT_LIMIT)
        if isinstance(result, Response):
            return result
        if result.fence != token.fence:
            return _refused(409, "the fence is not the token's")
        try:
            answer = await run_in_threadpool(self._services.results.finish, token, result)
        except Outage as error:
            return _unavailable(error)
        return _json(answer, 200 if answer.accepted else 409)

    def _bearer(self, request: Request) -> RunToken | None:
        """The token must be for the task in the path."""
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        token = self._services.run_tokens.read(value.strip()) if scheme.lower() == "bearer" else None
        return token if token is not None and token.task_id == request.path_params["task_id"] else None


async def _read(request: Request, kind: type[_Body], limit: int) -> _Body | Response:
    raw = await read_body(request, limit)
    if raw is None:
        return _refused(413, f"the body has at most {limit} bytes")
    try:
        return kind.model_validate_json(raw)
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False, include_context=False)[:5]
        places = "; ".join(f"{'.'.join(map(str, detail['loc']))}: {detail['msg']}" for detail in details)
        return _refused(422, f"the body is not what this version expects: {places}")


def _json(body: BaseModel, status: int) -> Response:
    return Response(body.model_dump_json(), status, media_type="application/json")


def _refused(status: int, reason: str) -> Response:
    return JSONResponse({"reason": reason}, status)


def _unavailable(error: Exception) -> Response:
    return JSONResponse({"reason": str(error)}, 503, headers={"Retry-After": "5"})
