"""Drives runs from queued to completed. Everything here happens on the serial thread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from minion.hub.actions.announce import Announcer
from minion.hub.actions.calling import call_graph, call_outputs
from minion.hub.actions.contexts import github_context
from minion.hub.actions.expression_syntax import ExpressionError
from minion.hub.actions.expression_values import truthy
from minion.hub.actions.groups import Groups, Key
from minion.hub.actions.host import Host
from minion.hub.actions.ledger import Ledger
from minion.hub.actions.plan import (
    Graph,
    Node,
    Variant,
    exceeding,
    graph_result,
    instance,
    node_result,
    plain_name,
    variant_name,
    variants,
    wanted,
)
from minion.hub.actions.records import Conclusion, Instance, JobRecord, RunRecord, now
from minion.hub.actions.starting import top_scope
from minion.hub.actions.workflow import CalledWorkflow, Concurrency, Steps


class Launcher(Protocol):
    """Runs jobs in threads; implemented by the service."""

    def launch(self, job: JobRecord) -> None: ...

    def new_job(self, run: RunRecord, key: str, name: str, labels: tuple[str, ...]) -> JobRecord: ...

    def run_ended(self, run: RunRecord) -> None: ...


@dataclass
class Scheduler:
    host: Host
    ledger: Ledger
    announcer: Announcer
    launcher: Launcher
    graphs: dict[int, Graph] = field(default_factory=dict)  # run id → the graph of its present attempt
    nodes: dict[int, Node] = field(default_factory=dict)  # job id → its node
    carried: dict[int, Mapping[str, JobRecord]] = field(default_factory=dict)
    run_groups: Groups[RunRecord] = field(default_factory=Groups)
    job_groups: Groups[JobRecord] = field(default_factory=Groups)
    run_keys: dict[int, Key] = field(default_factory=dict)
    job_keys: dict[int, Key] = field(default_factory=dict)
    _nesting: int = 0  # ends of jobs that are being worked off
    _ended: list[tuple[RunRecord, Conclusion]] = field(default_factory=list)

    # -- runs ---------------------------------------------------------------------------------------------------

    def start(self, run: RunRecord) -> None:
        """Starts a queued run, or leaves it pending in its concurrency group."""
        if run.problem is not None or run.workflow is None:
            self.finish_run(run, "startup_failure")
            return
        try:
            key, cancel = self._group(run, run.workflow.concurrency)
        except ExpressionError as error:
            run.problem = f"{run.workflow_path}: concurrency: {error}"
            self.finish_run(run, "startup_failure")
            return
        if key is None:
            self._begin(run)
            return
        self.run_keys[run.id] = key
        entered = self.run_groups.enter(key, run, cancel_in_progress=cancel)
        if entered.runs:
            self._begin(run)
            return
        run.status = "pending"
        for other in (entered.displaced, entered.stopped):
            if other is not None:
                self.cancel(other)

    def _group(self, run: RunRecord, concurrency: Concurrency | None) -> tuple[Key | None, bool]:
        if concurrency is None:
            return None, False
        scope = top_scope(self.host, self.host.repository(run.repository_id), run)
        cancel = concurrency.cancel_in_progress
        name = concurrency.group.text(scope).lower()
        return (run.repository_id, name), cancel is not None and truthy(cancel.evaluate(scope))

    def _begin(self, run: RunRecord) -> None:
        run.status = "queued"
        repository = self.host.repository(run.repository_id)
        if run.workflow is None:
            raise AssertionError("a run without a workflow does not begin")
        graph = Graph(
            run=run,
            workflow=run.workflow,
            sha=run.cause.sha,
            ref=run.cause.ref,
            repository=repository.full_name,
            inputs=run.inputs,
            secrets={} if run.from_fork else dict(self.host.secrets(repository.id)),
            permissions=None,
            github=github_context(self.host.base_url, repository, run),
            variables=dict(self.host.variables(repository.id)),
        )
        self.graphs[run.id] = graph
        self._advance(graph)

    def finish_run(self, run: RunRecord, conclusion: Conclusion) -> None:
        """Completes the run and lets the next of its concurrency group begin."""
        run.status, run.conclusion, run.updated_at = "completed", conclusion, now()
        self.graphs.pop(run.id, None)
        self.carried.pop(run.id, None)
        self.launcher.run_ended(run)
        key = self.run_keys.pop(run.id, None)
        following = self.run_groups.leave(key, run) if key is not None else None
        if following is not None:
            self._begin(following)

    def cancel(self, run: RunRecord, *, force: bool = False) -> None:
        """Cancels what waits at once, what runs by signals; `force` ignores `always()`."""
        if run.done:
            return
        run.cancel_asked = True
        graph = self.graphs.get(run.id)
        if graph is None:
            self.finish_run(run, "cancelled")
            return
        for job in run.attempt_jobs():
            self._cancel_job(job, force=force)
        for node in list(graph.all_nodes()):
            node.held.clear()
        self._advance(graph)

    def _cancel_job(self, job: JobRecord, *, force: bool = False) -> None:
        if force:
            job.killed.set()
        if job.withdraw():
            self.job_done(job, "cancelled", {})

    # -- the graph ----------------------------------------------------------------------------------------------

    def _advance(self, graph: Graph) -> None:
        progressed = True
        while progressed and not graph.closed:
            progressed = False
            for node in graph.nodes.values():
                if node.ready():
                    node.started = progressed = True
                    self._begin_node(node)
        self._maybe_close(graph)

    def _maybe_close(self, graph: Graph) -> None:
        if graph.closed or any(node.result is None for node in graph.nodes.values()):
            return
        graph.closed = True
        if graph.parent is not None:
            self._child_closed(graph, graph.parent)
            return
        result: Conclusion = graph_result(graph)
        cancelled = graph.run.cancel_asked and result != "failure"
        self._ended.append((graph.run, "cancelled" if cancelled else result))
        self._finish_ended()

    def _finish_ended(self) -> None:
        while self._ended and self._nesting == 0:
            self.finish_run(*self._ended.pop(0))

    def _begin_node(self, node: Node) -> None:
        try:
            if not wanted(node):
                self._skip(node)
                return
            problem = exceeding(node)
            if problem is not None:
                self._fail(node, problem)
                return
            self._expand(node, variants(node))
        except ExpressionError as error:
            self._fail(node, str(error))

    def _skip(self, node: Node) -> None:
        job = self._record(node, plain_name(node), ())
        self.job_done(job, "cancelled" if node.graph.run.cancel_asked else "skipped", {})

    def _fail(self, node: Node, message: str) -> None:
        """A job that cannot be expanded: a failed check that says where and why."""
        job = self._record(node, plain_name(node), ())
        where = node.graph.workflow.path
        text = f"{where} (Line: {node.job.line}): {message}"
        job.annotations.append(
            {
                "path": where,
                "start_line": node.job.line,
                "end_line": node.job.line,
                "annotation_level": "failure",
                "message": text,
            }
        )
        self.job_done(job, "failure", {})

    def _expand(self, node: Node, found: list[Variant]) -> None:
        match node.job.work:
            case Steps() as work:
                instances = [instance(node, work, variant) for variant in found]
                limit = node.max_parallel or len(instances)
                node.held = instances[limit:]
                jobs = [self._instance_record(node, each) for each in instances[:limit]]
                for job in jobs:
                    self._enter_group(node, job)
            case CalledWorkflow() as call:
                self._call(node, call, found)

    def _record(self, node: Node, name: str, labels: tuple[str, ...]) -> JobRecord:
        job = self.launcher.new_job(node.graph.run, node.graph.key_prefix + node.job.key, name, labels)
        self.nodes[job.id] = node
        node.records.append(job)
        return job

    def _instance_record(self, node: Node, each: Instance) -> JobRecord:
        former = self.carried.get(node.graph.run.id, {}).get(each.name)
        stale = any(needed.fresh for needed in node.ancestors())
        if former is not None and not stale:
            node.records.append(former)
            return former
        node.fresh = True
        job = self._record(node, each.name, each.labels)
        job.instance = each
        return job

    def _enter_group(self, node: Node, job: JobRecord) -> None:
        if job.done:
            self._settle(node, job, job.outputs)
            return
        concurrency = node.job.concurrency
        if concurrency is None or job.instance is None:
            self._launch(job)
            return
        scope = node.graph.scope(node, Variant(job.instance.matrix, job.instance.strategy).contexts())
        key = (job.run.repository_id, concurrency.group.text(scope).lower())
        cancel = concurrency.cancel_in_progress
        self.job_keys[job.id] = key
        entered = self.job_groups.enter(
            key, job, cancel_in_progress=cancel is not None and truthy(cancel.evaluate(scope))
        )
        if entered.runs:
            self._launch(job)
            return
        job.status = "pending"
        for other in (entered.displaced, entered.stopped):
            if other is not None:
                self._cancel_job(other)

    def _launch(self, job: JobRecord) -> None:
        if not job.done:
            job.status = "queued"
            self.announcer.job(job, "queued")
            self.launcher.launch(job)

    def job_done(self, job: JobRecord, conclusion: Conclusion, outputs: Mapping[str, str]) -> None:
        """A job ended, by itself or by a decision; what waited for it goes on.

        What comes next gets its check run before this one is told to be complete: a check suite must not look complete
        while its run goes on."""
        if job.done:
            return
        job.status, job.conclusion, job.completed_at = "completed", conclusion, now()
        job.outputs = dict(outputs)
        self._nesting += 1
        self._go_on_after(job)
        self.announcer.job(job, "completed")
        self._nesting -= 1
        self._finish_ended()

    def _go_on_after(self, job: JobRecord) -> None:
        key = self.job_keys.pop(job.id, None)
        following = self.job_groups.leave(key, job) if key is not None else None
        if following is not None:
            self._launch(following)
        self._settle(self.nodes[job.id], job, job.outputs)

    def _settle(self, node: Node, job: JobRecord, outputs: Mapping[str, str]) -> None:
        node.outputs.update({name: value for name, value in outputs.items() if value})
        forgiven = job.instance is not None and job.instance.continue_on_error
        if job.conclusion == "failure" and node.fail_fast and not forgiven:
            node.held.clear()
            for other in list(node.records):
                if other is not job and not other.done:
                    self._cancel_job(other)
        if node.held and job.instance is not None:
            self._enter_group(node, self._instance_record(node, node.held.pop(0)))
        self._maybe_settle_node(node)

    def _maybe_settle_node(self, node: Node) -> None:
        pending = node.held or any(not record.done for record in node.records)
        if node.result is None and not pending and all(child.closed for child in node.children):
            node.result = node_result(node)
            self._advance(node.graph)

    # -- called workflows -----------------------------------------------------------------------------------------

    def _call(self, node: Node, call: CalledWorkflow, found: list[Variant]) -> None:
        for variant in found:
            made = call_graph(self.host, node, call, variant, variant_name(node, variant))
            if isinstance(made, str):
                self._fail(node, made)
                return
            node.children.append(made)
        for child in list(node.children):
            self._advance(child)

    def _child_closed(self, graph: Graph, node: Node) -> None:
        node.fresh = node.fresh or any(inner.fresh for inner in graph.all_nodes())
        try:
            node.outputs.update(call_outputs(graph))
        except ExpressionError as error:
            self._fail(node, str(error))
        self._maybe_settle_node(node)
