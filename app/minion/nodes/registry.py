"""Every type of work node and what executes it."""

from __future__ import annotations

from typing import assert_never

from minion.blueprint.model import AgentNode, JudgeNode, RunNode
from minion.nodes.agent import run_agent_node
from minion.nodes.base import NodeReport, Visit, WorkBench
from minion.nodes.judge import run_judge_node
from minion.nodes.run import run_node


def execute(visit: Visit, bench: WorkBench) -> NodeReport:
    """Executes the node of a visit. Everything that it can meet is an outcome."""
    node = visit.node
    match node:
        case RunNode():
            return run_node(node, visit, bench)
        case AgentNode():
            return run_agent_node(node, visit, bench)
        case JudgeNode():
            return run_judge_node(node, visit, bench)
        case _:
            assert_never(node)
