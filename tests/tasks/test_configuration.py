"""`.github/minion.yml`: defaults, values, and problems with their line."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minion.domain.config import RepositoryConfiguration
from minion.tasks.configuration import Broken, read_configuration

FULL = b"""\
commands: {setup: make deps, test: make test}
environment:
  packages: [libpq-dev]
  setup: |
    npm ci
blueprint: fix
max_usd: 1.50
models: {cheap: some-model}
reviewers: [ann]
"""


@pytest.mark.parametrize("data", [None, b"", b"# nothing but a comment\n", b"{}"])
def test_a_repository_without_settings_has_the_defaults(data: bytes | None) -> None:
    assert read_configuration(data) == RepositoryConfiguration()


def test_values_are_read() -> None:
    read = read_configuration(FULL)
    assert isinstance(read, RepositoryConfiguration)
    assert (read.commands.setup, read.commands.lint) == ("make deps", None)
    assert read.environment.setup == "npm ci\n"
    assert (read.blueprint, read.max_usd, read.models) == ("fix", Decimal("1.5"), {"cheap": "some-model"})


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (b"blueprint: fix\ncommands:\n  tst: x\n", ":3: `commands.tst` is not a setting"),
        (b"environment:\n  packages: [a, 1]\n", ":2: `environment.packages.1`"),
        (b"a: [", ":1: not readable"),
        (b"max_files: 1\nmax_files: 2", ":2: not readable"),
        (b"- x", ":1: has to be a mapping"),
        (b"\nblueprint: &x fix", ":2: anchors"),
        (b"blueprint: !!python/name:os.system x", ":1: anchors"),
        (b"\xff", "not UTF-8"),
        (b"#" * 70_000, "larger than"),
    ],
)
def test_a_problem_names_its_line(data: bytes, place: str) -> None:
    read = read_configuration(data)
    assert isinstance(read, Broken)
    assert place in str(read)


def test_all_problems_come_at_once() -> None:
    read = read_configuration(b"one: 1\ntwo: 2\nmax_files: many\n")
    assert isinstance(read, Broken)
    assert len(read.problems) == 3


@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)))
def test_no_bytes_raise(data: bytes) -> None:
    assert isinstance(read_configuration(data), RepositoryConfiguration | Broken)
