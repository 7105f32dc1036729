"""What happened in a round, as one record a line: streamed to the App, shown on the follow-along page."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class TraceEvent(BaseModel):
    """`kind` is one of: round.started, setup.output, node.started, node.finished, agent.text, agent.tool, agent.result,
    agent.usage, mcp.call, gate.finished, map.item, map.undone, map.failed, box.selftest,
    round.finished. `data` is small JSON; texts in it are untrusted."""

    model_config = ConfigDict(frozen=True)

    seq: int
    at: str
    kind: str
    node: str = ""
    text: str = ""
    data: dict[str, Any] = Field(default_factory=dict)
