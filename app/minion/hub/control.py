"""The control API: `POST /_hub/<method>` with a JSON object, loopback and control token only. See `admin.Admin`."""

from __future__ import annotations

import hmac
import ipaddress
import json
from typing import Any

from minion.hub.admin import COMMANDS, Admin
from minion.hub.errors import Refusal
from minion.hub.rest.dispatch import Incoming
from minion.hub.rest.route import Answer


def control(admin: Admin, token: str, request: Incoming, peer: str) -> Answer:
    """Runs one command. 401 without the token, 404 for an unknown command, 422 for arguments that do not fit."""
    try:
        _check(request, token, peer)
        return Answer(200, _run(admin, request))
    except Refusal as refusal:
        return Answer(refusal.status, refusal.body())


def _check(request: Incoming, token: str, peer: str) -> None:
    given = request.headers.get("authorization", "").removeprefix("Bearer ")
    if not ipaddress.ip_address(peer).is_loopback or not hmac.compare_digest(given.encode(), token.encode()):
        raise Refusal(401, "The control API wants its token, from this machine")


def _run(admin: Admin, request: Incoming) -> Any:
    command = COMMANDS.get(request.path.removeprefix("/_hub/"))
    if command is None or request.method != "POST":
        raise Refusal(404, f"There is no {request.method} {request.path}")
    try:
        arguments = json.loads(request.body or b"{}")
        return command(admin, **arguments)
    except (TypeError, ValueError) as error:
        raise Refusal(422, str(error)) from error
