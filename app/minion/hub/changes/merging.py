"""Merging a pull request, as a person does with the button. https://docs.github.com/en/rest/pulls/pulls#merge-a-pull-request"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from minion.hub.actors import Actor
from minion.hub.changes.issues import actor_account
from minion.hub.changes.pulls import github_signature, mark_merged, merge_message
from minion.hub.changes.push_rules import Move
from minion.hub.changes.refs import apply_move
from minion.hub.errors import Refusal
from minion.hub.git_objects import ZERO, Signature
from minion.hub.mergeability import unmet
from minion.hub.state import Pull, Repository

if TYPE_CHECKING:
    from minion.hub.core import Core


def merge(core: Core, actor: Actor, repository: Repository, pull: Pull, fields: Mapping[str, Any]) -> str:
    """The sha that the base branch holds then. 405 when it may not be merged, 409 when the head moved."""
    git = core.git(repository)
    ref = f"refs/heads/{pull.base_ref}"
    base = git.ref(ref)
    tree = None if base is None else git.merge_tree(base, pull.head_sha)
    if base is None or tree is None or pull.issue.state != "open":
        raise Refusal(405, "Pull Request is not mergeable")
    _check(repository, pull, fields)
    method = fields.get("merge_method") or "merge"
    parents = {"merge": [base, pull.head_sha], "squash": [base]}.get(method)
    if parents is None:
        raise Refusal(405, "Rebase merges are not allowed on this repository.")
    who = actor_account(actor)
    author = Signature(who.name or who.login, who.email, core.now())
    message = merge_message(pull, core.state.repositories[pull.head_repository_id], fields, method)
    sha = git.write_commit(tree, parents, message, (author, github_signature(core)))
    repository.web_commits.add(sha)
    apply_move(core, actor, repository, Move(ref, base, sha), "merge")
    mark_merged(core, actor, repository, pull, sha)
    if repository.settings.delete_branch_on_merge:
        _delete_head(core, actor, pull)
    return sha


def _check(repository: Repository, pull: Pull, fields: Mapping[str, Any]) -> None:
    if pull.draft:
        raise Refusal(405, "Pull Request is still a draft")
    missing = unmet(repository, pull)
    if missing:
        raise Refusal(405, f'Required status check "{missing[0]}" is expected.')
    if fields.get("sha") not in (None, pull.head_sha):
        raise Refusal(409, "Head branch was modified. Review and try the merge again.")


def _delete_head(core: Core, actor: Actor, pull: Pull) -> None:
    source = core.state.repositories[pull.head_repository_id]
    apply_move(core, actor, source, Move(f"refs/heads/{pull.head_ref}", pull.head_sha, ZERO), "web")
