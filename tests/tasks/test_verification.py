"""Which lines of a task's verification are commands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minion.tasks.spec_sections import read_sections
from minion.tasks.verification import MOST_COMMANDS, commands, facts


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("`pytest -q tests/test_names.py`", "pytest -q tests/test_names.py"),
        ("`pytest tests/test_names.py` passes", "pytest tests/test_names.py"),
        ("Run: `make check`.", "make check"),
        ("`ruff check .` still finds nothing", "ruff check ."),
        ("$ npm test -- --run", "npm test -- --run"),
        ("`$ CI=1 ./bin/check`", "CI=1 ./bin/check"),
        ("`parse()` accepts hyphens", None),
        ("`parse('a-b') == 'a-b'`", None),
        ("`pytest` fails without the change", None),
        ("The `--help` text names the option", None),
        ("It costs $ 5", None),
        ("The CLI prints nothing", None),
        ("`" + "x" * 600 + "`", None),
        ("``", None),
    ],
)
def test_a_line_is_a_command_or_a_fact(line: str, command: str | None) -> None:
    assert commands([line]) == (() if command is None else (command,))
    assert facts([line]) == ((line,) if command is None else ())


def test_commands_are_counted_and_the_rest_is_for_the_judge() -> None:
    lines = [f"`check {number}`" for number in range(14)]
    assert len(commands(lines)) == MOST_COMMANDS
    assert facts(lines) == tuple(lines[MOST_COMMANDS:])
    assert commands(["`pytest`", "$ pytest"]) == ("pytest",)


def test_a_fenced_block_is_commands() -> None:
    body = (
        "### Verification\n\nIt prints a table.\n\n```console\n$ make docs\n# a comment\n"
        "pytest -q \\\n  tests/test_a.py\n\n```\n- `ruff check`\n"
    )
    found = read_sections(body).verification
    assert commands(found) == ("make docs", "pytest -q tests/test_a.py", "ruff check")
    assert facts(found) == ("It prints a table.",)


def test_front_matter_is_read_line_by_line_too() -> None:
    listed = read_sections("---\nverification:\n  - $ pytest -q\n  - it is faster\n---\n").verification
    block = read_sections("---\nverification: |\n  `pytest -q`\n  it is faster\n---\n").verification
    assert commands(listed) == commands(block) == ("pytest -q",)
    assert facts(listed) == facts(block) == ("it is faster",)


@given(st.lists(st.text(alphabet=st.sampled_from("`$ \\\nabc=./#-()~"), max_size=60), max_size=20))
def test_every_line_is_one_or_the_other(lines: list[str]) -> None:
    found = set(commands(lines))
    assert len(found) <= MOST_COMMANDS
    assert all(command.strip() and "\n" not in command for command in found)
    assert set(facts(lines)) <= set(lines)
