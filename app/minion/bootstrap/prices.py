"""The price table of this process: the shipped one, the operator's additions, and the mapping of roles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from minion.agent.prices import ROLES, PriceTable, parse_price, price_table
from minion.domain.errors import UsageError


def priced(roles: Mapping[str, str], additions: Sequence[str], provider: str = "anthropic") -> PriceTable:
    """`additions` are `model=input/output/cache_read` in $/MTok. Bedrock and Vertex have prices of their own, by region
    and endpoint (https://docs.claude.com/en/docs/about-claude/pricing), so there only the additions count.

    Raises `UsageError` where a role is mapped to a model without a price: no limit of money could be kept.
    """
    shipped = price_table({**provider_roles(provider), **roles})
    known = shipped if provider == "anthropic" else PriceTable({}, shipped.roles)
    table = known.with_models(parse_price(text) for text in additions)
    unpriced = sorted(set(table.roles.values()) - set(table.models))
    if unpriced:
        where = "" if provider == "anthropic" else f" with {provider}"
        raise UsageError(
            f"No price is known for {', '.join(unpriced)}{where}, so no limit of money could be kept. "
            "Set MINION_PRICES=model=input/output/cache_read, in $ per million tokens."
        )
    return table


def take_effort(prices: PriceTable) -> None:
    """Raises `UsageError` where a role's model has no effort to be set, as far as is known: it would refuse, or the
    wish would be lost."""
    without = sorted({model for model in prices.roles.values() if not prices.facts(model).effort})
    if without:
        raise UsageError(
            f"--effort: {', '.join(without)} has none that could be set, as far as is known here; leave it out, or "
            "choose another --model"
        )


def provider_roles(provider: str) -> dict[str, str]:
    """The models of the roles as a provider calls them: Vertex as the API does, Bedrock by inference profiles that
    serve from anywhere (https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-support.html)."""
    if provider != "bedrock":
        return dict(ROLES)
    return {role: f"global.anthropic.{model}" for role, model in ROLES.items()}
