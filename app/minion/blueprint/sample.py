"""What a node ends with when all goes well and nobody said more: for walks in which nothing is executed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from minion.blueprint.graph import kind
from minion.blueprint.model import ActionNode, AgentNode, Node, RunNode, WaitNode
from minion.blueprint.schema import GOOD, RESULTS
from minion.blueprint.state import NodeResult

ITEM = "example"
"""The one item of a list that no result names."""
_NO_SHA = "0" * 40
_ACTIONS: Mapping[str, Mapping[str, Any]] = {
    "push": {"sha": _NO_SHA, "digest": "0" * 64},
    "pr.open": {"number": 1, "draft": True},
    "pr.ready": {"number": 1},
    "checks.collect": {"count": 1, "new_information": True},
    "checks.rerun": {"count": 1},
    "review.collect": {"count": 1},
    "review.reply": {"count": 1},
}
_BY_TYPE: Mapping[str, Any] = {"boolean": False, "integer": 0, "number": 0, "string": "", "array": []}


def good_result(node: Node) -> NodeResult:
    """The good outcome. In an agent's answer: the first value of each enum, false, 0, empty texts and lists."""
    return NodeResult(outcome=next(one for one in RESULTS[kind(node)] if one in GOOD), output=_output(node))


def completed(node: Node, result: NodeResult) -> NodeResult:
    """`result` with what a good outcome of this node always has beside it."""
    if result.outcome not in GOOD:
        return result
    return result.model_copy(update={"output": {**_output(node), **result.output}})


def _output(node: Node) -> dict[str, Any]:
    match node:
        case AgentNode(output=schema) if schema is not None:
            answer: dict[str, Any] = _value(schema)
            return answer
        case ActionNode():
            return dict(_ACTIONS.get(node.uses, {}))
        case RunNode(parse="lines" | "json"):
            return {"exit_code": 0, "items": [ITEM], "count": 1}
        case RunNode():
            return {"exit_code": 0}
        case WaitNode(event="checks.settled"):
            return {"failing": 0}
        case _:
            return {}


def _value(schema: Mapping[str, Any]) -> Any:
    if "enum" in schema:
        return schema["enum"][0]
    if "const" in schema:
        return schema["const"]
    if schema.get("type") == "object":
        return {name: _value(child) for name, child in schema["properties"].items()}
    return _BY_TYPE.get(str(schema.get("type")))
