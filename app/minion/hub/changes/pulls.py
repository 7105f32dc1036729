"""Pull requests: opening, following pushes, reviews, merging. https://docs.github.com/en/rest/pulls/pulls"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from minion.hub.actors import Actor, JobToken, Person
from minion.hub.auth import can
from minion.hub.changes.announcing import announce_pull
from minion.hub.changes.issues import actor_account, check_body, new_issue, record, set_state
from minion.hub.changes.push_rules import Move
from minion.hub.errors import Refusal, invalid
from minion.hub.git_objects import ZERO, Signature
from minion.hub.mergeability import refresh_merge_ref
from minion.hub.shapes.accounts import user_json
from minion.hub.state import Account, Pull, Repository

if TYPE_CHECKING:
    from minion.hub.core import Core

CLOSING = re.compile(r"\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):?\s+#(\d+)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Draft:
    """What a new pull request is made of. `head` is `branch` or `owner:branch`."""

    title: str
    body: str | None
    head: str
    base: str
    draft: bool = False


def github_signature(core: Core) -> Signature:
    """The committer of what GitHub itself commits."""
    return Signature("GitHub", "noreply@github.com", core.now())


def open_pull(core: Core, actor: Actor, repository: Repository, wanted: Draft) -> Pull:
    """422 as GitHub: unknown head or base, nothing to merge, one is open already, drafts refused."""
    _may_create(actor, repository, wanted)
    check_body(wanted.body, "PullRequest")
    source, branch = _head(core, repository, wanted.head)
    if isinstance(actor, Person) and not can(source, actor, "contents", "write"):
        raise Refusal(403, f"Must have push access to {source.full_name}, where the head is.")
    git = core.git(repository)
    head_sha = core.git(source).ref(f"refs/heads/{branch}")
    base_sha = git.ref(f"refs/heads/{wanted.base}")
    if head_sha is None or base_sha is None:
        raise invalid("PullRequest", "head" if head_sha is None else "base")
    if source is not repository:
        git.fetch(source.git_dir, [f"+refs/heads/{branch}:refs/pull/0/incoming"])
    if not git.log(f"{base_sha}..{head_sha}", limit=1):
        raise _custom(f"No commits between {wanted.base} and {branch}")
    if _open_for(repository, source, branch, wanted.base):
        raise _custom(f"A pull request already exists for {source.owner.login}:{branch}.")
    issue = new_issue(core, actor, repository, wanted.title, wanted.body)
    pull = Pull(core.state.next_id(), issue, wanted.base, base_sha, branch, head_sha, source.id, wanted.draft)
    repository.pulls[issue.number] = pull
    _refresh(core, repository, pull)
    announce_pull(core, actor, repository, pull, "opened", {})
    return pull


def _may_create(actor: Actor, repository: Repository, wanted: Draft) -> None:
    if isinstance(actor, JobToken) and not repository.settings.actions_may_create_pulls:
        raise Refusal(403, "GitHub Actions is not permitted to create or approve pull requests.")
    if wanted.draft and not repository.settings.drafts_allowed:
        raise Refusal(422, "Draft pull requests are not supported in this repository.")


def _custom(message: str) -> Refusal:
    return Refusal(422, "Validation Failed", errors=[{"resource": "PullRequest", "code": "custom", "message": message}])


def _head(core: Core, repository: Repository, head: str) -> tuple[Repository, str]:
    owner, colon, branch = head.rpartition(":")
    if not colon or owner.lower() == repository.owner.login.lower():
        return repository, branch
    forks = (r for r in core.state.repositories.values() if r.parent_id == repository.id)
    fork = next((r for r in forks if r.owner.login.lower() == owner.lower()), None)
    if fork is None:
        raise invalid("PullRequest", "head")
    return fork, branch


def _open_for(repository: Repository, source: Repository, branch: str, base: str) -> bool:
    return any(
        p.issue.state == "open" and (p.head_repository_id, p.head_ref, p.base_ref) == (source.id, branch, base)
        for p in repository.pulls.values()
    )


def _refresh(core: Core, repository: Repository, pull: Pull) -> None:
    """refs/pull/N/head and /merge follow the branches."""
    git = core.git(repository)
    git.update_ref(f"refs/pull/{pull.number}/head", pull.head_sha)
    base = git.ref(f"refs/heads/{pull.base_ref}")
    if base is not None:
        refresh_merge_ref(git, pull, base, github_signature(core))


# -- pushes ---------------------------------------------------------------------------------------------------------


def after_push(core: Core, actor: Actor, repository: Repository, branch: str, move: Move) -> None:
    """Open pull requests from the branch are synchronized (or closed, when it is gone), those into it re-merged.
    The base sha of a pull request stays what it was when its head last moved, as on GitHub."""
    for target in [r for r in core.state.repositories.values() if r is repository or r.id == repository.parent_id]:
        for pull in [p for p in target.pulls.values() if p.issue.state == "open"]:
            if (pull.head_repository_id, pull.head_ref) == (repository.id, branch):
                _head_moved(core, actor, target, pull, move)
    for pull in [p for p in repository.pulls.values() if p.issue.state == "open" and p.base_ref == branch]:
        _base_moved(core, actor, repository, pull, move)


def _head_moved(core: Core, actor: Actor, target: Repository, pull: Pull, move: Move) -> None:
    if move.new == ZERO:
        set_state(core, actor, target, pull.issue, "closed", None)
        return
    git = core.git(target)
    if pull.head_repository_id != target.id:
        source = core.state.repositories[pull.head_repository_id]
        git.fetch(source.git_dir, [f"+refs/heads/{pull.head_ref}:refs/pull/0/incoming"])
    pull.head_sha = move.new
    pull.base_sha = git.ref(f"refs/heads/{pull.base_ref}") or pull.base_sha
    pull.issue.updated_at = core.now()
    _refresh(core, target, pull)
    announce_pull(core, actor, target, pull, "synchronize", {"before": move.old, "after": move.new})


def _base_moved(core: Core, actor: Actor, repository: Repository, pull: Pull, move: Move) -> None:
    if move.new == ZERO:
        set_state(core, actor, repository, pull.issue, "closed", None)
    elif core.git(repository).is_ancestor(pull.head_sha, move.new):
        _mark_merged(core, actor, repository, pull, move.new)
    else:
        _refresh(core, repository, pull)


# -- changes --------------------------------------------------------------------------------------------------------


def set_base(core: Core, actor: Actor, repository: Repository, pull: Pull, base: str) -> None:
    """Retargets the pull request."""
    sha = core.git(repository).ref(f"refs/heads/{base}")
    if sha is None:
        raise invalid("PullRequest", "base")
    before = {"base": {"ref": {"from": pull.base_ref}, "sha": {"from": pull.base_sha}}}
    pull.base_ref, pull.base_sha = base, sha
    _refresh(core, repository, pull)
    announce_pull(core, actor, repository, pull, "edited", {"changes": before})


def set_draft(core: Core, actor: Actor, repository: Repository, pull: Pull, *, draft: bool) -> None:
    """Ready or draft again; nothing happens when it is so already."""
    if pull.draft == draft:
        return
    if draft and not repository.settings.drafts_allowed:
        raise Refusal(422, "Draft pull requests are not supported in this repository.")
    pull.draft, pull.issue.updated_at = draft, core.now()
    record(core, actor, pull.issue, "convert_to_draft" if draft else "ready_for_review")
    announce_pull(core, actor, repository, pull, "converted_to_draft" if draft else "ready_for_review", {})


def request_reviewers(core: Core, actor: Actor, repository: Repository, pull: Pull, accounts: list[Account]) -> None:
    """422 for the author; one `review_requested` for each new reviewer."""
    if pull.issue.user in accounts:
        raise Refusal(422, "Review cannot be requested from pull request author.")
    for account in [a for a in accounts if a not in pull.requested_reviewers]:
        pull.requested_reviewers.append(account)
        shape = {"requested_reviewer": user_json(core, account)}
        record(
            core,
            actor,
            pull.issue,
            "review_requested",
            shape | {"review_requester": user_json(core, actor_account(actor))},
        )
        announce_pull(core, actor, repository, pull, "review_requested", shape)


def remove_reviewers(core: Core, actor: Actor, repository: Repository, pull: Pull, accounts: list[Account]) -> None:
    for account in [a for a in accounts if a in pull.requested_reviewers]:
        pull.requested_reviewers.remove(account)
        announce_pull(
            core, actor, repository, pull, "review_request_removed", {"requested_reviewer": user_json(core, account)}
        )


def _mark_merged(core: Core, actor: Actor, repository: Repository, pull: Pull, sha: str) -> None:
    pull.merged_at, pull.merged_by, pull.merge_commit_sha = core.now(), actor_account(actor), sha
    pull.mergeable = None
    record(core, actor, pull.issue, "merged", {"commit_id": sha})
    set_state(core, actor, repository, pull.issue, "closed", None)
    if pull.base_ref == repository.default_branch:
        close_mentioned(core, actor, repository, pull.issue.body or "")


def close_mentioned(core: Core, actor: Actor, repository: Repository, text: str) -> None:
    """https://docs.github.com/en/issues/tracking-your-work-with-issues/using-issues/linking-a-pull-request-to-an-issue"""
    for number in {int(found) for found in CLOSING.findall(text)}:
        issue = repository.issues.get(number)
        if issue is not None and number not in repository.pulls:
            set_state(core, actor, repository, issue, "closed", "completed")


def mark_merged(core: Core, actor: Actor, repository: Repository, pull: Pull, sha: str) -> None:
    """Called once the base branch holds `sha`."""
    if pull.merged_at is None:
        _mark_merged(core, actor, repository, pull, sha)


def merge_message(pull: Pull, source: Repository, fields: Mapping[str, Any], method: str) -> str:
    """GitHub's default title and text, unless the caller gives others."""
    if method == "squash":
        title = fields.get("commit_title") or f"{pull.issue.title} (#{pull.number})"
        text = fields.get("commit_message") or ""
    else:
        title = (
            fields.get("commit_title") or f"Merge pull request #{pull.number} from {source.owner.login}/{pull.head_ref}"
        )
        text = fields.get("commit_message") or pull.issue.title
    return f"{title}\n\n{text}".rstrip()
