from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from minion.blueprint.ways import beside, rows

NAMES = st.lists(st.sampled_from("abcd"), max_size=40)


@given(NAMES, NAMES)
def test_both_sides_are_whole_and_only_what_is_equal_is_the_same(left: list[str], right: list[str]) -> None:
    found = rows(left, right)
    assert [one for one, _, _ in found if one] == left
    assert [other for _, other, _ in found if other] == right
    assert all((one == other) or not same for one, other, same in found)
    assert (left == right) == (list(beside(("l", "r"), found)) == [])


def test_the_first_difference_is_marked_with_what_is_around_it() -> None:
    left = [f"n{number}" for number in range(100)]
    lines = list(beside(("expected", "went"), rows(left, [*left[:50], "other", *left[51:]])))
    assert lines[1] == "  ... 44 the same"
    assert [line for line in lines if line.startswith(">")] == ["> n50       other"]
    assert lines[-1] == "  ... 36 more"
