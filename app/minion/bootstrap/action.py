"""`minion action`, joined to this job's settings and adapters."""

from __future__ import annotations

import signal
import sys
import tempfile
from pathlib import Path

from minion.adapters.anthropic_model import AnthropicModel, Credential
from minion.adapters.control_plane import HttpControlPlane
from minion.adapters.workspace import CloneSource, clone
from minion.bootstrap.place import Place
from minion.bootstrap.prices import priced
from minion.bootstrap.site import BoxedSite, Task, Workshop
from minion.domain.protocol import RoundGrant
from minion.domain.secret import Secret
from minion.nodes.base import Asked
from minion.runner.action import Ended, Job, carry_out, hide_from_children
from minion.runner.actions_log import ActionsLog
from minion.runner.journal import Journal
from minion.runner.oidc import request_token
from minion.runner.round import Cancelled
from minion.settings import Action


def carry_out_round() -> int:
    """The exit code of the job's step."""
    settings = Action.read()
    hide_from_children()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    plane = HttpControlPlane(settings.app_url)
    with tempfile.TemporaryDirectory(prefix="minion-", dir=settings.temp, ignore_cleanup_errors=True) as folder:
        ended = carry_out(_job(settings, plane, Path(folder)))
    plane.close()
    _tell_job(settings, ended)
    return ended.exit_code


def _job(settings: Action, plane: HttpControlPlane, folder: Path) -> Job:
    def open_site(grant: RoundGrant, journal: Journal, cancelled: Cancelled) -> BoxedSite:
        return _open(settings, folder, grant, journal, cancelled)

    def identity() -> Secret:
        return request_token(settings.id_token_url, settings.id_token_bearer, settings.app_url)

    return Job(settings.nonce, identity, plane, open_site, ActionsLog(sys.stdout))


def _open(settings: Action, folder: Path, grant: RoundGrant, journal: Journal, cancelled: Cancelled) -> BoxedSite:
    place = Place.under(folder)
    source = CloneSource(grant.clone_url, grant.head_sha, Secret(grant.clone_token))
    workspace = clone(source, place.work, place.private, compared_with=grant.base_sha)
    workshop = Workshop(
        model=AnthropicModel(grant.model_base_url, Credential(Secret(grant.run_token), bearer=True)),
        prices=priced(grant.models, grant.prices),
        sandbox_mode=settings.sandbox,
        tool_cache=settings.tool_cache,
        mcp_secrets=settings.mcp_secrets,
        egress_loopback=settings.egress_loopback,
    )
    asked = Asked.of(grant.spec)
    task = Task(grant.configuration, grant.spec.scope, grant.base_sha, asked, check_history=grant.check_history)
    return workshop.open(workspace, place, task, journal, cancelled)


def _tell_job(settings: Action, ended: Ended) -> None:
    """The step's output `result` and its summary (https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands)."""
    if settings.output is not None:
        with settings.output.open("a", encoding="utf-8") as out:
            out.write(f"result={ended.result}\n")
    if settings.step_summary is not None and ended.follow_url:
        with settings.step_summary.open("a", encoding="utf-8") as summary:
            summary.write(f"The round is {ended.result}. [Follow the task along]({ended.follow_url})\n")
