"""From an HTTP request to an Answer: route, credential, access, parameters, body, handler. Strict at every step."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from minion.hub.actors import Actor, AppItself, Nobody
from minion.hub.auth import authorise, identify
from minion.hub.core import Request
from minion.hub.errors import Refusal, unknown, unprocessable
from minion.hub.knobs import Fault
from minion.hub.rest.route import Answer, Call, Field, OnRepository, Route, find

if TYPE_CHECKING:
    from minion.hub.core import Core

VERSIONS = ("2022-11-28", "2026-03-10")
HOURLY = 5000


@dataclass(frozen=True)
class Incoming:
    """One HTTP request below /api/v3, undecoded. Header names are in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass
class Meter:
    """Requests left to each credential in this hour; shown in the headers of every answer."""

    used: dict[str, int] = field(default_factory=dict)

    def headers(self, credential: str) -> dict[str, str]:
        """https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api"""
        used = self.used[credential] = self.used.get(credential, 0) + 1
        hour = int(time.time()) // 3600
        return {
            "x-ratelimit-limit": str(HOURLY),
            "x-ratelimit-remaining": str(max(0, HOURLY - used % HOURLY)),
            "x-ratelimit-used": str(used % HOURLY),
            "x-ratelimit-reset": str((hour + 1) * 3600),
            "x-ratelimit-resource": "core",
        }


class Dispatcher:
    """The REST API over one registry."""

    def __init__(self, core: Core, routes: Sequence[Route]) -> None:
        self._core = core
        self._routes = routes
        self._meter = Meter()

    def answer(self, request: Incoming, fault: Fault | None = None) -> Answer:
        """Never raises a Refusal: it becomes the answer. A fault answers before or after the effect."""
        with self._core.lock:
            common = self._meter.headers(request.headers.get("authorization", ""))
        actor: Actor = Nobody()
        try:
            if fault is not None and fault.status and not fault.after:
                raise fault.refusal()
            actor = self._identify(request)
            result = self._handle(request, actor)
            if fault is not None and fault.status:
                raise fault.refusal()
        except Refusal as refusal:
            result = Answer(refusal.status, refusal.body(), refusal.headers)
        self._note(request, actor, result.status)
        if _version(request) == VERSIONS[1]:
            result = replace(result, body=without_removed(result.body))
        return replace(
            result, headers=common | {"X-GitHub-Api-Version-Selected": _version(request)} | dict(result.headers)
        )

    def _note(self, request: Incoming, actor: Actor, status: int) -> None:
        who = f"app {actor.app.slug}" if isinstance(actor, AppItself) else getattr(actor.account, "login", "")
        with self._core.lock:
            self._core.requests.append(Request(request.method, request.path, who, status))
            if status == 501:
                query = f"?{request.query}" if request.query else ""
                self._core.unknown_requests.append(f"{request.method} {request.path}{query}")

    def _identify(self, request: Incoming) -> Actor:
        if not request.headers.get("user-agent"):
            raise Refusal(
                403, "Request forbidden by administrative rules. Please make sure your request has a User-Agent header"
            )
        if _version(request) not in VERSIONS:
            raise Refusal(400, f"{_version(request)} is not a supported version of the GitHub API")
        with self._core.lock:
            return identify(self._core, request.headers.get("authorization"))

    def _handle(self, request: Incoming, actor: Actor) -> Answer:
        method = "GET" if request.method == "HEAD" else request.method
        found = find(self._routes, method, request.path)
        if found is None:
            raise unknown("route", f"{request.method} {request.path}")
        route, params = found
        with self._core.lock:
            repository = authorise(self._core, actor, route.access, params, method)
        query = read_query(route, request.query)
        body = read_body(route, request.body)
        call = Call(self._core, actor, route, params, query, body, request.headers, repository)
        with self._core.lock if route.locked else contextlib.nullcontext():
            result = route.handler(call)
        accepted = (
            {"X-Accepted-GitHub-Permissions": route.access.accepted} if isinstance(route.access, OnRepository) else {}
        )
        return replace(result, headers=accepted | dict(result.headers))


def _version(request: Incoming) -> str:
    return request.headers.get("x-github-api-version", VERSIONS[0])


def without_removed(value: Any) -> Any:
    """The answer without the fields that version 2026-03-10 took away: `assignee` beside `assignees`, a pull request's
    `merge_commit_sha`, a repository's `has_downloads`.
    https://docs.github.com/en/rest/about-the-rest-api/breaking-changes?apiVersion=2026-03-10"""
    if isinstance(value, list):
        return [without_removed(one) for one in value]
    if not isinstance(value, dict):
        return value
    gone = {"has_downloads"} | ({"assignee"} if "assignees" in value else set())
    gone |= {"merge_commit_sha"} if "head" in value and "base" in value else set()
    return {key: without_removed(one) for key, one in value.items() if key not in gone}


def read_query(route: Route, raw: str) -> dict[str, str]:
    """The query as a dict; 501 for a parameter that the route does not list, 422 for a page that is no number."""
    query = dict(parse_qsl(raw, keep_blank_values=True))
    for name in query:
        if name not in route.query:
            raise unknown("query parameter", f"{name} of {route.method} {route.path}")
    if any(not query[name].isdigit() for name in ("page", "per_page") if name in query):
        raise unprocessable("page and per_page must be numbers")
    return query


def read_body(route: Route, raw: bytes) -> dict[str, Any]:
    """The JSON object, checked against the route's fields. https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api#validation-failed"""
    try:
        value: Any = json.loads(raw) if raw.strip() else {}
    except ValueError as error:
        raise Refusal(400, "Problems parsing JSON") from error
    if not isinstance(value, dict):
        if route.any_body:
            return {"_": value}
        raise Refusal(400, "Body should be a JSON object")
    known = {one.name: one for one in route.body}
    for name in value:
        if name not in known:
            raise unknown("body field", f"{name} of {route.method} {route.path}")
    problems = [_problem(one, value) for one in route.body]
    told = [problem for problem in problems if problem]
    if told:
        raise unprocessable("Invalid request.\n\n" + "\n".join(told))
    return value


def _problem(wanted: Field, value: Mapping[str, Any]) -> str:
    if wanted.name not in value:
        return f'"{wanted.name}" wasn\'t supplied.' if wanted.required else ""
    if wanted.accepts(value[wanted.name]):
        return ""
    return f"For 'properties/{wanted.name}', {json.dumps(value[wanted.name])[:80]} is not of type {wanted.kind}."
