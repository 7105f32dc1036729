"""A sequence that grows at its end: immutable, and adding to it costs the same however long it is already.

It is kept as full chunks and an open one, so that two states share all but their last few steps.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, Final, Generic, TypeVar, overload

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

T = TypeVar("T")
CHUNK: Final = 256


class Log(Sequence[T], Generic[T]):
    """In JSON a list; what was not set in an entry is left out of it."""

    __slots__ = ("_full", "_open")

    def __init__(self, entries: Iterable[T] = ()) -> None:
        given = tuple(entries)
        whole = len(given) - len(given) % CHUNK
        self._full = tuple(given[at : at + CHUNK] for at in range(0, whole, CHUNK))
        self._open = given[whole:]

    def plus(self, *entries: T) -> Log[T]:
        """A new log with the entries behind all others."""
        longer: Log[T] = Log()
        full, opened = self._full, (*self._open, *entries)
        while len(opened) >= CHUNK:
            full, opened = (*full, opened[:CHUNK]), opened[CHUNK:]
        longer._full, longer._open = full, opened
        return longer

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> Log[T]: ...
    def __getitem__(self, index: int | slice) -> T | Log[T]:
        if isinstance(index, slice):
            return Log(tuple(self)[index])
        at = index + len(self) if index < 0 else index
        if not 0 <= at < len(self):
            raise IndexError(index)
        chunk, inner = divmod(at, CHUNK)
        return self._full[chunk][inner] if chunk < len(self._full) else self._open[inner]

    def __len__(self) -> int:
        return len(self._full) * CHUNK + len(self._open)

    def __iter__(self) -> Iterator[T]:
        return chain(chain.from_iterable(self._full), self._open)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Log):
            return self._full == other._full and self._open == other._open
        return NotImplemented

    def __hash__(self) -> int:
        return hash((self._full, self._open))

    def __repr__(self) -> str:
        return f"Log({list(self)!r})"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """https://docs.pydantic.dev/latest/concepts/types/#handling-third-party-types"""
        entries = core_schema.tuple_variable_schema(handler.generate_schema(source.__args__[0]))
        known = core_schema.is_instance_schema(cls)
        return core_schema.union_schema(
            [known, core_schema.no_info_after_validator_function(cls, entries)],
            serialization=core_schema.plain_serializer_function_ser_schema(
                lambda log, info: [one.model_dump(mode=info.mode, exclude_defaults=True) for one in log], info_arg=True
            ),
        )
