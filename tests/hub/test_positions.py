"""Lines of review comments, followed through a patch: held against what the lines themselves say."""

from __future__ import annotations

import difflib

from hypothesis import given
from hypothesis import strategies as st

from minion.hub.changes.positions import moved

LINES = st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=30)


@given(LINES, LINES, st.data())
def test_a_line_that_is_kept_is_found_and_one_that_is_taken_away_is_not(
    old: list[str], new: list[str], data: st.DataObject
) -> None:
    line = data.draw(st.integers(1, len(old)))
    patch = "\n".join(list(difflib.unified_diff(old, new, lineterm=""))[2:])
    found = moved(patch, line)
    kept = {
        block.a + index + 1: block.b + index + 1
        for group in [difflib.SequenceMatcher(None, old, new).get_matching_blocks()]
        for block in group
        for index in range(block.size)
    }
    assert found == (kept.get(line) if patch else line)


def test_hunks_before_it_move_it() -> None:
    patch = "@@ -1,3 +1,5 @@\n one\n+1\n+2\n two\n three\n@@ -20,3 +22,2 @@\n x\n-y\n z\n\\ No newline at end of file"
    assert [moved(patch, line) for line in (1, 2, 10, 20, 21, 22, 30)] == [1, 4, 12, 22, None, 23, 31]
