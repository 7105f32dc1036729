"""A language model, as one agent turn sees it: messages in, one whole assistant message out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from minion.domain.receipt import Tokens

API_VERSION: Final = "2026-10-21"
"""The version of the Messages API that requests are written for: https://platform.claude.com/docs/en/api/versioning"""
Block = dict[str, Any]
"""A content block of the Messages API, kept raw so that it can be sent back unchanged."""


@dataclass(frozen=True)
class ModelRequest:
    """One call. `messages` is the whole, append-only history; cache breakpoints are already set on the blocks."""

    model: str
    system: Sequence[Block]
    tools: Sequence[Block]
    messages: Sequence[Mapping[str, Any]]
    max_tokens: int
    effort: str | None = None
    thinking: Mapping[str, Any] | None = None
    tool_choice: Mapping[str, Any] | None = None
    context_management: Mapping[str, Any] | None = None
    deadline_s: float = 600.0


@dataclass(frozen=True)
class ModelTurn:
    """The answer. `content` is raw; `tokens` counts everything billed, retried attempts and compaction included."""

    content: list[Block]
    stop_reason: str
    tokens: Tokens
    model: str
    stop_details: Mapping[str, Any] = field(default_factory=dict)
    attempts: int = 1
    context_tokens: int = 0
    """Prompt and answer of the attempt that succeeded: what the next prompt begins with."""


class Model(Protocol):
    def complete(self, request: ModelRequest, on_text: Callable[[str], None] | None = None) -> ModelTurn:
        """Streams one answer and returns it whole; 429, 529, 5xx and broken streams are retried within the deadline.

        Raises `Outage` when the deadline passed, `BudgetExhausted` when the gateway refuses for money and
        `ModelRejected` when the request itself is refused (400, 401, 403, 404).
        """
        ...


class ModelRejected(Exception):  # noqa: N818 -- it names what happened
    """The endpoint refused the request for good; the message is the endpoint's own."""


class BudgetExhausted(Exception):  # noqa: N818
    """The gateway's budget for the task does not cover another call."""
