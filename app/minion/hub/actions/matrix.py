"""Expands `strategy.matrix` into combinations.

https://docs.github.com/en/actions/how-tos/write-workflows/choose-what-workflows-do/run-job-variations
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

from minion.hub.actions.expression_syntax import ExpressionError
from minion.hub.actions.expression_values import Value, loosely_equal, to_text
from minion.hub.actions.expressions import Scope, Template
from minion.hub.actions.workflow import Tree

MAX_COMBINATIONS = 256
Combination = dict[str, Value]


def evaluate_tree(tree: Tree, scope: Scope) -> Value:
    """The plain value of a tree of templates."""
    if isinstance(tree, Template):
        return tree.evaluate(scope)
    if isinstance(tree, tuple):
        return [evaluate_tree(child, scope) for child in tree]
    return {key: evaluate_tree(child, scope) for key, child in tree.items()}


def combinations(matrix: Value) -> list[Combination]:
    """All combinations after exclude and include. Raises ExpressionError when the value is no matrix."""
    if not isinstance(matrix, Mapping):
        raise ExpressionError("the matrix must be a mapping")
    axes = {key: _axis(key, value) for key, value in matrix.items() if key not in {"include", "exclude"}}
    excluded, included = _entries(matrix, "exclude"), _entries(matrix, "include")
    originals: list[Combination] = (
        [dict(zip(axes, values, strict=True)) for values in product(*axes.values())] if axes else []
    )
    kept = [combo for combo in originals if not any(_covers(entry, combo) for entry in excluded)]
    found = _include(kept, included, set(axes))
    if not found:
        raise ExpressionError("Matrix vector does not contain any values")
    if len(found) > MAX_COMBINATIONS:
        raise ExpressionError(f"the matrix has {len(found)} combinations, more than {MAX_COMBINATIONS}")
    return found


def _axis(key: str, value: Value) -> list[Value]:
    if not isinstance(value, list):
        raise ExpressionError(f"matrix.{key} must be a list")
    return value


def _entries(matrix: Mapping[str, Value], key: str) -> list[Mapping[str, Value]]:
    found = matrix.get(key, [])
    if not isinstance(found, list):
        raise ExpressionError(f"matrix.{key} must be a list")
    entries = [entry for entry in found if isinstance(entry, Mapping)]
    if len(entries) != len(found):
        raise ExpressionError(f"matrix.{key} must hold mappings")
    return entries


def _covers(entry: Mapping[str, Value], combination: Combination) -> bool:
    return all(key in combination and _same(combination[key], value) for key, value in entry.items())


def _same(left: Value, right: Value) -> bool:
    if isinstance(left, list | Mapping) or isinstance(right, list | Mapping):
        return left == right
    return loosely_equal(left, right)


def _include(originals: list[Combination], entries: list[Mapping[str, Value]], axes: set[str]) -> list[Combination]:
    """An entry extends each original that it does not contradict; if it fits none, it is a combination of its own."""
    results: list[Combination] = [dict(combo) for combo in originals]
    added: list[Combination] = []
    for entry in entries:
        own = {key: value for key, value in entry.items() if key in axes}
        fitting = [result for result, combo in zip(results, originals, strict=True) if _covers(own, combo)]
        for result in fitting:
            result.update({key: value for key, value in entry.items() if key not in axes})
        if not fitting:
            added.append(dict(entry))
    return results + added


def suffix(combination: Mapping[str, Value]) -> str:
    """What GitHub puts behind the job's name: ` (ubuntu-latest, 3.11)`."""
    texts = [text for value in combination.values() for text in _leaves(value)]
    return f" ({', '.join(texts)})" if texts else ""


def _leaves(value: Value) -> list[str]:
    if isinstance(value, Mapping):
        return [text for child in value.values() for text in _leaves(child)]
    if isinstance(value, list):
        return [text for child in value for text in _leaves(child)]
    return [to_text(value)]
