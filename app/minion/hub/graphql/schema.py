"""The types that the hub knows, each a mapping of field name to Field. https://docs.github.com/en/graphql/reference"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from minion.hub.actors import Actor
from minion.hub.auth import can
from minion.hub.changes import pulls, reviews
from minion.hub.changes.positions import place_now
from minion.hub.errors import Refusal
from minion.hub.shapes.accounts import association, iso, node_id, node_number
from minion.hub.shapes.pulls import review_comment_json
from minion.hub.state import Account, Pull, Repository, ReviewComment

if TYPE_CHECKING:
    from minion.hub.core import Core


class GraphQLProblem(Exception):  # noqa: N818  # an answer, not an error
    """One error of the answer, of GitHub's type names."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message


@dataclass(frozen=True)
class Context:
    """What every resolver gets besides its object."""

    core: Core
    actor: Actor


@dataclass(frozen=True)
class Field:
    """`resolve(context, value, arguments)`; `type` is a type's name, or empty for a scalar. Lists are resolved item by
    item. `arguments` are those it accepts; a name ending in `!` is required."""

    resolve: Callable[[Context, Any, Mapping[str, Any]], Any]
    type: str = ""
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True)
class PullNode:
    repository: Repository
    pull: Pull


@dataclass(frozen=True)
class ThreadNode:
    repository: Repository
    pull: Pull
    comments: Sequence[ReviewComment]


@dataclass(frozen=True)
class CommentNode:
    repository: Repository
    pull: Pull
    comment: ReviewComment


@dataclass(frozen=True)
class Connection:
    """One page of nodes; cursors are positions."""

    nodes: Sequence[Any]
    start: int
    size: int

    @property
    def shown(self) -> Sequence[Any]:
        return self.nodes[self.start : self.start + self.size]


def _plain(read: Callable[[Any], Any], kind: str = "") -> Field:
    return Field(lambda _context, value, _arguments: read(value), kind)


def _page(nodes: Sequence[Any], arguments: Mapping[str, Any]) -> Connection:
    size = arguments.get("first") or arguments.get("last")
    if not isinstance(size, int) or not 1 <= size <= 100:
        raise GraphQLProblem("MISSING_PAGINATION_BOUNDARIES", "You must provide a `first` or `last` value of 1 to 100.")
    after = arguments.get("after")
    start = int(after) if after and str(after).isdigit() else 0
    return Connection(nodes, max(0, len(nodes) - size) if "last" in arguments else start, size)


# -- reading --------------------------------------------------------------------------------------------------------


def _repository(context: Context, _value: Any, arguments: Mapping[str, Any]) -> Repository:
    owner, name = arguments["owner"], arguments["name"]
    found = context.core.state.find(owner, name)
    if found is None or not can(found, context.actor, "metadata", "read"):
        raise GraphQLProblem("NOT_FOUND", f"Could not resolve to a Repository with the name '{owner}/{name}'.")
    return found


def _pull(context: Context, repository: Repository, arguments: Mapping[str, Any]) -> PullNode:
    _demand(context, repository, "read")
    found = repository.pulls.get(arguments["number"])
    if found is None:
        raise GraphQLProblem(
            "NOT_FOUND", f"Could not resolve to a PullRequest with the number of {arguments['number']}."
        )
    return PullNode(repository, found)


def _demand(context: Context, repository: Repository, level: str) -> None:
    if not can(repository, context.actor, "pull_requests", level):
        raise GraphQLProblem("FORBIDDEN", "Resource not accessible by integration")


def _threads(context: Context, node: PullNode, arguments: Mapping[str, Any]) -> Connection:
    shown = reviews.threads(node.pull, context.actor.account)
    return _page([ThreadNode(node.repository, node.pull, comments) for comments in shown], arguments)


def _comments(_context: Context, node: ThreadNode, arguments: Mapping[str, Any]) -> Connection:
    return _page([CommentNode(node.repository, node.pull, one) for one in node.comments], arguments)


def _place(context: Context, node: ThreadNode) -> int | None:
    return place_now(context.core.git(node.repository), node.comments[0], node.pull.head_sha)


def _first_line(context: Context, node: ThreadNode) -> int | None:
    """Of several lines: they move together."""
    first, line = node.comments[0], _place(context, node)
    if line is None or first.line is None or first.start_line is None:
        return None
    return first.start_line + line - first.line


def _reply_to(_context: Context, node: CommentNode, _arguments: Mapping[str, Any]) -> CommentNode | None:
    first = reviews.thread_root(node.pull, node.comment)
    return None if first is node.comment else CommentNode(node.repository, node.pull, first)


def _comment_url(context: Context, node: CommentNode, _arguments: Mapping[str, Any]) -> str:
    return str(review_comment_json(context.core, node.repository, node.pull, node.comment)["html_url"])


# -- changing -------------------------------------------------------------------------------------------------------


def _input(arguments: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    given = arguments["input"]
    allowed = {*names, "clientMutationId"}
    if not isinstance(given, dict) or set(given) - allowed or any(not isinstance(given.get(n), str) for n in names):
        raise GraphQLProblem("argumentLiteralsIncompatible", f"input takes {', '.join(names)}")
    return given


def _pull_by_node(context: Context, node: str) -> PullNode:
    number = node_number("PR", node)
    for repository in context.core.state.repositories.values():
        for pull in repository.pulls.values():
            if pull.id == number and can(repository, context.actor, "metadata", "read"):
                _demand(context, repository, "write")
                return PullNode(repository, pull)
    raise GraphQLProblem("NOT_FOUND", f"Could not resolve to a node with the global id of '{node}'")


def _thread_by_node(context: Context, node: str) -> ThreadNode:
    number = node_number("PRRT", node)
    for repository in context.core.state.repositories.values():
        for pull in repository.pulls.values():
            found = next((t for t in reviews.threads(pull, context.actor.account) if t[0].id == number), None)
            if found is not None and can(repository, context.actor, "metadata", "read"):
                _demand(context, repository, "write")
                return ThreadNode(repository, pull, found)
    raise GraphQLProblem("NOT_FOUND", f"Could not resolve to a node with the global id of '{node}'")


def _set_draft(*, draft: bool) -> Callable[[Context, Any, Mapping[str, Any]], Any]:
    def resolve(context: Context, _value: Any, arguments: Mapping[str, Any]) -> PullNode:
        given = _input(arguments, "pullRequestId")
        node = _pull_by_node(context, given["pullRequestId"])
        try:
            pulls.set_draft(context.core, context.actor, node.repository, node.pull, draft=draft)
        except Refusal as refusal:
            raise GraphQLProblem("UNPROCESSABLE", refusal.message) from refusal
        return node

    return resolve


def _set_resolved(*, resolved: bool) -> Callable[[Context, Any, Mapping[str, Any]], Any]:
    def resolve(context: Context, _value: Any, arguments: Mapping[str, Any]) -> ThreadNode:
        node = _thread_by_node(context, _input(arguments, "threadId")["threadId"])
        first = node.comments[0].id
        account = context.actor.account
        if resolved and account is not None:
            node.pull.resolved[first] = account
        else:
            node.pull.resolved.pop(first, None)
        return node

    return resolve


def _reply(context: Context, _value: Any, arguments: Mapping[str, Any]) -> CommentNode:
    given = _input(arguments, "pullRequestReviewThreadId", "body")
    node = _thread_by_node(context, given["pullRequestReviewThreadId"])
    comment = reviews.reply(context.core, context.actor, node.repository, node.pull, node.comments[0], given["body"])
    return CommentNode(node.repository, node.pull, comment)


# -- the schema -----------------------------------------------------------------------------------------------------

SAME: Callable[[Context, Any, Mapping[str, Any]], Any] = lambda _context, value, _arguments: value  # noqa: E731
PAGING = ("first", "last", "after", "before")


def _connection(kind: str) -> dict[str, Field]:
    return {
        "nodes": _plain(lambda c: c.shown, kind),
        "totalCount": _plain(lambda c: len(c.nodes)),
        "pageInfo": Field(SAME, "PageInfo"),
    }


def _payload(name: str, kind: str) -> dict[str, Field]:
    return {name: Field(SAME, kind), "clientMutationId": _plain(lambda _: None)}


def _url(context: Context, node: PullNode, _arguments: Mapping[str, Any]) -> str:
    return f"{context.core.base_url}/{node.repository.full_name}/pull/{node.pull.number}"


def _association(node: CommentNode) -> str:
    return association(node.repository, node.comment.user)


def _graphql_login(account: Account) -> str:
    """GraphQL shows bots without the [bot] suffix. https://docs.github.com/en/graphql/reference/objects#bot"""
    return account.login.removesuffix("[bot]")


@dataclass(frozen=True)
class Schema:
    types: Mapping[str, Mapping[str, Field]] = field(default_factory=dict)


SCHEMA = Schema(
    {
        "Query": {
            "repository": Field(_repository, "Repository", ("owner!", "name!")),
            "viewer": Field(lambda context, _v, _a: context.actor.account, "Actor"),
        },
        "Mutation": {
            "markPullRequestReadyForReview": Field(_set_draft(draft=False), "PullPayload", ("input!",)),
            "convertPullRequestToDraft": Field(_set_draft(draft=True), "PullPayload", ("input!",)),
            "resolveReviewThread": Field(_set_resolved(resolved=True), "ThreadPayload", ("input!",)),
            "unresolveReviewThread": Field(_set_resolved(resolved=False), "ThreadPayload", ("input!",)),
            "addPullRequestReviewThreadReply": Field(_reply, "CommentPayload", ("input!",)),
        },
        "PullPayload": _payload("pullRequest", "PullRequest"),
        "ThreadPayload": _payload("thread", "PullRequestReviewThread"),
        "CommentPayload": _payload("comment", "PullRequestReviewComment"),
        "Repository": {
            "id": _plain(lambda r: node_id("R", r.id)),
            "databaseId": _plain(lambda r: r.id),
            "name": _plain(lambda r: r.name),
            "nameWithOwner": _plain(lambda r: r.full_name),
            "pullRequest": Field(_pull, "PullRequest", ("number!",)),
        },
        "PullRequest": {
            "id": _plain(lambda n: node_id("PR", n.pull.id)),
            "number": _plain(lambda n: n.pull.number),
            "title": _plain(lambda n: n.pull.issue.title),
            "url": Field(_url),
            "isDraft": _plain(lambda n: n.pull.draft),
            "state": _plain(lambda n: "MERGED" if n.pull.merged_at else n.pull.issue.state.upper()),
            "reviewThreads": Field(_threads, "ThreadConnection", PAGING),
        },
        "ThreadConnection": _connection("PullRequestReviewThread"),
        "PullRequestReviewThread": {
            "id": _plain(lambda n: node_id("PRRT", n.comments[0].id)),
            "isResolved": _plain(lambda n: n.comments[0].id in n.pull.resolved),
            "isOutdated": Field(lambda context, n, _: _place(context, n) is None and n.comments[0].line is not None),
            "resolvedBy": _plain(lambda n: n.pull.resolved.get(n.comments[0].id), "Actor"),
            "path": _plain(lambda n: n.comments[0].path),
            "line": Field(lambda context, n, _: _place(context, n)),
            "originalLine": _plain(lambda n: n.comments[0].line),
            "startLine": Field(lambda context, n, _: _first_line(context, n)),
            "originalStartLine": _plain(lambda n: n.comments[0].start_line),
            "diffSide": _plain(lambda n: n.comments[0].side),
            "comments": Field(_comments, "CommentConnection", PAGING),
        },
        "CommentConnection": _connection("PullRequestReviewComment"),
        "PullRequestReviewComment": {
            "id": _plain(lambda n: node_id("PRRC", n.comment.id)),
            "databaseId": _plain(lambda n: n.comment.id),
            "fullDatabaseId": _plain(lambda n: str(n.comment.id)),
            "body": _plain(lambda n: n.comment.body),
            "path": _plain(lambda n: n.comment.path),
            "line": _plain(lambda n: n.comment.line),
            "startLine": _plain(lambda n: n.comment.start_line),
            "diffHunk": _plain(lambda n: n.comment.diff_hunk),
            "createdAt": _plain(lambda n: iso(n.comment.created_at)),
            "updatedAt": _plain(lambda n: iso(n.comment.updated_at)),
            "authorAssociation": _plain(_association),
            "author": _plain(lambda n: n.comment.user, "Actor"),
            "replyTo": Field(_reply_to, "PullRequestReviewComment"),
            "url": Field(_comment_url),
        },
        "Actor": {"login": _plain(_graphql_login), "__typename": _plain(lambda a: a.kind)},
        "PageInfo": {
            "hasNextPage": _plain(lambda c: c.start + c.size < len(c.nodes)),
            "endCursor": _plain(lambda c: str(c.start + len(c.shown)) if c.shown else None),
        },
    }
)
