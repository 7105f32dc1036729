"""Reads a workflow file strictly: what is not in the reference is an error with its line.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

from minion.hub.actions import availability as available
from minion.hub.actions.expressions import Availability, Template
from minion.hub.actions.jobs_reader import read_concurrency, read_defaults, read_jobs
from minion.hub.actions.permissions import read_permissions
from minion.hub.actions.reading import (
    entries,
    flag,
    identifier,
    is_absent,
    literal,
    optional_entries,
    optional_template,
    sequence,
    template,
    templates,
)
from minion.hub.actions.triggers import Trigger, read_triggers
from minion.hub.actions.workflow import CallSpec, Concurrency, InputSpec, InputType, Workflow
from minion.hub.actions.yaml_source import Entries, Item, Scalar, SourceError, read_yaml

_TOP = frozenset({"name", "run-name", "on", "permissions", "env", "defaults", "concurrency", "jobs"})
_INPUT = frozenset({"description", "required", "default", "type", "options", "deprecationMessage"})
MAX_DISPATCH_INPUTS = 25


def read_workflow(text: str, path: str) -> Workflow:
    """Raises SourceError naming `path` and the line."""
    root = read_yaml(text, path)
    try:
        return _workflow(entries(root, "a workflow", 1), path)
    except SourceError as error:
        raise error.within(path) from error


def _workflow(root: Entries, path: str) -> Workflow:
    root.expect_only(_TOP, "the workflow")
    if "on" not in root.items:
        raise SourceError("Required property is missing: on", root.line)
    triggers = read_triggers(root.items["on"])
    name = root.get("name")
    return Workflow(
        path=path,
        name=path if name is None or is_absent(name) else literal(name, "name"),
        run_name=optional_template(root.get("run-name"), available.RUN_NAME, "run-name"),
        triggers=triggers,
        dispatch_inputs=_dispatch_inputs(triggers.get("workflow_dispatch")),
        call=_call(triggers.get("workflow_call")),
        permissions=read_permissions(root.get("permissions")),
        env=templates(root.get("env"), available.WORKFLOW_ENV, "env"),
        defaults=read_defaults(root.get("defaults"), available.NOTHING),
        concurrency=_concurrency(root.get("concurrency")),
        jobs=read_jobs(entries(root.get("jobs"), "jobs", root.line)),
    )


def _concurrency(item: Item | None) -> Concurrency | None:
    return read_concurrency(item, available.CONCURRENCY)


def _dispatch_inputs(trigger: Trigger | None) -> Mapping[str, InputSpec]:
    if trigger is None or trigger.body is None:
        return {}
    inputs = _inputs(trigger.body.get("inputs"), "workflow_dispatch")
    if len(inputs) > MAX_DISPATCH_INPUTS:
        raise SourceError(f"you may only define up to {MAX_DISPATCH_INPUTS} inputs", trigger.line)
    return inputs


def _inputs(item: Item | None, event: Literal["workflow_dispatch", "workflow_call"]) -> Mapping[str, InputSpec]:
    found = optional_entries(item, f"on.{event}.inputs")
    if found is None:
        return {}
    defaults = available.CALL_DEFAULT if event == "workflow_call" else available.NOTHING
    return {name: _input(name, value, found.key_lines[name], defaults) for name, value in found}


def _input(name: str, item: Item, line: int, defaults: Availability) -> InputSpec:
    identifier(name, "input name", line)
    if isinstance(item, Scalar) and item.value is None:
        return InputSpec(name, "string", required=False, default=None, options=())
    found = entries(item, f"input {name}", line)
    found.expect_only(_INPUT, f"input {name}")
    kind = _input_type(found.get("type"))
    options = found.get("options")
    choices = sequence(options, f"input {name}.options", line).items if options else ()
    if (kind == "choice") != bool(choices):
        raise SourceError(f"input {name}: options belong to the type choice, which needs them", line)
    return InputSpec(
        name=name,
        type=kind,
        required=flag(found.get("required"), f"input {name}.required"),
        default=optional_template(found.get("default"), defaults, f"input {name}.default"),
        options=tuple(literal(choice, f"input {name}.options") for choice in choices),
    )


def _input_type(item: Item | None) -> InputType:
    if item is None:
        return "string"
    text = literal(item, "type")
    for kind in get_args(InputType):
        if kind == text:
            found: InputType = kind
            return found
    raise SourceError(f"Unexpected value '{text}' in type", item.line)


def _call(trigger: Trigger | None) -> CallSpec | None:
    if trigger is None:
        return None
    if trigger.body is None:
        return CallSpec({}, {}, {})
    return CallSpec(
        inputs=_inputs(trigger.body.get("inputs"), "workflow_call"),
        secrets=_call_secrets(trigger.body.get("secrets")),
        outputs=_call_outputs(trigger.body.get("outputs")),
    )


def _call_secrets(item: Item | None) -> Mapping[str, bool]:
    found = optional_entries(item, "on.workflow_call.secrets")
    secrets: dict[str, bool] = {}
    for name, value in found or ():
        spec = optional_entries(value, f"secret {name}")
        if spec is not None:
            spec.expect_only(frozenset({"description", "required"}), f"secret {name}")
        secrets[name] = flag(spec.get("required"), f"secret {name}.required") if spec else False
    return secrets


def _call_outputs(item: Item | None) -> Mapping[str, Template]:
    found = optional_entries(item, "on.workflow_call.outputs")
    outputs: dict[str, Template] = {}
    for name, value in found or ():
        spec = entries(value, f"output {name}", value.line)
        spec.expect_only(frozenset({"description", "value"}), f"output {name}")
        if "value" not in spec.items:
            raise SourceError(f"output {name} needs a value", spec.line)
        outputs[name] = template(spec.items["value"], available.CALL_OUTPUT, f"output {name}")
    return outputs
