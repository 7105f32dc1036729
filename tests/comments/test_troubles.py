"""What went wrong, in words for the person who takes over."""

from __future__ import annotations

from typing import Any

import pytest
from tests.blueprint import long_map

from minion.blueprint.model import MapNode
from minion.blueprint.state import Ended, Last, NodeResult, State
from minion.comments import trouble


def items_gone(kept: int = 0, skipped: int = 0, reverted: int = 0, left: int = 0) -> dict[str, Any]:
    parts = {"kept": kept, "skipped": skipped, "reverted": reverted, "left": left}
    return {"count": sum(parts.values()), **parts, "not_kept": []}


@pytest.mark.parametrize(
    ("output", "said"),
    [
        (items_gone(), "`each` had no items"),
        (items_gone(reverted=3), "`each` kept none of its items: of 3, 3 put back"),
        (items_gone(skipped=2), "`each` kept none of its items: of 2, 2 skipped"),
        (
            items_gone(skipped=1, reverted=3, left=6),
            "`each` kept none of its items: of 10, 3 put back, 1 skipped, 6 not begun",
        ),
        ({}, "`each` found nothing to do"),
    ],
)
def test_a_map_that_kept_nothing_says_what_became_of_its_items(output: dict[str, Any], said: str) -> None:
    assert trouble(Last(blueprint="long", node="each", outcome="none", output=output)) == said


def test_so_it_is_said_of_a_map_that_was_walked() -> None:
    engine = long_map.engine()
    state: State = long_map.at_the_map(engine, 4)
    while not isinstance(pending := engine.pending(state), Ended) and state.frame.node != "done":
        state = engine.apply(state, NodeResult(outcome="ok" if isinstance(pending, MapNode) else "fail"))
    assert state.last is not None
    assert trouble(state.last) == "`each` kept none of its items: of 4, 4 put back"


@pytest.mark.parametrize(
    ("outcome", "output", "said"),
    [
        ("stuck", {"reason": "three malformed calls"}, "`a` got stuck: three malformed calls"),
        ("capped", {"cap": "usd"}, "`a` was not entered again: the money for it is spent"),
        ("fail", {"exit_code": 2, "text": "no such file\n"}, "`a` failed: exit code 2\n\nno such file"),
        ("veto", {"reasons": [{"file": "x.py", "line": 3, "problem": "wrong"}]}, "`a` said no: x.py:3: wrong"),
        ("stuck", {"blocked": True, "question": "Which one?"}, "`a` cannot go on without an answer: Which one?"),
    ],
)
def test_a_node_that_ended_badly_says_why(outcome: str, output: dict[str, Any], said: str) -> None:
    assert trouble(Last(blueprint="main", node="a", outcome=outcome, output=output)) == said


def test_long_output_keeps_its_beginning_and_its_end() -> None:
    text = "npm error `npm ci` needs a lock file in sync\n" + "usage\n" * 1000 + "the end"
    told = trouble(Last(blueprint="main", node="a", outcome="fail", output={"exit_code": 1, "text": text}))
    assert "needs a lock file in sync" in told
    assert told.endswith("the end")
    assert len(told) < 1_700
