"""Moving refs, and everything that follows from a push."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minion.hub.actors import Actor, Installed, JobToken, Person
from minion.hub.auth import grants
from minion.hub.changes.checks import open_suites
from minion.hub.changes.issues import actor_account
from minion.hub.changes.pulls import after_push as after_push_to_pulls
from minion.hub.changes.push_rules import Move, Policy, refusal
from minion.hub.errors import Refusal, unprocessable
from minion.hub.git_objects import ZERO, GitError
from minion.hub.shapes.commits import payload_commit_json
from minion.hub.state import Push, Repository

if TYPE_CHECKING:
    from minion.hub.core import Core


def policy_for(repository: Repository, actor: Actor) -> Policy:
    """A person's token stands for the person; Apps and jobs need the `workflows` permission for workflow files."""
    may = isinstance(actor, Person) or (isinstance(actor, Installed | JobToken) and grants(actor, "workflows", "write"))
    protected = tuple(sorted({f"refs/heads/{rule.branch}" for rule in repository.protections}))
    return Policy(protected, f"refs/heads/{repository.default_branch}", may)


def move_ref(core: Core, actor: Actor, repository: Repository, move: Move, *, force: bool = False) -> None:
    """Through the API. 422 when the rules refuse it, when it is no fast-forward (without `force`) or the ref moved.
    https://docs.github.com/en/rest/git/refs#update-a-reference"""
    git = core.git(repository)
    why = refusal(git, move, policy_for(repository, actor))
    if why is not None:
        raise Refusal(403, why) if "workflow" in why else unprocessable(why)
    moving = ZERO not in (move.old, move.new)
    if moving and not force and not git.is_ancestor(move.old, move.new):
        raise unprocessable("Update is not a fast forward")
    apply_move(core, actor, repository, move, "api")


def apply_move(core: Core, actor: Actor, repository: Repository, move: Move, via: str) -> None:
    """Moves the ref, whatever the rules say, and tells about it."""
    git = core.git(repository)
    try:
        if move.new == ZERO:
            git.delete_ref(move.ref)
        else:
            git.update_ref(move.ref, move.new, move.old)
    except GitError as error:
        raise unprocessable("Reference cannot be updated") from error
    after_push(core, actor, repository, move, via)


def after_push(core: Core, actor: Actor, repository: Repository, move: Move, via: str) -> None:
    """The ref has moved: ledger, `push`, check suites, pull requests. Order as on GitHub."""
    if move.old == move.new:
        return
    who = actor_account(actor)
    now = core.now()
    repository.pushes.append(Push(move.ref, move.old, move.new, who.login, via, now))
    repository.pushed_at = now
    payload = push_payload(core, actor, repository, move)
    core.emit(repository, "push", payload, who)
    if move.new != ZERO:
        core.trigger(actor, repository, "push", payload, (move.ref, move.new))
    if move.ref.startswith("refs/heads/"):
        branch = move.ref.removeprefix("refs/heads/")
        if move.new != ZERO:
            open_suites(core, actor, repository, branch, move.new)
        after_push_to_pulls(core, actor, repository, branch, move)


def push_payload(core: Core, actor: Actor, repository: Repository, move: Move) -> dict[str, Any]:
    """https://docs.github.com/en/webhooks/webhook-events-and-payloads#push"""
    git = core.git(repository)
    who = actor_account(actor)
    created, deleted = move.old == ZERO, move.new == ZERO
    commits = [] if deleted else git.log(*_range(core, repository, move), limit=20)[::-1]
    shapes = [payload_commit_json(core, repository, commit) for commit in commits]
    forced = not (created or deleted) and not git.is_ancestor(move.old, move.new)
    head = None if deleted else payload_commit_json(core, repository, git.commit(git.resolve(move.new) or move.new))
    page = f"{core.base_url}/{repository.full_name}"
    return {
        "ref": move.ref,
        "before": move.old,
        "after": move.new,
        "created": created,
        "deleted": deleted,
        "forced": forced,
        "base_ref": None,
        "compare": f"{page}/compare/{move.old[:12]}...{move.new[:12]}",
        "commits": shapes,
        "head_commit": head,
        "pusher": {"name": who.login, "email": who.email},
    }


def _range(core: Core, repository: Repository, move: Move) -> list[str]:
    if move.old != ZERO:
        return [move.new, f"^{move.old}"]
    others = core.git(repository).refs("refs/heads/")
    return [move.new, *(f"^{sha}" for name, sha in others.items() if name != move.ref)]
