"""What models cost and can do: our own table, since the API tells limits and capabilities but never a price.

Source: https://platform.claude.com/docs/en/about-claude/pricing and each model's overview page, read on 2026-11-20.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Final

from minion.domain.errors import UsageError
from minion.domain.receipt import Tokens

MILLION = Decimal(1_000_000)
_SERVED: Final = re.compile(r"(?:(?:[a-z]+\.)?anthropic\.)?(claude-[a-z0-9-]+?)(?:-v\d+(?::\d+)?|@\d{8})?")


@dataclass(frozen=True)
class Rates:
    """US dollars per million tokens."""

    input: Decimal
    output: Decimal
    cache_read: Decimal
    cache_write_5m: Decimal
    cache_write_1h: Decimal

    @classmethod
    def of(cls, input_: str, output: str, cache_read: str) -> Rates:
        """Cache writes cost 1.25 (five minutes) and 2 (an hour) times the input, with every model."""
        base = Decimal(input_)
        return cls(base, Decimal(output), Decimal(cache_read), base * Decimal("1.25"), base * 2)

    def cost(self, tokens: Tokens) -> Decimal:
        total = (
            tokens.input * self.input
            + tokens.output * self.output
            + tokens.cache_read * self.cache_read
            + tokens.cache_write_5m * self.cache_write_5m
            + tokens.cache_write_1h * self.cache_write_1h
        )
        return total / MILLION


@dataclass(frozen=True)
class Price:
    """Rates from a day on. `long` is for requests whose whole prompt, cached parts too, is over `long_above` tokens."""

    since: date
    rates: Rates
    long: Rates | None = None
    long_above: int = 0

    def rates_for(self, prompt_tokens: int) -> Rates:
        return self.long if self.long is not None and prompt_tokens > self.long_above else self.rates

    def cost(self, tokens: Tokens) -> Decimal:
        """Of one request: the step depends on its prompt."""
        return self.rates_for(tokens.total - tokens.output).cost(tokens)

    def worst(self, prompt_tokens: int, max_tokens: int) -> Decimal:
        """Nothing is read from the cache, all of it is written to it, and the answer is as long as it may be."""
        return self.rates_for(prompt_tokens).cost(Tokens(cache_write_5m=prompt_tokens, output=max_tokens))


@dataclass(frozen=True)
class ModelFacts:
    """What a model is. `effort`, `compaction` and `strict` (tools): whether requests may ask for them.

    `least_cacheable`: tokens of the shortest prefix that its prompt cache keeps; a shorter one is not kept, without an
    error (https://platform.claude.com/docs/en/build-with-claude/prompt-caching). Where none is known for a model it is
    that of its predecessor, and for unknown ones the largest.
    """

    id: str
    prices: tuple[Price, ...]
    window: int = 200_000
    max_output: int = 64_000
    effort: bool = True
    compaction: bool = True
    strict: bool = True
    least_cacheable: int = 4096

    def price(self, on: date) -> Price | None:
        """The newest price in force on a day."""
        return max((price for price in self.prices if price.since <= on), key=lambda price: price.since, default=None)


def _flat(model: str, since: str, rates: Rates, *, least_cacheable: int) -> ModelFacts:
    prices = (Price(date.fromisoformat(since), rates),)
    return ModelFacts(model, prices, 1_000_000, 128_000, least_cacheable=least_cacheable)


MODELS: Mapping[str, ModelFacts] = {
    facts.id: facts
    for facts in (
        _flat("claude-opus-5-5", "2026-09-01", Rates.of("4", "20", "0.20"), least_cacheable=512),
        ModelFacts(
            "claude-sonnet-5-5",
            (
                Price(date(2026, 9, 28), Rates.of("2", "10", "0.20")),
                Price(date(2026, 10, 7), Rates.of("2", "10", "0.10")),
            ),
            1_000_000,
            128_000,
            least_cacheable=1024,
        ),
        ModelFacts(
            "claude-haiku-5-5",
            (
                Price(
                    date(2026, 10, 7),
                    Rates.of("0.10", "0.50", "0.01"),
                    long=Rates.of("0.50", "2.50", "0.05"),
                    long_above=100_000,
                ),
            ),
            1_000_000,
            128_000,
        ),
        _flat("claude-fable-5-1", "2026-09-01", Rates.of("10", "50", "0.25"), least_cacheable=512),
        _flat("claude-opus-5", "2026-07-24", Rates.of("5", "25", "0.50"), least_cacheable=512),
        _flat("claude-sonnet-5", "2026-06-30", Rates.of("2", "10", "0.20"), least_cacheable=1024),
    )
}

ROLES: Mapping[str, str] = {
    "cheap": "claude-haiku-5-5",
    "standard": "claude-sonnet-5-5",
    "strong": "claude-opus-5-5",
}
"""What blueprints call models by; a repository or operator may map them otherwise."""


@dataclass(frozen=True)
class PriceTable:
    """Known models, and a mapping of roles. `models` may be extended by the operator."""

    models: Mapping[str, ModelFacts]
    roles: Mapping[str, str]

    def resolve(self, name: str) -> str:
        """A role's model id; any other name is a model id already."""
        return self.roles.get(name, name)

    def facts(self, model: str) -> ModelFacts:
        """An unknown model has no price, and no feature that it might refuse is asked of it."""
        return self.models.get(model) or _unknown(model)

    def price(self, model: str, on: date) -> Price | None:
        return self.facts(model).price(on)

    def cost(self, model: str, tokens: Tokens, on: date) -> Decimal | None:
        """Of one request, in US dollars; None where the model has no price."""
        price = self.price(model, on)
        return None if price is None else price.cost(tokens)

    def with_models(self, others: Iterable[ModelFacts]) -> PriceTable:
        return PriceTable({**self.models, **{facts.id: facts for facts in others}}, self.roles)


def price_table(roles: Mapping[str, str] | None = None) -> PriceTable:
    return PriceTable(MODELS, {**ROLES, **(roles or {})})


def parse_price(text: str) -> ModelFacts:
    """`model=input/output/cache_read` in $/MTok, for a model that the table lacks. Raises `UsageError`."""
    model, _, numbers = text.partition("=")
    parts = numbers.split("/")
    if not model or len(parts) != 3 or not all(part.replace(".", "", 1).isdigit() for part in parts):
        raise UsageError(f"{text!r} is no price: write model=input/output/cache_read in $ per million tokens")
    facts = _unknown(model, Price(date(2000, 1, 1), Rates.of(*parts)))
    known = _served(model)
    return replace(facts, effort=known.effort, least_cacheable=known.least_cacheable) if known else facts


def _served(model: str) -> ModelFacts | None:
    """A known model by the API's name, or by that of Bedrock (`eu.anthropic.NAME-v1:0`) or Vertex (`NAME@20260101`):
    effort and the prompt cache are to be had wherever it is
    (https://platform.claude.com/docs/en/build-with-claude/effort)."""
    found = _SERVED.fullmatch(model)
    return MODELS.get(found[1]) if found else None


def _unknown(model: str, *prices: Price) -> ModelFacts:
    return ModelFacts(model, prices, max_output=32_000, effort=False, compaction=False, strict=False)
