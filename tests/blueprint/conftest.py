from __future__ import annotations

from pathlib import Path

import pytest

from minion.blueprint.engine import Engine
from minion.blueprint.library import assemble
from minion.blueprint.model import Blueprint
from minion.shipped import shipped

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def library() -> dict[str, Blueprint]:
    """The blueprints that come with Minion."""
    assembled = assemble(shipped())
    assert isinstance(assembled, dict), "\n".join(map(str, assembled))
    return assembled


@pytest.fixture(scope="session")
def engine(library: dict[str, Blueprint]) -> Engine:
    return Engine(library)


@pytest.fixture(scope="session")
def pinned() -> dict[str, Blueprint]:
    """Two blueprints that stay as they are, whatever becomes of the shipped ones of the same names."""
    texts = {path.stem: path.read_text(encoding="utf-8") for path in (Path(__file__).parent / "pinned").glob("*.yml")}
    assembled = assemble(texts)
    assert isinstance(assembled, dict), "\n".join(map(str, assembled))
    return assembled
