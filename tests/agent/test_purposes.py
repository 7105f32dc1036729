"""What tokens went for: sums are exact, parts follow the blocks that were sent."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from queue import Empty, Queue
from typing import Any

import pytest
from tests.agent.conftest import MODEL, TABLE, NoteTool, Stage, finish, look

from minion.agent.budget import Budget, Limits
from minion.agent.purposes import AGAIN, ANSWERS, EARLIER, NOTES, RULES, SYSTEM, TASK, Accounted, shares
from minion.domain.receipt import Spending, Tokens
from minion.ports.model import ModelTurn

PRICE = TABLE.price(MODEL, date(2026, 11, 1))
assert PRICE is not None


def turn(tokens: Tokens, **more: Any) -> ModelTurn:
    return ModelTurn([], "end_turn", tokens, MODEL, context_tokens=tokens.total, **more)


def whole(found: dict[str, Spending]) -> Spending:
    return sum(found.values(), Spending())


def test_the_beginning_of_a_prompt_is_what_the_cache_gave() -> None:
    tokens = Tokens(cache_read=600, cache_write_5m=300, input=100, output=50)
    found = shares([(SYSTEM, 500), (TASK, 250), ("results of read", 250)], turn(tokens), PRICE)
    assert found[SYSTEM].tokens == Tokens(cache_read=500)
    assert found[TASK].tokens == Tokens(cache_read=100, cache_write_5m=150)
    assert found["results of read"].tokens == Tokens(cache_write_5m=150, input=100)
    assert found[ANSWERS].tokens == Tokens(output=50)
    assert whole(found).tokens == tokens
    assert whole(found).usd == PRICE.cost(tokens)


def test_what_was_billed_beyond_the_conversation_is_told_apart() -> None:
    tokens = Tokens(input=1000, output=100)
    found = shares([(SYSTEM, 1)], ModelTurn([], "end_turn", tokens, MODEL, attempts=2, context_tokens=550), PRICE)
    assert found[AGAIN].tokens == Tokens(input=500, output=50)
    assert found[SYSTEM].tokens == Tokens(input=500)
    assert whole(found).tokens == tokens


@pytest.mark.parametrize("sizes", [(1, 1, 1), (7, 0, 3), (0, 0, 0)])
def test_sums_are_exact_whatever_the_sizes(sizes: tuple[int, ...]) -> None:
    tokens = Tokens(cache_read=331, cache_write_1h=17, input=5, output=2)
    found = shares([(str(number), size) for number, size in enumerate(sizes)], turn(tokens), PRICE)
    assert whole(found).tokens == tokens if any(sizes) else whole(found).tokens.output == 2


def test_what_is_done_beside_the_first_answer_is_done_once(stage: Callable[..., Stage]) -> None:
    playing = stage({"calls": [look("a")]}, {"calls": [finish()]})
    done: Queue[str] = Queue()
    model = Accounted(playing.client, PRICE, lambda: done.put("beside"), lambda: done.put("then"))
    playing.play(NoteTool("look", reply=lambda _: "x"), model=model)
    assert {done.get(timeout=10), done.get(timeout=10)} == {"beside", "then"}
    with pytest.raises(Empty):
        done.get(timeout=0.2)


def test_a_session_is_accounted_for_by_tool(stage: Callable[..., Stage]) -> None:
    playing = stage(
        {"calls": [look("a")]},
        {"calls": [look("b", "search")], "text": "Hm."},
        {"text": "Done?"},
        {"calls": [finish()]},
    )
    model = Accounted(playing.client, PRICE)
    tools = [NoteTool("look", reply=lambda _: "x" * 4000), NoteTool("search", reply=lambda _: "y" * 400)]
    opening = "<goal>\nMend it.\n</goal>\n\n<rules>\n" + "r" * 1000 + "\n</rules>\n\nLimits of this step: 3 turns."
    budget = Budget(Limits(turns=60, usd=Decimal(5)), PRICE, time.monotonic)
    report = playing.play(*tools, model=model, opening=opening, budget=budget)
    spent = model.spent_on
    assert set(spent) == {SYSTEM, RULES, TASK, "results of look", "results of search", NOTES, EARLIER, ANSWERS}
    assert whole(spent).tokens == report.tokens
    assert whole(spent).usd == report.usd
    assert spent["results of look"].tokens.total > 5 * spent["results of search"].tokens.total
    assert spent[RULES].tokens.total > spent[TASK].tokens.total
