"""Pages for people: follow a task along. No script is needed; an unguessable address is the permission to read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from minion.blueprint.state import Unfit
from minion.domain.errors import Outage
from minion.domain.ids import Capability
from minion.domain.task import Task, TaskStatus
from minion.domain.trace import TraceEvent
from minion.orchestrator.recordings import recording_of
from minion.web.services import Services

_HERE: Final = Path(__file__).parent
_LINES: Final = 400
_TEXT: Final = 600
_TONE: Final = {
    TaskStatus.SUCCEEDED: "good",
    TaskStatus.HANDED_OFF: "person",
    TaskStatus.AWAITING_APPROVAL: "person",
    TaskStatus.AWAITING_REPLY: "person",
    TaskStatus.FAILED: "bad",
    TaskStatus.CANCELLED: "quiet",
    TaskStatus.DECLINED: "quiet",
}
_HIDDEN: Final = frozenset({"agent.usage"})


@dataclass(frozen=True)
class _Line:
    round: int
    time: str
    kind: str
    node: str
    text: str


class Pages:
    def __init__(self, services: Services) -> None:
        self._services = services
        loader = FileSystemLoader(_HERE / "templates")
        self._templates = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
        self._style = (_HERE / "static" / "minion.css").read_bytes()

    async def task(self, request: Request) -> Response:
        """As JSON where that is all the caller accepts, else as a page."""
        answer = self._json if request.headers.get("accept") == "application/json" else self._task
        try:
            found = await run_in_threadpool(answer, Capability(request.path_params["capability"]))
        except Outage:
            return HTMLResponse(self._templates.get_template("gone.html").render(what="The database is resting"), 503)
        return found or HTMLResponse(self._templates.get_template("gone.html").render(what="No such task"), 404)

    def _json(self, capability: Capability) -> Response | None:
        task = self._services.tasks.by_capability(capability)
        if task is None:
            return None
        shown = {"id", "status", "reason", "round", "receipt", "pull_number", "branch", "notes", "gates"}
        pushes = [push.model_dump(mode="json") for push in self._services.ledger.pushes(task.id)]
        return JSONResponse(task.model_dump(mode="json", include=shown) | {"pushes": pushes})

    def _task(self, capability: Capability) -> Response | None:
        task = self._services.tasks.by_capability(capability)
        if task is None:
            return None
        pushes = self._services.ledger.pushes(task.id)
        trace = self._services.trace.tail(task.id, _LINES)
        page = self._templates.get_template("task.html").render(
            task=task,
            tone=_TONE.get(task.status, "busy"),
            receipt=task.receipt,
            spent=self._services.spend.spent(task.id),
            limit=self._services.budget(task),
            pushes=pushes,
            home=f"{self._services.server_url}/{task.owner}/{task.name}",
            lines=[_line(round_, event) for _, round_, event in trace if event.kind not in _HIDDEN],
            diff=self._services.waiting_diff(task) if task.status is TaskStatus.AWAITING_APPROVAL else None,
            age=_age(task, self._services.clock.now()),
        )
        return HTMLResponse(page)

    async def recording(self, request: Request) -> Response:
        """What `minion blueprint test --replay` reads: JSON Lines, without secrets."""
        try:
            found = await run_in_threadpool(self._recording, Capability(request.path_params["capability"]))
        except Outage:
            return Response("The database is resting\n", 503, media_type="text/plain")
        return found or Response("No such task\n", 404, media_type="text/plain")

    def _recording(self, capability: Capability) -> Response | None:
        task = self._services.tasks.by_capability(capability)
        if task is None:
            return None
        made = recording_of(task, self._services.clock.now())
        if isinstance(made, Unfit):
            return Response(f"{made.reason}\n", 409, media_type="text/plain")
        name = f'attachment; filename="{task.id}.jsonl"'
        return Response(str(made), media_type="application/jsonl", headers={"Content-Disposition": name})

    async def style(self, _: Request) -> Response:
        return Response(self._style, media_type="text/css", headers={"Cache-Control": "max-age=3600"})

    async def home(self, _: Request) -> Response:
        return HTMLResponse(self._templates.get_template("home.html").render())

    async def healthz(self, _: Request) -> Response:
        """The process answers."""
        return JSONResponse({"status": "ok"})

    async def readyz(self, _: Request) -> Response:
        """The database answers and has this version's schema."""
        ready = await run_in_threadpool(self._services.ready)
        return JSONResponse({"status": "ready" if ready else "the database is not ready"}, 200 if ready else 503)

    async def metrics(self, _: Request) -> Response:
        try:
            text = await run_in_threadpool(self._services.metrics.text)
        except Outage:
            return Response(status_code=503)
        return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")


def _line(round_: int, event: TraceEvent) -> _Line:
    text = event.text if len(event.text) <= _TEXT else event.text[:_TEXT] + " ..."
    return _Line(round_, event.at[11:19], event.kind, event.node, text)


def _age(task: Task, now: datetime) -> str:
    seconds = int(((task.updated_at if task.status.ended else now) - task.created_at).total_seconds())
    hours, minutes = divmod(max(seconds, 0) // 60, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds % 60} s"
