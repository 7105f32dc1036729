"""Parses one GraphQL operation. https://spec.graphql.org/October2021/#sec-Language

Fragments and directives are refused: nothing here needs them, and nothing is ignored.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

TOKEN = re.compile(
    r'[\s,\ufeff]+|#[^\n]*|"""(?:[^"]|"(?!""))*"""|"(?:[^"\\\n]|\\.)*"|\.\.\.|[A-Za-z_]\w*|-?\d+(?:\.\d+)?|[{}()\[\]:!$=@&|]'
)


class SyntaxProblem(ValueError):  # noqa: N818  # an answer, not an error
    """The document does not parse; the message says where."""


@dataclass(frozen=True)
class Selection:
    """One selected field."""

    key: str  # its alias, or its name
    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    children: tuple[Selection, ...] = ()


@dataclass(frozen=True)
class Operation:
    kind: str  # query | mutation
    selections: tuple[Selection, ...]


def tokens(text: str) -> list[str]:
    """Without blanks and comments."""
    found, at = [], 0
    while at < len(text):
        match = TOKEN.match(text, at)
        if match is None:
            raise SyntaxProblem(f"Unexpected character {text[at]!r} at {at}")
        at = match.end()
        word = match[0]
        if word.strip(" \t\r\n,\ufeff") and not word.startswith("#"):
            found.append(word)
    return found


def parse(text: str, variables: Mapping[str, Any]) -> Operation:
    """The single operation, with variables put in; SyntaxProblem for anything else."""
    reader = _Reader(tokens(text), variables)
    operation = reader.operation()
    if reader.peek():
        raise SyntaxProblem(f"Expected one operation, got {reader.peek()!r} after it")
    return operation


class _Reader:
    def __init__(self, words: list[str], variables: Mapping[str, Any]) -> None:
        self._words = words
        self._at = 0
        self._variables = dict(variables)

    def peek(self) -> str:
        return self._words[self._at] if self._at < len(self._words) else ""

    def _next(self) -> str:
        word = self.peek()
        self._at += 1
        return word

    def _take(self, expected: str) -> None:
        word = self._next()
        if word != expected:
            raise SyntaxProblem(f"Expected {expected!r}, got {word!r}")

    def _name(self) -> str:
        word = self._next()
        if not re.fullmatch(r"[A-Za-z_]\w*", word):
            raise SyntaxProblem(f"Expected a name, got {word!r}")
        return word

    def operation(self) -> Operation:
        kind = "query"
        if self.peek() != "{":
            kind = self._name()
            if kind not in ("query", "mutation"):
                raise SyntaxProblem(f"Unexpected {kind!r}")
            if self.peek() not in ("(", "{"):
                self._name()
            if self.peek() == "(":
                self._definitions()
        return Operation(kind, self._selections())

    def _definitions(self) -> None:
        self._take("(")
        declared = set()
        while self.peek() != ")":
            self._take("$")
            name = self._name()
            declared.add(name)
            self._take(":")
            required = self._type()
            if self.peek() == "=":
                self._next()
                self._variables.setdefault(name, self._value())
            if required and self._variables.get(name) is None:
                raise SyntaxProblem(f"Variable ${name} of a required type was not provided")
            self._variables.setdefault(name, None)
        self._take(")")
        if unused := set(self._variables) - declared:
            raise SyntaxProblem(f"Variables that are not declared: {', '.join(sorted(unused))}")

    def _type(self) -> bool:
        if self.peek() == "[":
            self._next()
            self._type()
            self._take("]")
        else:
            self._name()
        if self.peek() == "!":
            self._next()
            return True
        return False

    def _selections(self) -> tuple[Selection, ...]:
        self._take("{")
        found = []
        while self.peek() != "}":
            found.append(self._selection())
        self._take("}")
        if not found:
            raise SyntaxProblem("An empty selection")
        return tuple(found)

    def _selection(self) -> Selection:
        if self.peek() == "...":
            raise SyntaxProblem("This hub does not know fragments")
        key = name = self._name()
        if self.peek() == ":":
            self._next()
            name = self._name()
        arguments = self._arguments() if self.peek() == "(" else {}
        if self.peek() == "@":
            raise SyntaxProblem("This hub does not know directives")
        children = self._selections() if self.peek() == "{" else ()
        return Selection(key, name, arguments, children)

    def _arguments(self) -> dict[str, Any]:
        return self._pairs("(", ")")

    def _pairs(self, opening: str, closing: str) -> dict[str, Any]:
        self._take(opening)
        found = {}
        while self.peek() != closing:
            name = self._name()
            self._take(":")
            found[name] = self._value()
        self._take(closing)
        return found

    def _value(self) -> Any:
        word = self.peek()
        if word == "{":
            return self._pairs("{", "}")
        if word == "[":
            return self._list()
        self._next()
        if word == "$":
            return self._variable()
        if word.startswith('"""'):
            return word[3:-3]
        if word in ("true", "false", "null") or re.fullmatch(r'".*"|-?\d+(\.\d+)?', word, re.DOTALL):
            return json.loads(word)
        if re.fullmatch(r"[A-Za-z_]\w*", word):
            return word  # an enum value
        raise SyntaxProblem(f"Expected a value, got {word!r}")

    def _list(self) -> list[Any]:
        self._take("[")
        found = []
        while self.peek() != "]":
            found.append(self._value())
        self._take("]")
        return found

    def _variable(self) -> Any:
        name = self._name()
        if name not in self._variables:
            raise SyntaxProblem(f"Variable ${name} is not declared")
        return self._variables[name]
