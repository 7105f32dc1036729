"""What every resource file starts from."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from minion.adapters.github import fields
from minion.adapters.github.answers import Asker
from minion.adapters.github.client import HeldGitHub
from minion.domain.errors import AccessLost
from minion.domain.ids import RepositoryRef

if TYPE_CHECKING:
    from githubkit.versions import RestVersionSwitcher

_SAME_FOR_S: Final = 60.0


@dataclass
class Connection:
    """One installation's client, with what is known of it. `app_id` is our own App's."""

    api: HeldGitHub
    ask: Asker
    app_id: int
    bot_login: Callable[[], str]
    redact: Callable[[str], str]
    """Takes secrets out of every text that is written."""
    apps: dict[str, int | None] = field(default_factory=dict)
    """Slug to id of other Apps that were looked up."""
    checked: dict[tuple[int, str], float] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)


class Resource:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @property
    def _rest(self) -> RestVersionSwitcher:
        return self._connection.api.rest

    @property
    def _ask(self) -> Asker:
        return self._connection.ask

    def _redacted(self, text: str) -> str:
        return self._connection.redact(text)

    @property
    def _app_id(self) -> int:
        return self._connection.app_id

    def _same(self, repo: RepositoryRef) -> None:
        """Before a write: the name still stands for the repository we mean (names can be recycled)."""
        key, now = (repo.id, repo.full_name), time.monotonic()
        with self._connection.lock:
            if now - self._connection.checked.get(key, -_SAME_FOR_S) < _SAME_FOR_S:
                return
        found = self._ask.read(lambda: self._rest.repos.get(repo.owner, repo.name))
        if fields.number(found, "id") != repo.id:
            raise AccessLost(f"{repo.full_name} is gone, or is another repository than the one with id {repo.id}")
        with self._connection.lock:
            self._connection.checked[key] = now


def part(value: str) -> str:
    """One segment of a path, as githubkit wants it: it does not encode."""
    return quote(value, safe="")


def path_of(value: str) -> str:
    """A path of several segments."""
    return quote(value, safe="/")
