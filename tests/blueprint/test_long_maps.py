"""Ten thousand items take ten times what a thousand take: in objects, in JSON and in copying, none of it timed."""

from __future__ import annotations

import json
import sys
import tracemalloc

import pytest

from minion.blueprint.engine import Engine
from minion.blueprint.log import CHUNK, Log
from minion.blueprint.state import State, Step

from . import long_map


@pytest.fixture(scope="module")
def engine() -> Engine:
    return long_map.engine()


def peak(engine: Engine, items: int) -> float:
    """Bytes at the most while all items are gone through, beside the list itself."""
    begin = long_map.at_the_map(engine, items)
    tracemalloc.start()
    long_map.on(engine, begin)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most


def test_memory_grows_with_the_items(engine: Engine) -> None:
    small, large = peak(engine, 500), peak(engine, 2000)
    assert large / small < 4.6, "four times the items"


def test_the_state_of_ten_thousand_items_is_small(engine: Engine) -> None:
    begin = long_map.at_the_map(engine, 10_000)
    end = long_map.on(engine, begin)
    assert end.ended == "success"
    assert end.frame.outputs["each"]["kept"] == 9_000
    assert end.frame.outputs["each"]["reverted"] == 1_000
    assert len(end.log) == 1 + 10_000 * 3 + 1_000
    text = end.model_dump_json()
    assert len(text) < 10_000_000
    assert engine.restore(json.loads(text)) == end


def test_many_items_are_worked_out_again(engine: Engine) -> None:
    begin = long_map.at_the_map(engine, 1_000)
    middle = long_map.on(engine, begin, 1_502)
    end = long_map.on(engine, middle)
    for before, after in ((begin, end), (middle, end), (begin, middle)):
        back = engine.restore(json.loads(after.model_dump_json()))
        assert isinstance(back, State)
        assert engine.replay(before, back) == after


def test_a_step_copies_no_more_late_than_early(engine: Engine) -> None:
    """What a state does not share with the one before it, in bytes."""
    early = long_map.on(engine, long_map.at_the_map(engine, 10_000), 101)
    late = long_map.on(engine, early, 20_000)
    assert own_bytes(engine, late) < 1.5 * own_bytes(engine, early) + 8 * CHUNK


def own_bytes(engine: Engine, state: State) -> int:
    after = long_map.on(engine, state, 1)
    known = {id(part) for part in parts(state)}
    return sum(sys.getsizeof(part) for part in parts(after) if id(part) not in known)


def parts(state: State) -> list[object]:
    """All that a copy of a state could copy: its records, their tables, and the chunks of its log."""
    frame, at = state.frame, state.frame.map
    held = [state, frame, state.__dict__, frame.__dict__, frame.visits, frame.outputs, *frame.outputs.values()]
    held += [] if at is None else [at, at.__dict__, at.visits, at.outputs, at.steps, at.not_kept]
    return [*held, state.log._full, state.log._open]


def test_a_log_is_a_sequence() -> None:
    numbers = list(range(3 * CHUNK + 5))
    grown: Log[int] = Log()
    for number in numbers:
        before = grown
        grown = grown.plus(number)
        assert len(before) == number, "the one before is as it was"
    assert list(grown) == numbers
    assert grown == Log(numbers)
    assert hash(grown) == hash(Log(numbers))
    assert grown != Log(numbers[:-1])
    assert grown.plus(*numbers) == Log([*numbers, *numbers])
    assert (grown[0], grown[CHUNK], grown[-1], list(grown[2:4])) == (0, CHUNK, numbers[-1], [2, 3])
    for beyond in (len(numbers), -len(numbers) - 1):
        with pytest.raises(IndexError):
            grown[beyond]
    assert Log([1]) != [1]


def test_two_ways_on_from_one_state_do_not_meet(engine: Engine) -> None:
    fork = long_map.on(engine, long_map.at_the_map(engine, 100), 50)
    one, other = long_map.on(engine, fork, 30), long_map.on(engine, fork, 40)
    assert list(one.log) == list(other.log)[: len(one.log)]
    assert all(isinstance(step, Step) for step in one.log)
    assert len(fork.log) < len(one.log) < len(other.log)
