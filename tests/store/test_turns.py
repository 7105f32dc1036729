"""Writers of one process take turns in the order in which they asked."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from minion.adapters.store.turns import Turns
from minion.domain.errors import Outage


def until(reached: Callable[[], bool], seconds: float = 10) -> None:
    ends = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < ends, "not reached in time"
        time.sleep(0.001)


def test_who_asked_first_is_next_also_before_who_had_it_last() -> None:
    turns, order = Turns(), list[int]()

    def wait(number: int) -> None:
        with turns.turn(10):
            order.append(number)

    threads = [threading.Thread(target=wait, args=(number,)) for number in range(8)]
    with turns.turn(1):
        for number, thread in enumerate(threads):
            thread.start()
            until(lambda number=number: len(turns._waiting) == number + 1)
    with turns.turn(10):
        order.append(99)
    for thread in threads:
        thread.join(10)
    assert order == [*range(8), 99]


def test_a_turn_that_does_not_come_is_an_outage_and_is_given_up() -> None:
    turns = Turns()
    with turns.turn(1), pytest.raises(Outage, match="busy"), turns.turn(0.01):
        pytest.fail("two had it at once")
    with turns.turn(0.01):
        pass


def test_a_failure_gives_the_turn_back() -> None:
    turns = Turns()
    with pytest.raises(ZeroDivisionError), turns.turn(1):
        _ = 1 / 0
    with turns.turn(0.01):
        pass
