"""Where `minion run` tells a person what goes on: standard error, or nowhere. `rich` is imported where it is used."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from minion.domain.trace import TraceEvent

if TYPE_CHECKING:
    from rich.console import Console

Listener = Callable[[TraceEvent], None]


class Terminal(Protocol):
    def line(self, markup: str, *values: object) -> None:
        """`markup` is ours, with `{}` for each of `values`, which may be anybody's text."""
        ...

    def plain(self, words: str) -> None: ...

    def following(self) -> AbstractContextManager[Listener]:
        """Shows a run's events while it is open."""
        ...


def terminal(*, quiet: bool) -> Terminal:
    return _Nowhere() if quiet else _StandardError()


class _Nowhere:
    def line(self, markup: str, *values: object) -> None:
        pass

    def plain(self, words: str) -> None:
        pass

    def following(self) -> AbstractContextManager[Listener]:
        return nullcontext(lambda _: None)


class _StandardError:
    @cached_property
    def _console(self) -> Console:
        from rich.console import Console

        return Console(stderr=True)

    def line(self, markup: str, *values: object) -> None:
        from rich.markup import escape

        self._console.print(markup.format(*(escape(str(value)) for value in values)))

    def plain(self, words: str) -> None:
        self._console.out(words, highlight=False)

    @contextmanager
    def following(self) -> Iterator[Listener]:
        from minion.runner.progress import Progress

        with Progress(self._console) as progress:
            yield progress.listen
