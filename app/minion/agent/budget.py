"""Turns, money and time of one session: checked before every call at its worst, announced, and a rest kept back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from minion.agent.prices import Price
from minion.domain.receipt import Tokens

FIRST_MAX_TOKENS = 16_000
LEAST_MAX_TOKENS = 2_000
"""An answer that may be shorter than this is not worth its prompt."""
SALVAGE_TOKENS = 1_000
RESERVE = Decimal("0.05")
ANNOUNCED = (50, 80)
LONGEST_CALL_S = 600.0


@dataclass(frozen=True)
class Limits:
    """None: no limit of that kind."""

    turns: int | None = None
    usd: Decimal | None = None
    wall_s: float | None = None


@dataclass(frozen=True)
class Plan:
    """What the next call may use."""

    max_tokens: int
    deadline_s: float


@dataclass(frozen=True)
class Exhausted:
    """Which limit does not cover another call, in words."""

    reason: str


@dataclass
class Budget:
    limits: Limits
    price: Price | None
    monotonic: Callable[[], float]
    tokens: Tokens = field(default_factory=Tokens)
    usd: Decimal = Decimal(0)
    turns: int = 0
    _started: float = field(init=False)
    _told: int = 0

    def __post_init__(self) -> None:
        self._started = self.monotonic()

    @property
    def seconds(self) -> float:
        return self.monotonic() - self._started

    def charge(self, tokens: Tokens) -> Decimal:
        """Books one call; returns what it cost."""
        cost = self.price.cost(tokens) if self.price else Decimal(0)
        self.tokens += tokens
        self.usd += cost
        self.turns += 1
        return cost

    def plan(self, prompt_tokens: int, max_tokens: int) -> Plan | Exhausted:
        """The next call, its answer shortened to what the money covers; the reserve stays untouched."""
        if self.limits.turns is not None and self.turns >= self.limits.turns:
            return Exhausted(f"all {self.limits.turns} turns are used")
        return self._plan(prompt_tokens, max_tokens, LEAST_MAX_TOKENS, keep=RESERVE)

    def plan_salvage(self, prompt_tokens: int) -> Plan | Exhausted:
        """One short last call out of the reserve."""
        return self._plan(prompt_tokens, SALVAGE_TOKENS, SALVAGE_TOKENS, keep=Decimal(0))

    def _plan(self, prompt_tokens: int, wanted: int, least: int, *, keep: Decimal) -> Plan | Exhausted:
        seconds = LONGEST_CALL_S
        if self.limits.wall_s is not None:
            seconds = min(seconds, self.limits.wall_s * float(1 - keep) - self.seconds)
            if seconds <= 0:
                return Exhausted(f"its {self.limits.wall_s:.0f} s are over")
        affordable = self._affordable(prompt_tokens, wanted, keep)
        if affordable < min(least, wanted):
            return Exhausted(f"${self.usd:.2f} of ${self.limits.usd} are spent, and another call might not be covered")
        return Plan(affordable, seconds)

    def _affordable(self, prompt_tokens: int, wanted: int, keep: Decimal) -> int:
        """The longest answer, up to `wanted` tokens, that is covered even if nothing is read from the cache."""
        if self.limits.usd is None or self.price is None:
            return wanted
        left = self.limits.usd * (1 - keep) - self.usd - self.price.worst(prompt_tokens, 0)
        per_token = self.price.worst(prompt_tokens, 1) - self.price.worst(prompt_tokens, 0)
        return max(0, min(wanted, int(left / per_token))) if per_token else wanted

    def announcement(self) -> str | None:
        """A line for the model, once at each of the marks."""
        shares = {
            "turns": self.turns / self.limits.turns if self.limits.turns else 0.0,
            "money": float(self.usd / self.limits.usd) if self.limits.usd else 0.0,
            "time": self.seconds / self.limits.wall_s if self.limits.wall_s else 0.0,
        }
        kind, share = max(shares.items(), key=lambda item: item[1])
        reached = max((mark for mark in ANNOUNCED if share * 100 >= mark), default=0)
        if reached <= self._told:
            return None
        self._told = reached
        return f"Budget: {share:.0%} of the {kind} for this step is used. " + (
            "Bring the work to an end now: finish what passes, or call finish with status blocked."
            if reached >= ANNOUNCED[-1]
            else "Keep to the goal."
        )
