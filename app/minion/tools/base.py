"""What a tool is. Errors for the model are values of `ToolResult`; anything raised ends the round."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

Json = Mapping[str, Any]


@dataclass(frozen=True)
class ToolSchema:
    """As it goes to the model (https://docs.claude.com/en/docs/agents-and-tools/tool-use/overview)."""

    name: str
    description: str
    input_schema: Json
    input_examples: tuple[Json, ...] = ()

    def block(self) -> dict[str, Any]:
        block: dict[str, Any] = {
            "name": self.name,
            "description": self.description,
            "input_schema": dict(self.input_schema),
        }
        if self.input_examples:
            block["input_examples"] = [dict(example) for example in self.input_examples]
        return block


@dataclass(frozen=True)
class ToolResult:
    """`content` is the text for the model (or content blocks for images); `error` marks it `is_error`.

    `paths` are the files that the call touched: rules scoped to them join the conversation.
    """

    content: str | list[dict[str, Any]]
    error: bool = False
    paths: tuple[str, ...] = ()
    data: Json = field(default_factory=dict)
    """Small facts for the trace."""


class Tool(Protocol):
    @property
    def schema(self) -> ToolSchema: ...

    @property
    def writes(self) -> bool:
        """True when calls must run in order; reads run at the same time."""
        ...

    def call(self, arguments: Json) -> ToolResult: ...
