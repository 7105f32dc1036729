"""The kinds of value that a blueprint's keys may have: read by `reader`, rendered as JSON Schema by `schema`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias


@dataclass(frozen=True)
class Text:
    """One string without `${{ }}`."""

    most: int = 4000


@dataclass(frozen=True)
class Script:
    """Shell text; `${{ }}` in it would be an injection and is an error."""


@dataclass(frozen=True)
class Name:
    """A node, input or blueprint name."""


@dataclass(frozen=True)
class Path:
    """A path to look up, with `?` behind what may be absent."""


@dataclass(frozen=True)
class LookupOnly:
    """`${{ path }}` and nothing else."""


@dataclass(frozen=True)
class Choice:
    values: tuple[str, ...]


@dataclass(frozen=True)
class Whole:
    low: int
    high: int


@dataclass(frozen=True)
class Money:
    """US dollars."""

    high: Decimal


@dataclass(frozen=True)
class Duration:
    """`90s`, `40m`, `3h`, `7d`; read as seconds."""

    high_s: float


@dataclass(frozen=True)
class Flag:
    """true or false."""


@dataclass(frozen=True)
class Literal:
    """One string, number or truth value."""


@dataclass(frozen=True)
class Data:
    """Any JSON data."""


@dataclass(frozen=True)
class OutputSchema:
    """A JSON Schema of an object, in the strict subset that models are held to."""


@dataclass(frozen=True)
class Targets:
    """`next`: one node for the good outcome, or outcome by outcome."""

    outcomes: tuple[str, ...]


@dataclass(frozen=True)
class ListOf:
    item: Shape
    least: int = 0


@dataclass(frozen=True)
class TableOf:
    """Values by names of the author's own."""

    values: Shape
    least: int = 0
    any_key: bool = False
    """Keys need not be names: the cases of a switch."""
    variables: bool = False
    """Keys are names of environment variables."""


@dataclass(frozen=True)
class Argument:
    """A literal of the inner shape, or `${{ path }}`. Tainted values pass only where `text` says so."""

    inner: Shape
    text: bool = False


@dataclass(frozen=True)
class Record:
    """Exactly these keys."""

    keys: Mapping[str, Key]


@dataclass(frozen=True)
class OneOf:
    """A mapping whose `tag` says which record it is."""

    tag: str
    records: Mapping[str, Record]


Shape: TypeAlias = (
    Text
    | Script
    | Name
    | Path
    | LookupOnly
    | Choice
    | Whole
    | Money
    | Duration
    | Flag
    | Literal
    | Data
    | OutputSchema
    | Targets
    | ListOf
    | TableOf
    | Argument
    | Record
    | OneOf
)


@dataclass(frozen=True)
class Key:
    shape: Shape
    doc: str
    required: bool = False
