"""Review threads, which only GraphQL knows: https://docs.github.com/en/graphql/reference/objects#pullrequestreviewthread"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from minion.adapters.github import fields
from minion.adapters.github.answers import Refusal, as_error
from minion.adapters.github.resource import Resource
from minion.domain.ids import RepositoryRef
from minion.ports.github import Comment, Review, ReviewThread

_MOST_PAGES: Final = 10
_THREADS: Final = """
query($owner: String!, $name: String!, $number: Int!, $after: String) {
  repository(owner: $owner, name: $name) {
    pullRequest(number: $number) {
      reviewThreads(first: 50, after: $after) {
        nodes {
          id
          isResolved
          isOutdated
          path
          line
          startLine
          diffSide
          opening: comments(first: 1) {
            nodes { databaseId body url createdAt updatedAt diffHunk author { login __typename } }
          }
          newest: comments(last: 50) {
            nodes { databaseId body url createdAt updatedAt author { login __typename } }
          }
        }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
}
""".strip()
_REPLY: Final = """
mutation($thread: ID!, $body: String!) {
  addPullRequestReviewThreadReply(input: {pullRequestReviewThreadId: $thread, body: $body}) { comment { databaseId } }
}
""".strip()
_RESOLVE: Final = """
mutation($thread: ID!) { resolveReviewThread(input: {threadId: $thread}) { thread { isResolved } } }
""".strip()


class Reviews(Resource):
    def review_threads(self, repo: RepositoryRef, number: int) -> Sequence[ReviewThread]:
        """The first 500 threads of a PR, each with its first and newest 50 comments; none when there is no such PR."""
        found: list[ReviewThread] = []
        after: str | None = None
        for _ in range(_MOST_PAGES):
            page = self._page(repo, number, after)
            found += [_thread(node) for node in fields.items(page, "nodes")]
            after = fields.text(page, "pageInfo", "endCursor") or None
            if after is None or fields.dig(page, "pageInfo", "hasNextPage") is not True:
                break
        return tuple(found)

    def reviews(self, repo: RepositoryRef, number: int) -> Sequence[Review]:
        """https://docs.github.com/en/rest/pulls/reviews#list-reviews-for-a-pull-request"""
        rest = self._rest.pulls
        found = self._ask.pages(lambda page: rest.list_reviews(repo.owner, repo.name, number, per_page=100, page=page))
        return tuple(_review(entry) for entry in found if fields.text(entry, "state") != "PENDING")

    def reply_in_thread(self, repo: RepositoryRef, number: int, thread_id: str, marker: str, body: str) -> bool:
        """Our one reply that carries the marker; False when GitHub does not let us (the PR is locked, say)."""
        self._same(repo)
        text = self._redacted(body if marker in body else f"{marker}\n{body}")
        variables = {"thread": thread_id, "body": text}
        try:
            return self._ask.once(
                lambda: self._replied(repo, number, thread_id, marker), lambda: self._mutate(_REPLY, variables)
            )
        except Refusal:
            return False

    def resolve_thread(self, repo: RepositoryRef, thread_id: str) -> bool:
        """False when GitHub does not let us, which it may do even with `pull_requests: write`."""
        self._same(repo)
        try:
            return self._ask.once(lambda: None, lambda: self._mutate(_RESOLVE, {"thread": thread_id}))
        except Refusal:
            return False

    # --- inside

    def _page(self, repo: RepositoryRef, number: int, after: str | None) -> Any:
        variables = {"owner": repo.owner, "name": repo.name, "number": number, "after": after}
        try:
            data = self._ask.once(lambda: None, lambda: self._query(variables))
        except Refusal as refusal:
            if "could not resolve" in refusal.message.lower():
                return None
            raise as_error(refusal) from refusal
        return fields.dig(data, "repository", "pullRequest", "reviewThreads")

    def _query(self, variables: dict[str, Any]) -> Mapping[str, Any]:
        api = self._connection.api
        return self._ask.one(lambda: api.graphql.request(_THREADS, variables))

    def _mutate(self, mutation: str, variables: dict[str, Any]) -> bool:
        api = self._connection.api
        self._ask.one(lambda: api.graphql.request(mutation, variables))
        return True

    def _replied(self, repo: RepositoryRef, number: int, thread_id: str, marker: str) -> bool | None:
        """GraphQL does not name the App: a bot's comment with the marker is taken for ours."""
        for thread in self.review_threads(repo, number):
            if thread.id == thread_id and any(c.author_is_bot and marker in c.body for c in thread.comments):
                return True
        return None


def _thread(node: Mapping[str, Any]) -> ReviewThread:
    opening = list(fields.items(node, "opening", "nodes"))
    newest = list(fields.items(node, "newest", "nodes"))
    known = {fields.number(comment, "databaseId") for comment in newest}
    first = [comment for comment in opening if fields.number(comment, "databaseId") not in known]
    return ReviewThread(
        id=fields.text(node, "id"),
        resolved=fields.dig(node, "isResolved") is True,
        path=fields.text(node, "path"),
        line=fields.number_or_none(node, "line"),
        comments=tuple(_comment(comment) for comment in (*first, *newest)),
        start_line=fields.number_or_none(node, "startLine"),
        outdated=fields.dig(node, "isOutdated") is True,
        on_base=fields.text(node, "diffSide") == "LEFT",
        hunk=fields.text(opening[0], "diffHunk") if opening else "",
    )


def _review(data: Mapping[str, Any]) -> Review:
    return Review(
        id=fields.number(data, "id"),
        author=fields.text(data, "user", "login") or "ghost",
        author_is_bot=fields.text(data, "user", "type") == "Bot",
        state=fields.text(data, "state"),
        body=fields.text(data, "body"),
        submitted_at=fields.text(data, "submitted_at"),
        url=fields.text(data, "html_url"),
    )


def _comment(node: Mapping[str, Any]) -> Comment:
    """GraphQL names bots without the `[bot]` that REST has; the id of the author is not asked for."""
    bot = fields.text(node, "author", "__typename") == "Bot"
    login = fields.text(node, "author", "login") or "ghost"
    return Comment(
        id=fields.number(node, "databaseId"),
        author=f"{login}[bot]" if bot and not login.endswith("[bot]") else login,
        author_id=0,
        author_is_bot=bot,
        app_id=None,
        body=fields.text(node, "body"),
        created_at=fields.text(node, "createdAt"),
        updated_at=fields.text(node, "updatedAt"),
        url=fields.text(node, "url"),
    )
