"""Each file in `broken/` begins with what the loader has to say of it, all of it, at the right place."""

from __future__ import annotations

from pathlib import Path

import pytest

from minion.blueprint.loader import load

BROKEN = sorted((Path(__file__).parent / "broken").glob("*.yml"))


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_every_problem_is_told_at_its_place(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    expected = [
        line.removeprefix("\ufeff").removeprefix("# expect: ")
        for line in text.splitlines()
        if line.removeprefix("\ufeff").startswith("# expect: ")
    ]
    found = load(text, source="f.yml", name=path.stem)
    assert isinstance(found, tuple)
    assert [str(problem).removeprefix("f.yml:").replace(": ", " ", 1) for problem in found] == expected
    assert expected, "say what is expected"


def test_there_are_many() -> None:
    assert len(BROKEN) >= 60
