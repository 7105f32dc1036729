"""Lexer and parser of `${{ }}` expressions.

https://docs.github.com/en/actions/reference/workflows-and-actions/expressions
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from minion.hub.actions.expression_values import Value, parse_number

MAX_LENGTH = 21_000
MAX_DEPTH = 50

Operator: TypeAlias = Literal["==", "!=", "<", "<=", ">", ">="]


class ExpressionError(ValueError):
    """A malformed expression, or one that cannot be evaluated. The text is meant for the run's log."""


@dataclass(frozen=True)
class Constant:
    value: Value
    depth: int = 1


@dataclass(frozen=True)
class Named:
    name: str
    position: int
    depth: int = 1


@dataclass(frozen=True)
class Property:
    of: Expression
    name: str
    depth: int


@dataclass(frozen=True)
class Index:
    of: Expression
    key: Expression
    depth: int


@dataclass(frozen=True)
class Star:
    of: Expression
    depth: int


@dataclass(frozen=True)
class Call:
    function: str
    arguments: tuple[Expression, ...]
    position: int
    depth: int


@dataclass(frozen=True)
class Not:
    operand: Expression
    depth: int


@dataclass(frozen=True)
class Junction:
    """`&&` or `||` over two or more operands; its value is the operand that decides."""

    operator: Literal["&&", "||"]
    operands: tuple[Expression, ...]
    depth: int


@dataclass(frozen=True)
class Compare:
    operator: Operator
    left: Expression
    right: Expression
    depth: int


Expression: TypeAlias = Constant | Named | Property | Index | Star | Call | Not | Junction | Compare

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<string>'(?:[^']|'')*')
    | (?P<number>[+-]?(?:0x[0-9a-fA-F]+|0o[0-7]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|Infinity))(?![A-Za-z0-9_])
    | (?P<name>[A-Za-z_][A-Za-z0-9_-]*)
    | (?P<operator>&&|\|\||==|!=|<=|>=|[<>!()\[\].,*])
    )""",
    re.VERBOSE,
)
_CONSTANTS: dict[str, Value] = {"true": True, "false": False, "null": None, "NaN": float("nan")}


@dataclass(frozen=True)
class Token:
    kind: Literal["string", "number", "name", "operator", "end"]
    text: str
    position: int


def tokens(source: str) -> list[Token]:
    """Raises ExpressionError at the first thing that is no token."""
    found: list[Token] = []
    at = 0
    end = len(source.rstrip())
    while at < end:
        match = _TOKEN.match(source, at)
        if match is None:
            raise _error("Unexpected symbol", source[at:].split(maxsplit=1)[0], at, source)
        found.append(_token(match))
        at = match.end()
    return [*found, Token("end", "", end)]


def _token(match: re.Match[str]) -> Token:
    position = match.start(match.lastgroup or 0)
    for kind in ("string", "number", "name"):
        text = match.group(kind)
        if text is not None:
            return Token(kind, text, position)
    return Token("operator", match.group("operator"), position)


def _error(message: str, text: str, position: int, source: str) -> ExpressionError:
    shown = source if len(source) <= 200 else source[:200] + "…"
    return ExpressionError(f"{message}: '{text}'. Located at position {position + 1} within expression: {shown}")


def parse_expression(source: str) -> Expression:
    """The syntax tree of the text between `${{` and `}}`. Raises ExpressionError."""
    if len(source) > MAX_LENGTH:
        raise ExpressionError(f"Exceeded max expression length {MAX_LENGTH}")
    parser = _Parser(source, tokens(source))
    return parser.whole()


@dataclass
class _Parser:
    source: str
    tokens: list[Token]
    at: int = 0
    nesting: int = field(default=0)

    def whole(self) -> Expression:
        expression = self.either()
        token = self.peek()
        if token.kind != "end":
            raise self.unexpected(token)
        return expression

    def peek(self) -> Token:
        return self.tokens[self.at]

    def take(self) -> Token:
        token = self.tokens[self.at]
        self.at += token.kind != "end"
        return token

    def accept(self, *texts: str) -> str | None:
        token = self.peek()
        if token.kind == "operator" and token.text in texts:
            return self.take().text
        return None

    def expect(self, text: str) -> None:
        if self.accept(text) is None:
            raise self.unexpected(self.peek())

    def unexpected(self, token: Token) -> ExpressionError:
        if token.kind == "end":
            return _error("Unexpected end of expression", token.text, token.position, self.source)
        return _error("Unexpected symbol", token.text, token.position, self.source)

    def deeper(self, *children: Expression) -> int:
        depth = 1 + max((child.depth for child in children), default=0)
        if depth > MAX_DEPTH:
            raise ExpressionError(f"Exceeded max expression depth {MAX_DEPTH}")
        return depth

    def either(self) -> Expression:
        self.nesting += 1
        if self.nesting > MAX_DEPTH:
            raise ExpressionError(f"Exceeded max expression depth {MAX_DEPTH}")
        operands = [self.both()]
        while self.accept("||"):
            operands.append(self.both())
        self.nesting -= 1
        return self.junction("||", operands)

    def both(self) -> Expression:
        operands = [self.equality()]
        while self.accept("&&"):
            operands.append(self.equality())
        return self.junction("&&", operands)

    def junction(self, operator: Literal["&&", "||"], operands: list[Expression]) -> Expression:
        if len(operands) == 1:
            return operands[0]
        return Junction(operator, tuple(operands), self.deeper(*operands))

    def equality(self) -> Expression:
        left = self.relation()
        while True:
            if self.accept("=="):
                left = self.compare("==", left, self.relation())
            elif self.accept("!="):
                left = self.compare("!=", left, self.relation())
            else:
                return left

    def relation(self) -> Expression:
        left = self.negation()
        while True:
            match self.accept("<", "<=", ">", ">="):
                case "<":
                    left = self.compare("<", left, self.negation())
                case "<=":
                    left = self.compare("<=", left, self.negation())
                case ">":
                    left = self.compare(">", left, self.negation())
                case ">=":
                    left = self.compare(">=", left, self.negation())
                case _:
                    return left

    def compare(self, operator: Operator, left: Expression, right: Expression) -> Expression:
        return Compare(operator, left, right, self.deeper(left, right))

    def negation(self) -> Expression:
        count = 0
        while self.accept("!"):
            count += 1
        operand = self.postfix()
        for _ in range(count):
            operand = Not(operand, self.deeper(operand))
        return operand

    def postfix(self) -> Expression:
        target = self.primary()
        while True:
            if self.accept("."):
                target = self.dereference(target)
            elif self.accept("["):
                target = self.bracket(target)
            else:
                return target

    def dereference(self, target: Expression) -> Expression:
        if self.accept("*"):
            return Star(target, self.deeper(target))
        token = self.take()
        if token.kind != "name":
            raise self.unexpected(token)
        return Property(target, token.text, self.deeper(target))

    def bracket(self, target: Expression) -> Expression:
        if self.accept("*"):
            self.expect("]")
            return Star(target, self.deeper(target))
        key = self.either()
        self.expect("]")
        return Index(target, key, self.deeper(target, key))

    def primary(self) -> Expression:
        token = self.take()
        match token.kind:
            case "string":
                return Constant(token.text[1:-1].replace("''", "'"))
            case "number":
                return Constant(parse_number(token.text))
            case "name":
                return self.named(token)
            case "operator" if token.text == "(":
                inner = self.either()
                self.expect(")")
                return inner
            case _:
                raise self.unexpected(token)

    def named(self, token: Token) -> Expression:
        if self.accept("("):
            return self.call(token)
        if token.text in _CONSTANTS:
            return Constant(_CONSTANTS[token.text])
        return Named(token.text, token.position)

    def call(self, token: Token) -> Expression:
        arguments: list[Expression] = []
        if not self.accept(")"):
            arguments.append(self.either())
            while self.accept(","):
                arguments.append(self.either())
            self.expect(")")
        return Call(token.text, tuple(arguments), token.position, self.deeper(*arguments))
