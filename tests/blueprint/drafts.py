"""Blueprints as plain data, read as their text would be, without the time that parsing takes."""

from __future__ import annotations

import json
from typing import Any, TypeAlias

from minion.blueprint.loader import read_tree
from minion.blueprint.model import Blueprint
from minion.blueprint.problem import Mark, Problem
from minion.blueprint.source import Entries, Listing, Scalar

MARK = Mark(1, 1)
Draft: TypeAlias = dict[str, Any]


def read(draft: Draft) -> Blueprint | tuple[Problem, ...]:
    return read_tree(_tree(draft), json.dumps(draft), None)


def _tree(data: Any) -> Any:
    if isinstance(data, dict):
        return Entries({key: _tree(value) for key, value in data.items()}, dict.fromkeys(data, MARK), MARK)
    if isinstance(data, list):
        return Listing(tuple(_tree(value) for value in data), MARK)
    return Scalar(data if isinstance(data, str) else json.dumps(data), True, MARK)
