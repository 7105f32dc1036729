"""The price table of this process: the shipped one, the operator's additions, and the mapping of roles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from minion.agent.prices import PriceTable, parse_price, price_table
from minion.domain.errors import UsageError


def priced(roles: Mapping[str, str], additions: Sequence[str]) -> PriceTable:
    """`additions` are `model=input/output/cache_read` in $/MTok.

    Raises `UsageError` where a role is mapped to a model without a price: no limit of money could be kept.
    """
    table = price_table(roles).with_models(parse_price(text) for text in additions)
    unpriced = sorted(set(table.roles.values()) - set(table.models))
    if unpriced:
        raise UsageError(
            f"No price is known for {', '.join(unpriced)}, so no limit of money could be kept. "
            "Set MINION_PRICES=model=input/output/cache_read, in $ per million tokens."
        )
    return table
