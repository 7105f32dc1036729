"""What a session is given and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from minion.agent import prompts
from minion.agent.budget import Budget
from minion.agent.finish import Ending
from minion.agent.prices import ModelFacts
from minion.agent.rules import RuleBook
from minion.agent.verification import GateRunner, NoGates
from minion.domain.outcomes import Outcome
from minion.domain.receipt import Tokens
from minion.ports.model import Model
from minion.tools.base import Json, Tool

Emit = Callable[[str, str, dict[str, Any]], None]
"""(kind, text, data) of a trace event."""


@dataclass(frozen=True)
class AgentRun:
    """What one session is made of. `opening` is trusted text only; `tools` keep their order for the session's life."""

    model: Model
    facts: ModelFacts
    system: str
    opening: str
    tools: Sequence[Tool]
    ending: Ending
    budget: Budget
    emit: Emit
    gates: GateRunner = field(default_factory=NoGates)
    rules: RuleBook | None = None
    effort: str | None = None
    cancelled: Callable[[], str | None] = lambda: None
    reminder: str = prompts.REMINDER


@dataclass(frozen=True)
class AgentReport:
    """How it ended. `reason` says why when it did not finish; `note` is for whoever takes over.

    `outage`: the model could not be reached; the work in the tree is whole and the node may be run again.
    """

    outcome: Outcome
    output: Json
    arguments: Json
    reason: str
    note: str
    tokens: Tokens
    usd: Decimal
    turns: int
    seconds: float
    outage: bool = False
