"""What is asked of models that an operator gives a price."""

from __future__ import annotations

import pytest

from minion.agent.prices import MODELS, parse_price
from minion.blueprint.schema import EFFORTS
from minion.cli import EFFORTS as OFFERED


@pytest.mark.parametrize(
    "model",
    [
        *MODELS,
        "anthropic.claude-opus-5-5",
        "eu.anthropic.claude-sonnet-5-5-v1:0",
        "global.anthropic.claude-haiku-5-5-v2",
        "claude-opus-5@20260724",
    ],
)
def test_a_known_model_is_known_by_whichever_name(model: str) -> None:
    facts = parse_price(f"{model}=1/2/0.1")
    assert (facts.id, facts.effort) == (model, True)
    assert facts.least_cacheable == next(known.least_cacheable for name, known in MODELS.items() if name in model)
    assert (facts.compaction, facts.strict) == (False, False)


@pytest.mark.parametrize("model", ["llama-5", "claude-2", "claude-opus-5-5-mini", "anthropic.claude-opus-5-5/x"])
def test_of_others_nothing_is_asked(model: str) -> None:
    facts = parse_price(f"{model}=1/2/0.1")
    assert (facts.effort, facts.least_cacheable) == (False, 4096)


def test_the_command_line_offers_what_blueprints_may_say() -> None:
    assert OFFERED == EFFORTS
