"""workflow_dispatch: checks inputs against what the workflow declares.

https://docs.github.com/en/rest/actions/workflows#create-a-workflow-dispatch-event
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from minion.hub.actions.expression_values import Value, to_number, to_text
from minion.hub.actions.expressions import Scope
from minion.hub.actions.workflow import InputSpec, Workflow

MAX_INPUTS = 25
MAX_CHARACTERS = 65_535


@dataclass(frozen=True)
class Refused:
    """The answer's status and message."""

    status: int
    message: str


@dataclass(frozen=True)
class Inputs:
    typed: Mapping[str, Value]  # the `inputs` context
    texts: Mapping[str, str]  # `github.event.inputs`


def typed_value(spec: InputSpec, given: Value) -> Value:
    """The value in the input's type; a string stays a string when it is no boolean or number."""
    if given is None:
        return {"boolean": False, "number": 0}.get(spec.type, "")
    text = to_text(given)
    if spec.type == "boolean":
        return {"true": True, "false": False}.get(text.lower(), text)
    if spec.type == "number":
        number = to_number(text)
        return text if number != number else number  # noqa: PLR0124 - NaN differs from itself
    return text


def check_inputs(workflow: Workflow, given: Mapping[str, Any]) -> Inputs | Refused:
    """What the run gets, or GitHub's refusal (422)."""
    declared = workflow.dispatch_inputs
    if len(given) > MAX_INPUTS:
        return Refused(422, f"inputs are limited to {MAX_INPUTS} properties")
    if len(json.dumps(dict(given), ensure_ascii=False)) > MAX_CHARACTERS:
        return Refused(422, f"inputs are too large: the limit is {MAX_CHARACTERS} characters")
    unknown = sorted(set(given) - set(declared))
    if unknown:
        return Refused(422, f"Unexpected inputs provided: {json.dumps(unknown)}")
    typed: dict[str, Value] = {}
    for name, spec in declared.items():
        value = given.get(name)
        if value is None and spec.default is not None:
            value = spec.default.evaluate(Scope({}))
        problem = _problem(spec, value)
        if problem is not None:
            return Refused(422, problem)
        typed[name] = typed_value(spec, value)
    return Inputs(typed, {name: to_text(value) for name, value in typed.items()})


def _problem(spec: InputSpec, value: Any) -> str | None:
    if value is None or value == "":
        return f"Required input '{spec.name}' not provided" if spec.required else None
    if isinstance(value, dict | list):
        return f"Input '{spec.name}' must be a string, boolean or number"
    if spec.type == "choice" and to_text(value) not in spec.options:
        return f"Provided value '{to_text(value)}' for input '{spec.name}' not in the list of allowed values"
    typed = typed_value(spec, value)
    if spec.type in {"boolean", "number"} and isinstance(typed, str):
        return f"Provided value '{to_text(value)}' for input '{spec.name}' is not a {spec.type}"
    return None
