"""Pages of the web that an agent may read: those of hosts that the repository allows, and no others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Page:
    """`url` is where it was in the end, `kind` its media type, `size` its bytes; `whole` is False where the end of
    a longer page was left off. `text` is as it came: untrusted."""

    url: str
    kind: str
    text: str
    size: int
    whole: bool


@dataclass(frozen=True)
class NotFetched:
    """Why not, for the model."""

    reason: str


class Web(Protocol):
    @property
    def hosts(self) -> Sequence[str]:
        """What is allowed: names of hosts, or `*.` and a domain for all below it."""
        ...

    @property
    def not_allowed(self) -> Sequence[str]:
        """Names of hosts that were asked for and are not allowed: a few, each once, letters, digits, `-` and `.`."""
        ...

    def fetch(self, url: str) -> Page | NotFetched:
        """Never raises for what a server or a name does. The same address is fetched once."""
        ...
