"""Pull requests: https://docs.github.com/en/rest/pulls"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from minion.adapters.github import fields
from minion.adapters.github.answers import Refusal, as_error
from minion.adapters.github.resource import Resource, part
from minion.domain.ids import CommitSha, RepositoryRef
from minion.ports.github import PullOpened, PullRequest, WriteRefused

_READY: Final = """
mutation($id: ID!) { markPullRequestReadyForReview(input: {pullRequestId: $id}) { pullRequest { isDraft } } }
""".strip()
"""https://docs.github.com/en/graphql/reference/mutations#markpullrequestreadyforreview"""

_LIMITED_TO_TITLE: Final = 256


class Pulls(Resource):
    def pull(self, repo: RepositoryRef, number: int) -> PullRequest | None:
        data = self._ask.read(lambda: self._rest.pulls.get(repo.owner, repo.name, number))
        return None if data is None else _pull(data)

    def pull_by_head(self, repo: RepositoryRef, branch: str) -> PullRequest | None:
        """The open PR from that branch of the repository itself; else None."""
        head = f"{repo.owner}:{branch}"
        found = self._ask.read(
            lambda: self._rest.pulls.list(repo.owner, repo.name, state="open", head=head, per_page=100)
        )
        ours = (_pull(data) for data in found or ())
        return next((pull for pull in ours if pull.head_ref == branch and pull.head_repository_id == repo.id), None)

    def pulls_with_sha(self, repo: RepositoryRef, sha: CommitSha) -> Sequence[PullRequest]:
        """The open PRs whose head is that commit: payloads of fork PRs may not name them."""
        found = self._ask.read(
            lambda: self._rest.repos.list_pull_requests_associated_with_commit(
                repo.owner, repo.name, part(sha), per_page=100
            ),
            absent={404, 409, 422},
        )
        pulls = (_pull(data) for data in found or ())
        return tuple(pull for pull in pulls if pull.state == "open" and pull.head_sha == sha)

    def recent_pull_heads(self, repo: RepositoryRef, limit: int) -> Sequence[CommitSha]:
        found = self._ask.read(
            lambda: self._rest.pulls.list(
                repo.owner, repo.name, state="all", sort="updated", direction="desc", per_page=limit
            )
        )
        return tuple(_pull(data).head_sha for data in found or ())

    def open_pull(
        self, repo: RepositoryRef, *, head: str, base: str, title: str, body: str, draft: bool
    ) -> PullOpened | WriteRefused:
        """One open PR for a head branch, however often it is asked for."""
        self._same(repo)
        words = {"title": self._redacted(title)[:_LIMITED_TO_TITLE], "body": self._redacted(body)}
        fields_: dict[str, Any] = {"head": head, "base": base, **words}
        try:
            return self._ask.once(lambda: self._opened(repo, head), lambda: self._create_pull(repo, fields_, draft))
        except Refusal as refusal:
            # lost the race against another replica: the PR is there
            return self._opened(repo, head) or WriteRefused(refusal.message)

    def update_pull(self, repo: RepositoryRef, number: int, *, title: str | None, body: str | None) -> None:
        self._same(repo)
        words = {"title": title, "body": body}
        changes: Any = {key: self._redacted(value) for key, value in words.items() if value is not None}
        if not changes:
            return
        try:
            self._ask.again(lambda: self._rest.pulls.update(repo.owner, repo.name, number, data=changes))
        except Refusal as refusal:
            raise as_error(refusal) from refusal

    def mark_ready(self, repo: RepositoryRef, number: int) -> bool:
        """True when the PR is no draft (any more); False when GitHub does not let us."""
        self._same(repo)
        pull = self.pull(repo, number)
        if pull is None or not pull.draft:
            return pull is not None
        try:
            self._ask.once(lambda: self._ready(repo, number), lambda: self._mark(pull.node_id))
        except Refusal:
            return False
        return True

    def request_reviewers(
        self, repo: RepositoryRef, number: int, people: Sequence[str], teams: Sequence[str]
    ) -> Sequence[str]:
        """GitHub refuses the whole list for one bad name, so after a refusal each is asked alone."""
        if (not people and not teams) or self._request(repo, number, people, teams):
            return ()
        refused_people = [name for name in people if not self._request(repo, number, [name], [])]
        refused_teams = [name for name in teams if not self._request(repo, number, [], [name])]
        return (*refused_people, *refused_teams)

    # --- inside

    def _opened(self, repo: RepositoryRef, head: str) -> PullOpened | None:
        pull = self.pull_by_head(repo, head)
        return None if pull is None else PullOpened(pull, pull.draft)

    def _create_pull(self, repo: RepositoryRef, body: dict[str, Any], draft: bool) -> PullOpened:
        """Private repositories of free plans refuse drafts (422): then once more, ready."""
        try:
            data: Any = {**body, "draft": draft}
            answer = self._ask.one(lambda: self._rest.pulls.create(repo.owner, repo.name, data=data))
        except Refusal as refusal:
            if draft and refusal.status == 422 and "draft" in refusal.message.lower():
                return self._create_pull(repo, body, draft=False)
            raise
        return PullOpened(_pull(answer.json()), as_draft=draft)

    def _ready(self, repo: RepositoryRef, number: int) -> bool | None:
        pull = self.pull(repo, number)
        return True if pull is not None and not pull.draft else None

    def _mark(self, node_id: str) -> bool:
        api = self._connection.api
        self._ask.one(lambda: api.graphql.request(_READY, {"id": node_id}))
        return True

    def _request(self, repo: RepositoryRef, number: int, people: Sequence[str], teams: Sequence[str]) -> bool:
        body: Any = {"reviewers": list(people), "team_reviewers": list(teams)}
        try:
            self._ask.again(lambda: self._rest.pulls.request_reviewers(repo.owner, repo.name, number, data=body))
        except Refusal:
            return False
        return True


def _pull(data: Mapping[str, Any]) -> PullRequest:
    mergeable = data.get("mergeable")
    return PullRequest(
        number=fields.number(data, "number"),
        node_id=fields.text(data, "node_id"),
        title=fields.text(data, "title"),
        body=fields.text(data, "body"),
        author=fields.text(data, "user", "login") or "ghost",
        state=fields.text(data, "state"),
        merged=data.get("merged") is True or bool(data.get("merged_at")),
        draft=data.get("draft") is True,
        head_ref=fields.text(data, "head", "ref"),
        head_sha=CommitSha(fields.text(data, "head", "sha")),
        head_repository_id=fields.number_or_none(data, "head", "repo", "id"),
        base_ref=fields.text(data, "base", "ref"),
        base_sha=CommitSha(fields.text(data, "base", "sha")),
        mergeable=mergeable if isinstance(mergeable, bool) else None,
        url=fields.text(data, "html_url"),
    )
