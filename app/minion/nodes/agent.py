"""Agent nodes: a session with the node's tools, gates and limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from minion.agent import prompts
from minion.agent.budget import Budget, Limits
from minion.agent.context import Material, TaskTool
from minion.agent.finish import Finish
from minion.agent.loop import run_agent
from minion.agent.purposes import Accounted
from minion.agent.rules import RuleBook, text_of
from minion.agent.run import AgentReport, AgentRun
from minion.blueprint.model import AgentNode, JudgeNode
from minion.blueprint.state import ContextEntry, NodeResult
from minion.domain.outcomes import Outcome
from minion.domain.receipt import ReceiptLine
from minion.domain.spec import Scope
from minion.nodes.base import NodeReport, Opinion, Visit, WorkBench, plain_report
from minion.nodes.gates import Gates
from minion.nodes.lint.opening import AgentsDesk
from minion.nodes.publishable import bounds_of, get_ready
from minion.nodes.served import served_tools
from minion.tools.base import Tool
from minion.tools.bench import ToolBench
from minion.tools.registry import build_tools

CHANGING = frozenset({"edit", "write", "shell"})
FILES = frozenset({"read", "search", "edit", "write"})
"""Tools that the file server serves."""
DEFAULT_TURNS = {AgentNode: 60, JudgeNode: 20}


def run_agent_node(node: AgentNode, visit: Visit, bench: WorkBench) -> NodeReport:
    """What the agent is given of other people's text comes through its `task` tool only."""
    budget = budget_of(node, visit, bench)
    if isinstance(budget, str):
        return plain_report(node.name, Outcome.REFUSED, {"reason": budget}, 0.0)
    changes = bool(CHANGING & set(node.tools))
    bounds = (
        bounds_of(Scope(allow=node.write.allow, forbid=node.write.protect), bench, visit.since) if changes else None
    )
    gates = Gates(visit, bench, changes=changes, bounds=bounds)
    materials = materials_of(visit.context)
    rules = RuleBook(bench.workspace) if node.rules == "auto" else None
    opening = prompts.Opening(
        node.goal,
        materials,
        text_of(rules.opening()) if rules else "",
        gates.names,
        budget.limits,
        bench.asked.when_unclear,
    )
    files = bench.sandbox.file_server()
    model = Accounted(bench.model, budget.price, files.warm if FILES & set(node.tools) else None)
    model.then = get_ready if changes else None
    lint = AgentsDesk(bench, changes=changes)
    narrowing = (*visit.narrowing, *((node.write.allow,) if node.write.allow else ()))
    tool_bench = ToolBench(
        bench.sandbox,
        files,
        bench.output_dir,
        scope_of(node, bench),
        bench.protected,
        narrowing=narrowing,
        lint=lint.lines,
        web=bench.web,
        check_history=bench.check_history,
    )
    served = served_tools(node, bench)
    try:
        report = run_agent(
            AgentRun(
                model=model,
                facts=bench.prices.facts(bench.prices.resolve(node.model)),
                system=prompts.SYSTEM,
                opening=opening.text(),
                tools=with_task([*build_tools(node.tools, tool_bench), *served.tools], materials),
                ending=Finish(node.output, gates, node.repair, bench.asked.when_unclear),
                budget=budget,
                emit=lambda kind, text, data: bench.emit(kind, node=node.name, text=text, data=data),
                gates=gates,
                rules=rules,
                effort=bench.effort or node.effort,
                cancelled=bench.cancelled,
            )
        )
    finally:
        files.close()
        lint.close()
        served.close()
    unread = [*_not_loaded(rules), *lint.notes, *served.notes, *_out_of_reach(bench)]
    return _reported(node, report, gates, bench, unread).accounted(model.spent_on)


def _not_loaded(rules: RuleBook | None) -> list[str]:
    if rules is None:
        return []
    broken = [f"Rule file not loaded: {problem}" for problem in rules.problems]
    return [*broken, *(f"Rule file left out for its size: {source}" for source in rules.dropped)]


def _out_of_reach(bench: WorkBench) -> list[str]:
    hosts = bench.web.not_allowed if bench.web is not None else ()
    return [f"Not read: pages of {host}, which `egress.allow` does not have." for host in hosts]


def budget_of(node: AgentNode | JudgeNode, visit: Visit, bench: WorkBench) -> Budget | str:
    """The node's own limits and what the task has left, whichever is less; or why the model may not be asked."""
    model = bench.prices.resolve(node.model)
    price = bench.prices.price(model, bench.clock.now().date())
    if price is None:
        return (
            f"the model {model} has no price, so the limit of ${visit.usd:.2f} could not be kept; give it one, or map"
            f" the role {node.model!r} to a model that has"
        )
    limits = Limits(
        turns=node.limits.turns or DEFAULT_TURNS[type(node)],
        usd=min(node.limits.usd if node.limits.usd is not None else visit.usd, visit.usd),
        wall_s=min(node.limits.wall_s if node.limits.wall_s is not None else visit.wall_s, visit.wall_s),
    )
    return Budget(limits, price, bench.clock.monotonic)


def materials_of(context: Sequence[ContextEntry]) -> list[Material]:
    return [Material(entry.path, entry.value, trusted=not entry.tainted) for entry in context]


def with_task(tools: Sequence[Tool], materials: Sequence[Material]) -> list[Tool]:
    task = TaskTool.of(materials)
    return sorted([*tools, *([task] if task else [])], key=lambda tool: tool.schema.name)


def scope_of(node: AgentNode, bench: WorkBench) -> Scope:
    """The task's scope and what the node forbids; what the node allows narrows it."""
    return Scope(allow=bench.scope.allow, forbid=(*bench.scope.forbid, *node.write.protect))


def receipt(node: AgentNode | JudgeNode, outcome: Outcome, report: AgentReport, bench: WorkBench) -> ReceiptLine:
    return ReceiptLine(
        round=0,
        node=node.name,
        outcome=outcome.value,
        model=bench.prices.resolve(node.model),
        turns=report.turns,
        tokens=report.tokens,
        usd=report.usd,
        seconds=report.seconds,
    )


def _reported(
    node: AgentNode, report: AgentReport, gates: Gates, bench: WorkBench, unread: Sequence[str]
) -> NodeReport:
    verdict = gates.last
    said = report.arguments
    notes = [*unread, *(verdict.notes if verdict else ())]
    return NodeReport(
        NodeResult(outcome=report.outcome.value, output=_output(node, report), usd=report.usd, wall_s=report.seconds),
        receipt(node, report.outcome, report, bench),
        summary=said.get("summary") or report.note,
        notes=tuple(notes),
        gates=verdict.gates if verdict else (),
        interrupted=report.reason if report.outage else "",
        opinion=_opinion(said) if said else None,
    )


def _opinion(said: Mapping[str, Any]) -> Opinion:
    return Opinion(said.get("confidence", ""), tuple(said.get("risks", ())), tuple(said.get("open_questions", ())))


def _output(node: AgentNode, report: AgentReport) -> dict[str, Any]:
    """The answer by the node's schema; without one what the agent says of its work; else why there is no answer."""
    if report.outcome is Outcome.OK:
        told = {key: report.arguments[key] for key in ("summary", "verified_how", "confidence", "risks")}
        return dict(report.output) if node.output is not None else told
    return dict(report.output) or {"reason": report.reason, "note": report.note}
