"""Which page an address shows. Rendering is Jinja2 with everything escaped."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from jinja2 import Environment, PackageLoader, StrictUndefined

from minion.hub.errors import Refusal, not_found
from minion.hub.pages import run_views, views
from minion.hub.pages.markdown import render
from minion.hub.rest.dispatch import Incoming
from minion.hub.rest.route import Answer

if TYPE_CHECKING:
    from minion.hub.core import Core

View = Callable[["Core", Mapping[str, str]], tuple[str, dict[str, Any]]]
REPO = r"/(?P<owner>[^/]+)/(?P<repo>[^/]+)"

PAGES: tuple[tuple[str, View], ...] = (
    (r"/", views.home),
    (REPO, views.repository),
    (rf"{REPO}/issues", views.issues),
    (rf"{REPO}/pulls", views.pulls),
    (rf"{REPO}/issues/(?P<number>\d+)", views.issue),
    (rf"{REPO}/pull/(?P<number>\d+)", views.pull),
    (rf"{REPO}/pull/(?P<number>\d+)/(?P<tab>commits|files|checks)", views.pull),
    (rf"{REPO}/commit/(?P<sha>[0-9a-f]{{40}})", views.commit),
    (rf"{REPO}/runs/(?P<id>\d+)", views.check_run),
    (rf"{REPO}/actions", run_views.runs),
    (rf"{REPO}/actions/runs/(?P<id>\d+)(?:/job/(?P<job>\d+))?", run_views.run),
    (rf"{REPO}/(?:tree|blob)/(?P<ref>[^/]+)(?:/(?P<path>.+))?", views.file),
)
SECURITY = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
}


class Pages:
    """All pages of the hub."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._environment = Environment(
            loader=PackageLoader("minion.hub.pages"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
        )
        self._environment.filters["markdown"] = render
        self._patterns = [(re.compile(pattern), view) for pattern, view in PAGES]

    def answer(self, request: Incoming) -> Answer:
        try:
            html = self._render(request)
        except Refusal as refusal:
            page = self._environment.get_template("message.html")
            return Answer(
                refusal.status, page.render(base="", title=str(refusal.status), text=refusal.message).encode(), SECURITY
            )
        return Answer(200, html.encode(), SECURITY)

    def _render(self, request: Incoming) -> str:
        path = request.path.rstrip("/") or "/"
        for pattern, view in self._patterns:
            found = pattern.fullmatch(path)
            if found is not None and request.method in ("GET", "HEAD"):
                params = {name: unquote(value) for name, value in found.groupdict().items() if value is not None}
                with self._core.lock:
                    template, values = view(self._core, params)
                return self._environment.get_template(template).render(base="", **values)
        raise not_found()
