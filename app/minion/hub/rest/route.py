"""A REST route as data: what it matches, who may call it, what it accepts, and its handler."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias
from urllib.parse import unquote, urlencode

from minion.hub.actors import Actor
from minion.hub.errors import Refusal, not_found
from minion.hub.state import Account, Repository

if TYPE_CHECKING:
    from minion.hub.core import Core


@dataclass(frozen=True)
class Anyone:
    """No credential needed."""


@dataclass(frozen=True)
class SignedIn:
    """Any valid token: a person's, an installation's or a job's."""


@dataclass(frozen=True)
class AsApp:
    """The App's own JWT."""


@dataclass(frozen=True)
class AsInstallation:
    """An installation token, whatever its permissions."""


@dataclass(frozen=True)
class OnRepository:
    """The route works on {owner}/{repo}. A token of an App or a job needs any one of `permissions`
    (name, level); a person needs at least `role`. https://docs.github.com/en/rest/authentication/permissions-required-for-github-apps
    """

    permissions: tuple[tuple[str, str], ...]
    role: str

    @property
    def accepted(self) -> str:
        """The value of X-Accepted-GitHub-Permissions."""
        return "; ".join(f"{name}={level}" for name, level in self.permissions)


Access: TypeAlias = Anyone | SignedIn | AsApp | AsInstallation | OnRepository


def needs(*permissions: str, role: str = "") -> OnRepository:
    """`needs("issues:write", "pull_requests:write", role="triage")`; the role defaults to the first level's name."""
    pairs = tuple((name, level) for name, _, level in (p.partition(":") for p in permissions))
    return OnRepository(pairs, role or pairs[0][1])


@dataclass(frozen=True)
class Answer:
    """What a handler returns. `body` None means no content; bytes are sent as they are."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Field:
    """One accepted top-level body field, read from a spec such as `title:str!`, `milestone:int?` or `body`."""

    name: str
    kind: str  # str int bool list dict any
    required: bool
    nullable: bool

    KINDS: ClassVar[Mapping[str, type]] = {"str": str, "int": int, "bool": bool, "list": list, "dict": dict}

    @classmethod
    def parse(cls, spec: str) -> Field:
        bare = spec.rstrip("!?")
        name, _, kind = bare.partition(":")
        return cls(name, kind or "str", "!" in spec, "?" in spec)

    def accepts(self, value: Any) -> bool:
        """True when the JSON value has this field's type; a bool is not an int."""
        if self.kind == "any" or (value is None and self.nullable):
            return True
        if isinstance(value, bool) and self.kind != "bool":
            return False
        return isinstance(value, self.KINDS[self.kind])


@dataclass
class Call:
    """One authorised request, as its handler sees it. The hub's lock is held."""

    core: Core
    actor: Actor
    route: Route
    params: Mapping[str, str]
    query: Mapping[str, str]
    body: dict[str, Any]
    headers: Mapping[str, str]
    found: Repository | None = None

    @property
    def repository(self) -> Repository:
        """The repository of an OnRepository route."""
        if self.found is None:
            raise not_found()
        return self.found

    @property
    def account(self) -> Account:
        """Who acts: a person, the App's bot or github-actions[bot]."""
        if self.actor.account is None:
            raise Refusal(401, "Requires authentication")
        return self.actor.account

    def number(self, name: str) -> int:
        """A numeric path parameter; anything else is 404, as on GitHub."""
        value = self.params[name]
        if not value.isascii() or not value.isdigit():
            raise not_found()
        return int(value)

    def page(self, items: Sequence[Any], render: Callable[[Any], Any], *, key: str = "", path: str = "") -> Answer:
        """One page of items; with `key`, wrapped as {total_count, key: [...]}; a Link header for the other pages.
        https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api"""
        size = max(1, min(int(self.query.get("per_page") or 30), 100))
        page = max(1, int(self.query.get("page") or 1))
        shown = [render(item) for item in items[(page - 1) * size : page * size]]
        body: Any = {"total_count": len(items), key: shown} if key else shown
        return Answer(200, body, self._links(page, -(-len(items) // size), path))

    def _links(self, page: int, last: int, path: str) -> dict[str, str]:
        base = f"{self.core.api_url}{path or self.route.fill(self.params)}"
        wanted = {"prev": page - 1, "next": page + 1, "first": 1, "last": last}
        shown = {rel: n for rel, n in wanted.items() if 1 <= n <= last and (n != page)}
        parts = [f'<{base}?{urlencode(dict(self.query) | {"page": n})}>; rel="{rel}"' for rel, n in shown.items()]
        return {"Link": ", ".join(parts)} if parts else {}


Handler: TypeAlias = Callable[[Call], Answer]


@dataclass(frozen=True)
class Route:
    """One row of the registry. `path` is below /api/v3; `{name}` is one segment, `{name:path}` any number of them."""

    method: str
    path: str
    handler: Handler
    access: Access
    query: frozenset[str] = frozenset()
    body: tuple[Field, ...] = ()
    any_body: bool = False  # the body is a bare JSON array or an open object (labels as a list, client payloads)
    locked: bool = True  # False: the handler runs without the hub's lock and may wait

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Matches the undecoded path; each parameter is percent-decoded by `match`."""
        escaped = re.escape(self.path).replace(r"\{", "{").replace(r"\}", "}").replace(r"\-", "-")
        greedy = re.sub(r"\{(\w+):path\}", r"(?P<\1>.+)", escaped)
        return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", greedy))

    @cached_property
    def weight(self) -> int:
        """Literal segments; the most literal of several matching routes wins."""
        return sum(not part.startswith("{") for part in self.path.split("/"))

    def match(self, method: str, raw_path: str) -> dict[str, str] | None:
        """The decoded parameters, or None."""
        found = self.pattern.fullmatch(raw_path) if method == self.method else None
        return None if found is None else {name: unquote(value) for name, value in found.groupdict().items()}

    def fill(self, params: Mapping[str, str]) -> str:
        """The path with its parameters put in."""
        return re.sub(r"\{(\w+)(?::path)?\}", lambda m: params[m[1]], self.path)


@dataclass(frozen=True)
class Accepts:
    """Query parameters and body fields, each a space-separated list: `Accepts("per_page page", "title! body:str?")`."""

    query: str = ""
    body: str = ""
    any_body: bool = False


NOTHING = Accepts()
PAGED = Accepts("per_page page")


def route(method_and_path: str, handler: Handler, access: Access, accepts: Accepts = NOTHING) -> Route:
    """`route("GET /repos/{owner}/{repo}/labels", list_labels, needs("issues:read"), PAGED)`."""
    method, _, path = method_and_path.partition(" ")
    fields = tuple(Field.parse(spec) for spec in accepts.body.split())
    return Route(method, path, handler, access, frozenset(accepts.query.split()), fields, accepts.any_body)


def find(routes: Iterable[Route], method: str, raw_path: str) -> tuple[Route, dict[str, str]] | None:
    """The most literal route that matches, with its parameters."""
    hits = [(r, params) for r in routes if (params := r.match(method, raw_path)) is not None]
    return max(hits, key=lambda hit: hit[0].weight, default=None)
