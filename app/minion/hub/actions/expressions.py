"""Evaluates `${{ }}` expressions and texts that hold them.

https://docs.github.com/en/actions/reference/workflows-and-actions/expressions
https://docs.github.com/en/actions/reference/workflows-and-actions/contexts#context-availability
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from minion.hub.actions.expression_functions import FUNCTIONS, arity_problem
from minion.hub.actions.expression_syntax import (
    Call,
    Compare,
    Constant,
    Expression,
    ExpressionError,
    Index,
    Junction,
    Named,
    Not,
    Property,
    Star,
    parse_expression,
)
from minion.hub.actions.expression_values import (
    FilteredList,
    Value,
    less_than,
    loosely_equal,
    to_number,
    to_text,
    truthy,
)

STATUS_FUNCTIONS = frozenset({"success", "failure", "always", "cancelled"})
_OPENING = "${{"
_CLOSING = re.compile(r"'(?:[^']|'')*'|(?P<end>\}\})")

Special = Callable[[list[Value]], Value]


@dataclass(frozen=True)
class Availability:
    """Contexts and special functions that a workflow key may use; names in lower case."""

    contexts: frozenset[str]
    functions: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Scope:
    """What an expression sees: contexts by lower-case name, and the functions that depend on where it stands."""

    contexts: Mapping[str, Value]
    functions: Mapping[str, Special] = field(default_factory=dict)


def evaluate(expression: Expression, scope: Scope) -> Value:
    """The value. Raises ExpressionError when a function cannot do what it is asked."""
    match expression:
        case Constant():
            return expression.value
        case Named():
            return _context(expression, scope)
        case Property():
            return _property(evaluate(expression.of, scope), expression.name)
        case Index():
            return _index(evaluate(expression.of, scope), evaluate(expression.key, scope))
        case Star():
            return _star(evaluate(expression.of, scope))
        case Call():
            return _call(expression, scope)
        case Not():
            return not truthy(evaluate(expression.operand, scope))
        case Junction():
            return _junction(expression, scope)
        case Compare():
            return _compare(expression, scope)


def _context(expression: Named, scope: Scope) -> Value:
    name = expression.name.lower()
    if name not in scope.contexts:
        raise ExpressionError(f"Unrecognized named-value: '{expression.name}'")
    return scope.contexts[name]


def _property(target: Value, name: str) -> Value:
    if isinstance(target, FilteredList):
        found = (_lookup(item, name) for item in target)
        return FilteredList(item for present, item in found if present)
    return _lookup(target, name)[1]


def _lookup(target: Value, name: str) -> tuple[bool, Value]:
    if not isinstance(target, Mapping):
        return False, None
    if name in target:
        return True, target[name]
    folded = name.lower()
    for key, value in target.items():
        if key.lower() == folded:
            return True, value
    return False, None


def _index(target: Value, key: Value) -> Value:
    if isinstance(target, FilteredList) and isinstance(key, str):
        return _property(target, key)
    if isinstance(target, FilteredList):
        picked = (_element(item, key) for item in target if isinstance(item, list))
        return FilteredList(item for item in picked if item is not None)
    if isinstance(target, list):
        return _element(target, key)
    if isinstance(key, list | Mapping):
        return None
    return _lookup(target, to_text(key))[1]


def _element(target: list[Value], key: Value) -> Value:
    number = to_number(key)
    if number != number or not 0 <= number < len(target):  # noqa: PLR0124 - NaN differs from itself
        return None
    return target[int(number)]


def _star(target: Value) -> Value:
    if isinstance(target, FilteredList):
        return FilteredList(item for inner in target for item in _children(inner))
    return FilteredList(_children(target))


def _children(target: Value) -> Iterable[Value]:
    if isinstance(target, list):
        return target
    return target.values() if isinstance(target, Mapping) else ()


def _call(expression: Call, scope: Scope) -> Value:
    name = expression.function.lower()
    arguments = [evaluate(argument, scope) for argument in expression.arguments]
    if name in FUNCTIONS:
        return FUNCTIONS[name].run(arguments)
    special = scope.functions.get(name)
    if special is None:
        raise ExpressionError(f"Unrecognized function: '{expression.function}'")
    return special(arguments)


def _junction(expression: Junction, scope: Scope) -> Value:
    stops_at = expression.operator == "||"
    value: Value = None
    for operand in expression.operands:
        value = evaluate(operand, scope)
        if truthy(value) == stops_at:
            return value
    return value


def _compare(expression: Compare, scope: Scope) -> Value:
    left, right = evaluate(expression.left, scope), evaluate(expression.right, scope)
    match expression.operator:
        case "==":
            return loosely_equal(left, right)
        case "!=":
            return not loosely_equal(left, right)
        case "<":
            return less_than(left, right)
        case ">":
            return less_than(right, left)
        case "<=":
            return less_than(left, right) or loosely_equal(left, right)
        case ">=":
            return less_than(right, left) or loosely_equal(left, right)


def walk(expression: Expression) -> Iterator[Expression]:
    """The expression and everything inside it."""
    yield expression
    for child in _parts(expression):
        yield from walk(child)


def _parts(expression: Expression) -> tuple[Expression, ...]:
    match expression:
        case Constant() | Named():
            return ()
        case Property() | Star():
            return (expression.of,)
        case Index():
            return (expression.of, expression.key)
        case Call():
            return expression.arguments
        case Not():
            return (expression.operand,)
        case Junction():
            return expression.operands
        case Compare():
            return (expression.left, expression.right)


def check_available(expression: Expression, available: Availability) -> None:
    """Raises ExpressionError when a context or function may not be used here."""
    for part in walk(expression):
        if isinstance(part, Named) and part.name.lower() not in available.contexts:
            raise ExpressionError(f"Unrecognized named-value: '{part.name}'. Located at position {part.position + 1}")
        if isinstance(part, Call):
            _check_function(part, available)


def _check_function(call: Call, available: Availability) -> None:
    name = call.function.lower()
    if name not in FUNCTIONS and name not in available.functions:
        raise ExpressionError(f"Unrecognized function: '{call.function}'. Located at position {call.position + 1}")
    problem = arity_problem(name, len(call.arguments))
    if problem:
        raise ExpressionError(f"{problem} '{call.function}'. Located at position {call.position + 1}")


@dataclass(frozen=True)
class Template:
    """A value of a workflow file: literal, one whole expression, or text with expressions inside."""

    parts: tuple[str | Expression, ...]
    literal: bool | int | float | str | None
    line: int

    @property
    def is_literal(self) -> bool:
        return not self.parts

    def evaluate(self, scope: Scope) -> Value:
        """The typed value of a literal or a whole expression; otherwise the joined text."""
        if not self.parts:
            return self.literal
        if len(self.parts) == 1 and not isinstance(self.parts[0], str):
            return evaluate(self.parts[0], scope)
        return self.text(scope)

    def text(self, scope: Scope) -> str:
        if not self.parts:
            return to_text(self.literal)
        return "".join(part if isinstance(part, str) else to_text(evaluate(part, scope)) for part in self.parts)

    def calls(self, names: frozenset[str]) -> bool:
        """Whether any of these functions (lower case) is called."""
        inner = (node for part in self.parts if not isinstance(part, str) for node in walk(part))
        return any(isinstance(node, Call) and node.function.lower() in names for node in inner)


def parse_template(value: bool | float | str | None, line: int, available: Availability) -> Template:
    """Raises ExpressionError for a malformed expression or one that uses what is not available here."""
    if not isinstance(value, str) or _OPENING not in value:
        return Template((), value, line)
    parts = tuple(_split(value))
    for part in parts:
        if not isinstance(part, str):
            check_available(part, available)
    return Template(parts, value, line)


def parse_condition(value: bool | float | str | None, line: int, available: Availability) -> Template:
    """An `if`: `${{ }}` may be left out. Text around `${{ }}` makes a string, which is true: refused here."""
    text = to_text(value).strip()
    if _OPENING not in text:
        expression = parse_expression(text)
        check_available(expression, available)
        return Template((expression,), text, line)
    template = parse_template(text, line, available)
    if len(template.parts) != 1:
        raise ExpressionError("the condition has text outside of ${{ }} and would always be true")
    return template


def _split(text: str) -> Iterator[str | Expression]:
    at = 0
    while (start := text.find(_OPENING, at)) >= 0:
        if start > at:
            yield text[at:start]
        end = _closing(text, start + len(_OPENING))
        yield parse_expression(text[start + len(_OPENING) : end])
        at = end + 2
    if at < len(text):
        yield text[at:]


def _closing(text: str, at: int) -> int:
    for match in _CLOSING.finditer(text, at):
        if match.group("end"):
            return match.start("end")
    raise ExpressionError("The expression is not closed. An unescaped ${{ sequence was found, but not the closing }}")
