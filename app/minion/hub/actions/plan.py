"""The jobs of one attempt of a run as a graph: what waits for what, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from minion.hub.actions.expression_values import Value, to_number, to_text, truthy
from minion.hub.actions.expressions import STATUS_FUNCTIONS, Scope, Template
from minion.hub.actions.matrix import combinations, evaluate_tree, suffix
from minion.hub.actions.permissions import effective
from minion.hub.actions.records import Instance, JobRecord, Result, RunRecord
from minion.hub.actions.workflow import CalledWorkflow, Job, Steps, Strategy, Workflow


@dataclass
class Node:
    """A job of the workflow file with all combinations of its matrix."""

    job: Job
    graph: Graph
    started: bool = False
    fresh: bool = False  # something ran in this attempt
    result: Result | None = None
    records: list[JobRecord] = field(default_factory=list)
    held: list[Instance] = field(default_factory=list)  # wait for max-parallel
    children: list[Graph] = field(default_factory=list)
    outputs: dict[str, str] = field(default_factory=dict)
    max_parallel: int = 0
    fail_fast: bool = True

    def ready(self) -> bool:
        return not self.started and all(node.result is not None for node in self.needed())

    def needed(self) -> list[Node]:
        return [self.graph.nodes[key] for key in self.job.needs]

    def ancestors(self) -> list[Node]:
        found: dict[str, Node] = {}
        for node in self.needed():
            found[node.job.key] = node
            found.update({ancestor.job.key: ancestor for ancestor in node.ancestors()})
        return list(found.values())


@dataclass
class Graph:
    """One workflow: the run's own, or one that a job calls."""

    run: RunRecord
    workflow: Workflow
    sha: str
    ref: str
    repository: str
    inputs: Mapping[str, Value]
    secrets: Mapping[str, str]
    permissions: Mapping[str, str] | None  # the caller's, which is the most that is allowed
    github: Mapping[str, Value]
    variables: Mapping[str, str]
    key_prefix: str = ""
    name_prefix: str = ""
    parent: Node | None = None
    depth: int = 0
    closed: bool = False
    nodes: dict[str, Node] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.nodes = {key: Node(job, self) for key, job in self.workflow.jobs.items()}

    def all_nodes(self) -> Iterator[Node]:
        for node in self.nodes.values():
            yield node
            for child in node.children:
                yield from child.all_nodes()

    def scope(self, node: Node | None = None, more: Mapping[str, Value] | None = None) -> Scope:
        contexts: dict[str, Value] = {
            "github": dict(self.github),
            "inputs": dict(self.inputs),
            "vars": dict(self.variables),
            "secrets": dict(self.secrets),
            "strategy": {},
            "matrix": None,
        }
        if node is None:
            return Scope({**contexts, **(more or {})})
        contexts["needs"] = needs_context(node)
        statuses = [ancestor.result for ancestor in node.ancestors()]
        cancelled = self.run.cancel_asked
        return Scope(
            {**contexts, **(more or {})},
            {
                "success": lambda _: not cancelled and all(status == "success" for status in statuses),
                "failure": lambda _: not cancelled and "failure" in statuses,
                "cancelled": lambda _: cancelled,
                "always": lambda _: True,
            },
        )

    def jobs_context(self) -> dict[str, Value]:
        return {key: _needed(node) for key, node in self.nodes.items()}


def needs_context(node: Node) -> dict[str, Value]:
    return {needed.job.key: _needed(needed) for needed in node.needed()}


def _needed(node: Node) -> Value:
    outputs: dict[str, Value] = dict(node.outputs)
    return {"result": node.result or "", "outputs": outputs}


def wanted(node: Node) -> bool:
    """The job's `if`; without a status function in it, success() is wanted too."""
    scope = node.graph.scope(node)
    condition = node.job.condition
    if condition is not None and condition.calls(STATUS_FUNCTIONS):
        return truthy(condition.evaluate(scope))
    if not scope.functions["success"]([]):
        return False
    return condition is None or truthy(condition.evaluate(scope))


@dataclass(frozen=True)
class Variant:
    """One combination: its matrix and strategy contexts."""

    matrix: Mapping[str, Value] | None
    strategy: Mapping[str, Value]

    def contexts(self) -> dict[str, Value]:
        return {"matrix": dict(self.matrix) if self.matrix is not None else None, "strategy": dict(self.strategy)}


def variants(node: Node) -> list[Variant]:
    """The combinations of a job; also settles the node's fail-fast and max-parallel. Raises ExpressionError."""
    strategy = node.job.strategy
    if strategy is None:
        return [Variant(None, _strategy(0, 1, fail_fast=True, parallel=1))]
    scope = node.graph.scope(node)
    found = combinations(evaluate_tree(strategy.matrix, scope)) if strategy.matrix is not None else [None]
    node.fail_fast, node.max_parallel = _settings(strategy, scope)
    parallel = node.max_parallel or len(found)
    return [
        Variant(combo, _strategy(index, len(found), fail_fast=node.fail_fast, parallel=parallel))
        for index, combo in enumerate(found)
    ]


def _settings(strategy: Strategy, scope: Scope) -> tuple[bool, int]:
    fail_fast = True if strategy.fail_fast is None else truthy(strategy.fail_fast.evaluate(scope))
    parallel = 0 if strategy.max_parallel is None else int(to_number(strategy.max_parallel.evaluate(scope)))
    return fail_fast, max(parallel, 0)


def _strategy(index: int, total: int, *, fail_fast: bool, parallel: int) -> Mapping[str, Value]:
    return {"fail-fast": fail_fast, "job-index": index, "job-total": total, "max-parallel": parallel}


def plain_name(node: Node) -> str:
    """The name of a job that is not expanded."""
    name = node.job.name
    return node.graph.name_prefix + (node.job.key if name is None else to_text(name.literal))


def variant_name(node: Node, variant: Variant) -> str:
    """The name in the list of checks; the matrix is added unless the file's name says it itself."""
    own = node.job.name
    scope = node.graph.scope(node, variant.contexts())
    text = node.job.key if own is None else own.text(scope)
    added = suffix(variant.matrix) if variant.matrix and (own is None or own.is_literal) else ""
    return node.graph.name_prefix + text + added


def instance(node: Node, work: Steps, variant: Variant) -> Instance:
    """Raises ExpressionError."""
    graph = node.graph
    scope = graph.scope(node, variant.contexts())
    return Instance(
        job=node.job,
        work=work,
        workflow=graph.workflow,
        workflow_sha=graph.sha,
        workflow_ref=graph.ref,
        workflow_repository=graph.repository,
        name=variant_name(node, variant),
        labels=_labels(evaluate_tree(work.runs_on, scope)),
        matrix=variant.matrix,
        strategy=variant.strategy,
        needs=needs_context(node),
        inputs=graph.inputs,
        secrets=graph.secrets,
        permissions=granted(node),
        continue_on_error=_flag(work.continue_on_error, scope),
    )


def _flag(value: Template | None, scope: Scope) -> bool:
    return value is not None and truthy(value.evaluate(scope))


def _labels(value: Value) -> tuple[str, ...]:
    if isinstance(value, Mapping):
        return _labels(value.get("labels", []))
    if isinstance(value, list):
        return tuple(to_text(label) for label in value)
    return (to_text(value),)


def granted(node: Node) -> Mapping[str, str]:
    """The permissions of the job; inside a called workflow at most the caller's."""
    graph = node.graph
    if graph.permissions is None:
        return effective(graph.workflow.permissions, node.job.permissions, from_fork=graph.run.from_fork)
    chosen = node.job.permissions if node.job.permissions is not None else graph.workflow.permissions
    return dict(graph.permissions if chosen is None else chosen)


def exceeding(node: Node) -> str | None:
    """A permission that a called workflow asks for beyond its caller's, in GitHub's words."""
    limits = node.graph.permissions
    for scope, level in granted(node).items() if limits is not None else ():
        allowed = (limits or {}).get(scope, "none")
        if allowed not in {"write", level}:
            asks = f"The nested job '{node.job.key}' is requesting '{scope}: {level}'"
            return f"{asks}, but is only allowed '{scope}: {allowed}'."
    return None


def node_result(node: Node) -> Result:
    """What `needs.<job>.result` says when all of the node is done."""
    results = [_record_result(record) for record in node.records] + [graph_result(child) for child in node.children]
    if "failure" in results:
        return "failure"
    if "cancelled" in results:
        return "cancelled"
    return "success" if "success" in results else "skipped"


def _record_result(record: JobRecord) -> Result:
    match record.conclusion:
        case "success" | "neutral":
            return "success"
        case "skipped":
            return "skipped"
        case "cancelled":
            return "cancelled"
        case _:
            forgiven = record.instance is not None and record.instance.continue_on_error
            return "success" if forgiven else "failure"


def graph_result(graph: Graph) -> Result:
    results = [node.result for node in graph.nodes.values()]
    if "failure" in results:
        return "failure"
    if "cancelled" in results:
        return "cancelled"
    return "success" if "success" in results else "skipped"


def called(node: Node) -> CalledWorkflow | None:
    return node.job.work if isinstance(node.job.work, CalledWorkflow) else None
