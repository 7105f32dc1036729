"""Reads action.yml strictly.

https://docs.github.com/en/actions/reference/workflows-and-actions/metadata-syntax
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from minion.hub.actions import availability as available
from minion.hub.actions.expressions import Template
from minion.hub.actions.jobs_reader import ACTION_STEPS, read_steps
from minion.hub.actions.reading import entries, flag, literal, optional_entries, optional_template, template
from minion.hub.actions.workflow import Step
from minion.hub.actions.yaml_source import Entries, Item, SourceError, read_yaml

_TOP = frozenset({"name", "author", "description", "inputs", "outputs", "runs", "branding"})
_INPUT = frozenset({"description", "required", "default", "deprecationMessage"})


@dataclass(frozen=True)
class ActionInput:
    name: str
    required: bool
    default: Template | None


@dataclass(frozen=True)
class ActionFile:
    """`using` other than composite has no steps and cannot run in this hub."""

    name: str
    using: str
    inputs: Mapping[str, ActionInput]
    outputs: Mapping[str, Template]
    steps: tuple[Step, ...]


def read_action(text: str, path: str) -> ActionFile:
    """Raises SourceError naming `path` and the line."""
    root = read_yaml(text, path)
    try:
        return _action(entries(root, "an action", 1))
    except SourceError as error:
        raise error.within(path) from error


def _action(root: Entries) -> ActionFile:
    root.expect_only(_TOP, "the action")
    runs = entries(root.get("runs"), "runs", root.line)
    using = literal(runs.items["using"], "runs.using") if "using" in runs.items else ""
    if not using:
        raise SourceError("Required property is missing: runs.using", runs.line)
    name = root.get("name")
    composite = using == "composite"
    return ActionFile(
        name=literal(name, "name") if name else "",
        using=using,
        inputs=_inputs(root.get("inputs")),
        outputs=_outputs(root.get("outputs"), composite=composite),
        steps=_steps(runs) if composite else (),
    )


def _steps(runs: Entries) -> tuple[Step, ...]:
    runs.expect_only(frozenset({"using", "steps"}), "runs")
    if "steps" not in runs.items:
        raise SourceError("Required property is missing: runs.steps", runs.line)
    return read_steps(runs.items["steps"], "runs.steps", ACTION_STEPS)


def _inputs(item: Item | None) -> Mapping[str, ActionInput]:
    found = optional_entries(item, "inputs")
    return {name: _input(name, value) for name, value in found or ()}


def _input(name: str, item: Item) -> ActionInput:
    found = optional_entries(item, f"input {name}")
    if found is None:
        return ActionInput(name, required=False, default=None)
    found.expect_only(_INPUT, f"input {name}")
    return ActionInput(
        name,
        flag(found.get("required"), f"input {name}.required"),
        optional_template(found.get("default"), available.ACTION_DEFAULT, f"input {name}.default"),
    )


def _outputs(item: Item | None, *, composite: bool) -> Mapping[str, Template]:
    found = optional_entries(item, "outputs")
    outputs: dict[str, Template] = {}
    for name, value in found or ():
        spec = entries(value, f"output {name}", value.line)
        spec.expect_only(frozenset({"description", "value"}), f"output {name}")
        if composite and "value" not in spec.items:
            raise SourceError(f"output {name} needs a value", spec.line)
        if composite:
            outputs[name] = template(spec.items["value"], available.ACTION_OUTPUT, f"output {name}.value")
    return outputs
