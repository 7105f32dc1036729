"""Reusable workflows: a job that calls another workflow file.

https://docs.github.com/en/actions/how-tos/reuse-automations/reuse-workflows
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from minion.hub.actions.composite import parse_uses
from minion.hub.actions.dispatching import typed_value
from minion.hub.actions.expression_values import Value
from minion.hub.actions.expressions import Scope
from minion.hub.actions.git_reader import resolve_commit, workflow_file
from minion.hub.actions.host import Host
from minion.hub.actions.plan import Graph, Node, Variant, granted
from minion.hub.actions.workflow import CalledWorkflow, CallSpec, Workflow
from minion.hub.actions.workflow_reader import read_workflow
from minion.hub.actions.yaml_source import SourceError

MAX_DEPTH = 10


@dataclass(frozen=True)
class Callee:
    workflow: Workflow
    spec: CallSpec
    repository: str
    sha: str
    ref: str


def call_graph(host: Host, node: Node, call: CalledWorkflow, variant: Variant, name: str) -> Graph | str:
    """The graph of the called workflow, or why it cannot be called. Raises ExpressionError."""
    if node.graph.depth >= MAX_DEPTH:
        return f"workflows may call each other {MAX_DEPTH} levels deep"
    callee = _find(host, node.graph, call.uses)
    if isinstance(callee, str):
        return callee
    scope = node.graph.scope(node, variant.contexts())
    inputs = _inputs(callee.spec, call, scope)
    secrets = _secrets(callee.spec, call, node.graph.secrets, scope)
    if isinstance(inputs, str):
        return inputs
    if isinstance(secrets, str):
        return secrets
    return Graph(
        run=node.graph.run,
        workflow=callee.workflow,
        sha=callee.sha,
        ref=callee.ref,
        repository=callee.repository,
        inputs=inputs,
        secrets=secrets,
        permissions=granted(node),
        github=node.graph.github,
        variables=node.graph.variables,
        key_prefix=f"{node.graph.key_prefix}{node.job.key}/",
        name_prefix=f"{name} / ",
        parent=node,
        depth=node.graph.depth + 1,
    )


def _find(host: Host, graph: Graph, uses: str) -> Callee | str:
    if uses.startswith("./"):
        owner, _, name = graph.repository.partition("/")
        path, sha, ref = uses.removeprefix("./"), graph.sha, graph.ref
    else:
        remote = parse_uses(uses)
        if remote is None or not remote.path:
            return f"invalid value workflow reference: {uses}"
        owner, name, path, sha, ref = remote.owner, remote.name, remote.path, "", remote.ref
    repository = host.find_repository(owner, name)
    if repository is None or (repository.private and repository.id != graph.run.repository_id):
        return f"workflow was not found: {uses}"
    commit = sha or resolve_commit(repository.git_dir, ref)
    text = workflow_file(repository.git_dir, commit, path) if commit else None
    if text is None or commit is None:
        return f"workflow was not found: {uses}"
    return _read(text, path, (repository.full_name, commit, ref))


def _read(text: str, path: str, place: tuple[str, str, str]) -> Callee | str:
    try:
        workflow = read_workflow(text, path)
    except SourceError as error:
        return str(error)
    if workflow.call is None:
        return f"workflow is not reusable as it is missing a `on.workflow_call` trigger: {path}"
    return Callee(workflow, workflow.call, *place)


def _inputs(spec: CallSpec, call: CalledWorkflow, scope: Scope) -> Mapping[str, Value] | str:
    unknown = sorted(set(call.inputs) - set(spec.inputs))
    if unknown:
        return f"Invalid input, {unknown[0]} is not defined in the referenced workflow."
    values: dict[str, Value] = {}
    for name, declared in spec.inputs.items():
        if name in call.inputs:
            given = call.inputs[name].evaluate(scope)
        elif declared.required:
            return f"Input {name} is required, but not provided while calling."
        else:
            given = declared.default.evaluate(scope) if declared.default is not None else None
        typed = typed_value(declared, given)
        if isinstance(typed, str) and declared.type in {"boolean", "number"}:
            return f"Unexpected value '{given}' for the input {name}, which is a {declared.type}"
        values[name] = typed
    return values


def _secrets(
    spec: CallSpec, call: CalledWorkflow, inherited: Mapping[str, str], scope: Scope
) -> Mapping[str, str] | str:
    if call.secrets == "inherit":
        return inherited
    unknown = sorted(set(call.secrets) - set(spec.secrets))
    if unknown:
        return f"Invalid secret, {unknown[0]} is not defined in the referenced workflow."
    missing = sorted(name for name, required in spec.secrets.items() if required and name not in call.secrets)
    if missing:
        return f"Secret {missing[0]} is required, but not provided while calling."
    return {name: value.text(scope) for name, value in call.secrets.items()}


def call_outputs(graph: Graph) -> dict[str, str]:
    """The outputs that the called workflow declares. Raises ExpressionError."""
    if graph.workflow.call is None:
        return {}
    scope = graph.scope(more={"jobs": graph.jobs_context()})
    return {name: value.text(scope) for name, value in graph.workflow.call.outputs.items()}
