from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from minion.settings import inherited

from tests.scenarios.universe import Universe

PASSED_ON = ("PATH", "HOME", "LANG", "TMPDIR")


@pytest.fixture(scope="session")
def universe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Universe]:
    place: Path = tmp_path_factory.mktemp("universe")
    made = Universe(place, {name: value for name, value in inherited().items() if name in PASSED_ON})
    made.start()
    yield made
    made.stop()
    assert made.hub.unknown_requests == []
