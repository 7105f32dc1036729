"""Pull request events: to webhooks, and to workflows at the pull request's merge commit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from minion.hub.actors import Actor
from minion.hub.shapes.pulls import pull_json
from minion.hub.state import Pull, Repository

if TYPE_CHECKING:
    from minion.hub.core import Core


def announce_pull(
    core: Core, actor: Actor, repository: Repository, pull: Pull, action: str, extra: Mapping[str, Any]
) -> None:
    """`pull_request`, and `pull_request_target` for workflows of the base branch."""
    shape = pull_json(core, repository, pull)
    payload = {"action": action, "number": pull.number, "pull_request": shape} | dict(extra)
    if actor.account is not None:
        core.emit(repository, "pull_request", payload, actor.account)
    start_workflows(core, actor, repository, pull, "pull_request", payload)
    core.trigger(actor, repository, "pull_request_target", payload, (f"refs/heads/{pull.base_ref}", pull.base_sha))


def start_workflows(
    core: Core, actor: Actor, repository: Repository, pull: Pull, event: str, payload: Mapping[str, Any]
) -> None:
    """At refs/pull/N/merge; a pull request with conflicts has none and starts nothing.
    https://docs.github.com/en/actions/reference/workflows-and-actions/events-that-trigger-workflows#pull_request"""
    if pull.mergeable and pull.merge_commit_sha:
        core.trigger(actor, repository, event, payload, (f"refs/pull/{pull.number}/merge", pull.merge_commit_sha))
