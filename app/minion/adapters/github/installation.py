"""One installation's view of GitHub: all resources on one held connection."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from minion.adapters.github.actions import Actions
from minion.adapters.github.auth import AccessToken
from minion.adapters.github.checks import Checks
from minion.adapters.github.commits import Commits
from minion.adapters.github.items import Items
from minion.adapters.github.pulls import Pulls
from minion.adapters.github.resource import Connection
from minion.adapters.github.reviews import Reviews
from minion.domain.ids import RepositoryRef


class InstallationGitHub(Items, Pulls, Reviews, Checks, Actions, Commits):
    """Implements `minion.ports.github.GitHub`."""

    def __init__(
        self, connection: Connection, installation_id: int, narrow: Callable[[RepositoryRef], AccessToken]
    ) -> None:
        super().__init__(connection)
        self.installation_id = installation_id
        self._narrow = narrow

    def clone_token(self, repo: RepositoryRef) -> tuple[str, datetime]:
        token = self._narrow(repo)
        return token.value.reveal(), token.expires_at

    def close(self) -> None:
        self._connection.api.close()
