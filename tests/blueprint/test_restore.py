"""Whatever a database or a runner holds out as a state, the engine takes it whole or says why not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minion.blueprint.engine import Engine
from minion.blueprint.model import Blueprint
from minion.blueprint.state import Ended, State, Unfit

from . import test_maps as maps

BEFORE_MAPS: dict[str, Any] = {
    "frames": [
        {
            "blueprint": "implement",
            "node": "judge",
            "inputs": {"issue": 7},
            "visits": {"triage": 1, "route": 1, "setup": 1, "implement": 1, "judge": 1},
            "outputs": {"triage": {"fit": "do"}, "setup": {}, "implement": {"summary": "Done."}},
            "before": {"usd": "0", "wall_s": 0.0, "pushes": 0},
        }
    ],
    "spent": {"usd": "0.5", "wall_s": 9.5, "pushes": 0},
    "max_usd": None,
    "last": {"blueprint": "implement", "node": "implement", "outcome": "ok", "output": {"summary": "Done."}},
    "trouble": None,
    "log": [
        {
            "blueprint": "implement",
            "node": node,
            "result": {"outcome": "ok", "output": output, "usd": usd, "wall_s": 1.0, "pushes": 0},
        }
        for node, output, usd in (
            ("triage", {"fit": "do"}, "0"),
            ("setup", {}, "0"),
            ("implement", {"summary": "Done."}, "0.5"),
        )
    ],
    "prepared": [["implement", "setup"]],
    "ended": None,
    "reason": "",
}
"""As the first version wrote it, without `narrowed` and `map`."""


@pytest.fixture(scope="module")
def engine(pinned: dict[str, Blueprint]) -> Engine:
    return Engine(pinned)


def stored(engine: Engine, **changes: Any) -> dict[str, Any]:
    digests = engine.start("implement", {"issue": 7}).digests
    return json.loads(json.dumps({"digests": digests, **BEFORE_MAPS, **changes}))  # type: ignore[no-any-return]


def test_a_state_of_the_first_version_goes_on(engine: Engine) -> None:
    state = engine.restore(stored(engine))
    assert isinstance(state, State)
    assert getattr(engine.pending(state), "name", "") == "judge"
    assert [step.node for step in state.log] == ["triage", "setup", "implement"]
    assert engine.narrowing(state) == ()


def test_a_state_that_uses_nothing_new_is_written_as_before(engine: Engine) -> None:
    """So that an older runner can read it."""
    state = engine.restore(stored(engine))
    assert isinstance(state, State)
    written = state.model_dump(mode="json")
    assert written.keys() == stored(engine).keys()
    assert written["frames"][0].keys() == BEFORE_MAPS["frames"][0].keys()


FRAME: dict[str, Any] = BEFORE_MAPS["frames"][0]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"of_tomorrow": 1}, "not a state: of_tomorrow: Extra inputs are not permitted"),
        ({"frames": [{**FRAME, "of_tomorrow": 1}]}, "frames.0.of_tomorrow: Extra inputs"),
        ({"frames": []}, "not a state: frames: "),
        ({"frames": None}, "not a state: frames: "),
        ({"spent": {"usd": "NaN"}}, "not a state: spent.usd: "),
        ({"spent": {"usd": -1}}, "not a state: spent.usd: "),
        ({"spent": {"wall_s": 1e999}}, "not a state: spent.wall_s: "),
        ({"log": "abc"}, "not a state: log"),
        ({"ended": "merged"}, "not a state: ended: "),
        ({"digests": {}}, "the blueprint `implement` is not among the pinned ones"),
        ({"digests": {"implement": "0" * 64}}, "the blueprint `implement` has changed since the task began"),
        ({"digests": {"of_yesterday": "0" * 64}}, "the blueprint `of_yesterday` is gone"),
        ({"frames": [{**FRAME, "node": "gone"}]}, "`implement` cannot rest at `gone`"),
        ({"frames": [{**FRAME, "node": "route"}]}, "`implement` cannot rest at `route`"),
        ({"frames": [{**FRAME, "visits": {"gone": 1}}]}, "`implement` has no node `gone`"),
        ({"frames": [{**FRAME, "outputs": {"gone": {}}}]}, "`implement` has no node `gone`"),
        ({"frames": [FRAME, FRAME]}, "`implement` cannot rest at `judge`"),
        ({"frames": [{**FRAME, "node": "fix"}, FRAME]}, "`implement.fix` did not call `implement`"),
        ({"prepared": [["implement", "gone"]]}, "`implement.gone` prepares nothing"),
        ({"prepared": [["implement", "judge"]]}, "`implement.judge` prepares nothing"),
        ({"frames": [{**FRAME, "map": {"node": "gone", "total": 1}}]}, "cannot be within a map as it says at `judge`"),
    ],
)
def test_what_does_not_fit_has_its_reason(engine: Engine, changes: dict[str, Any], said: str) -> None:
    found = engine.restore(stored(engine, **changes))
    assert isinstance(found, Unfit)
    assert said in found.reason


def test_a_bottomless_state_is_refused(engine: Engine) -> None:
    deep: Any = {}
    for _ in range(100_000):
        deep = {"a": deep}
    frame = {**FRAME, "outputs": {"triage": deep}}
    found = engine.restore({**stored(engine), "frames": [frame]})
    assert isinstance(found, Unfit)
    assert "nested deeper" in found.reason
    while deep:  # or the interpreter takes it apart by recursion
        deep = deep.pop("a")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(["judge", "each"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(JSON)
def test_any_data_gets_an_answer(engine: Engine, data: Any) -> None:
    assert isinstance(engine.restore(data), Unfit)


@given(st.data())
def test_any_damage_gets_an_answer(engine: Engine, data: st.DataObject) -> None:
    """One value anywhere is another one; what is still taken can be asked for what is pending."""
    each = maps.engine_of(maps.EACH)
    whole = stored(engine) if data.draw(st.booleans()) else maps.long_way(each)[3].model_dump(mode="json")
    asked = engine if "implement" in whole["digests"] else each
    place: Any = whole
    while isinstance(place, dict | list) and place:
        keys = sorted(place) if isinstance(place, dict) else list(range(len(place)))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(place[key], dict | list) or not place[key] or data.draw(st.integers(0, 3)) == 0:
            place[key] = data.draw(JSON)
            break
        place = place[key]
    state = asked.restore(whole)
    if isinstance(state, State):
        pending = asked.pending(state)
        asked.prepare_nodes(state)
        assert isinstance(pending, Ended) or pending.name == state.frame.node
        assert isinstance(asked.replay(state, state), State)
