from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.scenarios.conversation import check, conversation
from tests.scenarios.tidy import leaves_nothing
from tests.scenarios.universe import Repository, Snapshot, Universe, started, wait


@pytest.fixture(scope="session")
def shared_universe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Universe]:
    with started(tmp_path_factory.mktemp("universe")) as made:
        yield made


@pytest.fixture
def universe(shared_universe: Universe) -> Iterator[Universe]:
    """One for all scenarios of a process; each has its own repository in it, and leaves nothing behind."""
    yield shared_universe
    leaves_nothing(shared_universe)


@pytest.fixture
def snapshot(request: pytest.FixtureRequest) -> Snapshot:
    """Compares the whole conversation of a repository with what was read and found good before."""

    def compare(repository: Repository) -> None:
        wait(repository.said_all, "the last words")
        check(request.node.name, conversation(repository))

    return compare
