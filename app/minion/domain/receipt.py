"""What a task cost, by node and model."""

from __future__ import annotations

from decimal import Decimal

from pydantic import BaseModel, ConfigDict, Field


class Tokens(BaseModel):
    """Token classes of the Messages API (https://docs.claude.com/en/api/messages): they are disjoint."""

    model_config = ConfigDict(frozen=True)

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0

    def __add__(self, other: Tokens) -> Tokens:
        return Tokens(
            input=self.input + other.input,
            output=self.output + other.output,
            cache_read=self.cache_read + other.cache_read,
            cache_write_5m=self.cache_write_5m + other.cache_write_5m,
            cache_write_1h=self.cache_write_1h + other.cache_write_1h,
        )

    @property
    def total(self) -> int:
        return self.input + self.output + self.cached

    @property
    def cached(self) -> int:
        """Of the prompt: read from the cache or written to it."""
        return self.cache_read + self.cache_write_5m + self.cache_write_1h


class Spending(BaseModel):
    """What was spent for one purpose."""

    model_config = ConfigDict(frozen=True)

    tokens: Tokens = Tokens()
    usd: Decimal = Decimal(0)

    def __add__(self, other: Spending) -> Spending:
        return Spending(tokens=self.tokens + other.tokens, usd=self.usd + other.usd)


class ReceiptLine(BaseModel):
    """One visit of one node. `seconds` is wall time; `usd` is what the price table says the tokens cost.

    `spent_on`: by purpose (`agent.purposes`), together the line's tokens; empty where nothing is known of them.
    """

    model_config = ConfigDict(frozen=True)

    round: int
    node: str
    outcome: str
    model: str | None = None
    turns: int = 0
    tokens: Tokens = Tokens()
    usd: Decimal = Decimal(0)
    seconds: float = 0.0
    spent_on: dict[str, Spending] = Field(default_factory=dict)

    def __add__(self, other: ReceiptLine) -> ReceiptLine:
        """Several visits of a node in one line."""
        names = {**self.spent_on, **other.spent_on}
        return self.model_copy(
            update={
                "turns": self.turns + other.turns,
                "tokens": self.tokens + other.tokens,
                "usd": self.usd + other.usd,
                "seconds": self.seconds + other.seconds,
                "spent_on": {n: self.spent_on.get(n, Spending()) + other.spent_on.get(n, Spending()) for n in names},
            }
        )


class Receipt(BaseModel):
    model_config = ConfigDict(frozen=True)

    lines: tuple[ReceiptLine, ...] = ()

    @property
    def usd(self) -> Decimal:
        return sum((line.usd for line in self.lines), Decimal(0))

    @property
    def tokens(self) -> Tokens:
        return sum((line.tokens for line in self.lines), Tokens())

    @property
    def seconds(self) -> float:
        return sum(line.seconds for line in self.lines)

    @property
    def turns(self) -> int:
        return sum(line.turns for line in self.lines)

    @property
    def spent_on(self) -> dict[str, Spending]:
        """By purpose, over all lines."""
        found: dict[str, Spending] = {}
        for line in self.lines:
            for purpose, spending in line.spent_on.items():
                found[purpose] = found.get(purpose, Spending()) + spending
        return found

    @property
    def purposes(self) -> list[tuple[str, Spending]]:
        """`spent_on`, the dearest first."""
        return sorted(self.spent_on.items(), key=lambda item: (-item[1].usd, -item[1].tokens.total, item[0]))
