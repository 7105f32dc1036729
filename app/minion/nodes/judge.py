"""Judge nodes: a fresh look at the change, by criteria, with no hand in it."""

from __future__ import annotations

from minion.agent import prompts
from minion.agent.context import Material
from minion.agent.finish import Verdict
from minion.agent.loop import run_agent
from minion.agent.purposes import Accounted
from minion.agent.rules import RuleBook, text_of
from minion.agent.run import AgentReport, AgentRun
from minion.blueprint.model import JudgeNode
from minion.blueprint.state import NodeResult
from minion.domain.outcomes import Outcome
from minion.nodes.agent import budget_of, materials_of, receipt, with_task
from minion.nodes.base import NodeReport, Visit, WorkBench, plain_report
from minion.tools.bench import ToolBench
from minion.tools.registry import build_tools

DIFF = "workspace.diff"
FACTS = "task.verification"
"""How the request says that one sees that it is done, but for the commands: those are gates."""
TOOLS = ("read", "search")


def run_judge_node(node: JudgeNode, visit: Visit, bench: WorkBench) -> NodeReport:
    """`pass` or `veto`; anything else that ends the session is `fail`. Nothing changed is vetoed without a call."""
    if DIFF in {path.rstrip("?") for path in node.context} and bench.workspace.change_set(visit.since).empty:
        return plain_report(node.name, Outcome.VETO, {"summary": "Nothing was changed.", "reasons": []}, 0.0)
    budget = budget_of(node, visit, bench)
    if isinstance(budget, str):
        return plain_report(node.name, Outcome.FAIL, {"reason": budget}, 0.0)
    materials = materials_of(visit.context)
    criteria = node.criteria
    if bench.asked.facts:
        materials.append(Material(FACTS, list(bench.asked.facts), trusted=bench.asked.trusted))
        criteria = (*criteria, f"every line of {FACTS} holds, as far as the change can show it")
    if bench.memory.gates:
        materials.append(Material("gates", dict(bench.memory.gates)))
    rules = text_of(RuleBook(bench.workspace).opening())
    opening = prompts.Opening(prompts.criteria(criteria), materials, rules, (), budget.limits)
    files = bench.sandbox.file_server()
    model = Accounted(bench.model, budget.price, files.warm)
    try:
        report = run_agent(
            AgentRun(
                model=model,
                facts=bench.prices.facts(bench.prices.resolve(node.model)),
                system=prompts.JUDGE,
                opening=opening.text(),
                tools=with_task(build_tools(TOOLS, ToolBench(bench.sandbox, files, bench.output_dir)), materials),
                ending=Verdict(),
                budget=budget,
                emit=lambda kind, text, data: bench.emit(kind, node=node.name, text=text, data=data),
                effort=bench.effort or node.effort,
                cancelled=bench.cancelled,
                reminder=prompts.JUDGE_REMINDER,
            )
        )
    finally:
        files.close()
    return _reported(node, report, bench).accounted(model.spent_on)


def _reported(node: JudgeNode, report: AgentReport, bench: WorkBench) -> NodeReport:
    outcome = report.outcome if report.outcome in {Outcome.PASS, Outcome.VETO} else Outcome.FAIL
    output = dict(report.output) or {"reason": report.reason, "note": report.note}
    result = NodeResult(outcome=outcome.value, output=output, usd=report.usd, wall_s=report.seconds)
    line = receipt(node, outcome, report, bench)
    return NodeReport(result, line, interrupted=report.reason if report.outage else "")
