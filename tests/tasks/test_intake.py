"""Commands and labels."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minion.domain.commands import Command, Control, Misspelt, Start, Verb
from minion.tasks.intake import command_in, label_command, starts_with_label

BLUEPRINTS = ("implement", "fix", "address", "lint", "write-tests")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("/minion", Control(Verb.HELP)),
        ("/minion help", Control(Verb.HELP)),
        ("  /Minion HELP \r\nrest", Control(Verb.HELP)),
        ("/minion implement", Start("implement")),
        ("/minion fix --max $3", Start("fix", "", Decimal(3))),
        ("/minion fix --max=$3.50 only the linter", Start("fix", "only the linter", Decimal("3.50"))),
        ("/minion fix only the linter --max 3", Start("fix", "only the linter", Decimal(3))),
        ("/minion address: be brief\n\nThe second one too.", Start("address", "be brief\nThe second one too.")),
        ("/minion write-tests for src/a.py", Start("write-tests", "for src/a.py")),
        ("/minion approve 0123abcd\nthanks", Control(Verb.APPROVE, "0123abcd")),
        ("/minion plan do it\nlike so", Start("plan", "do it\nlike so")),
        ("/minion stop", Control(Verb.STOP)),
        ("\n\n/minion status", Control(Verb.STATUS)),
    ],
)
def test_commands(body: str, expected: Command) -> None:
    assert command_in(body, BLUEPRINTS) == expected


@pytest.mark.parametrize(
    "body",
    [
        "",
        "hello",
        "please /minion fix",
        "> /minion fix",
        "    /minion fix",
        "/minion-two fix",
        "`/minion fix`",
        "text\n/minion fix",
    ],
)
def test_no_commands(body: str) -> None:
    assert command_in(body, BLUEPRINTS) is None


@pytest.mark.parametrize(
    ("body", "nearest"),
    [
        ("/minion implment", "/minion implement"),
        ("/minion write-test", "/minion write-tests"),
        ("/minion qqqqqq", None),
        ("/minions fix", "/minion help"),
        ("/minon fix", "/minion help"),
        ("/minion fix --maks $3", "--max $3"),
        ("/minion fix --max", "--max $3"),
        ("/minion fix --max $-3", "--max $3"),
        ("/minion fix --max $0", "--max $3"),
        ("/minion fix --max 1e3", "--max $3"),
        ("/minion fix --max ٣", "--max $3"),
        ("/minion stop --max $3", "/minion stop"),
    ],
)
def test_misspelt(body: str, nearest: str | None) -> None:
    command = command_in(body, BLUEPRINTS)
    assert isinstance(command, Misspelt)
    assert command.nearest == nearest
    assert command.problem


def test_labels() -> None:
    assert label_command("minion", "implement", BLUEPRINTS) == Start("implement")
    assert label_command("minion:lint", "implement", BLUEPRINTS) == Start("lint")
    assert label_command("bug", "implement", BLUEPRINTS) is None
    assert label_command("minion-working", "implement", BLUEPRINTS) is None
    wrong = label_command("minion:lnt", "implement", BLUEPRINTS)
    assert isinstance(wrong, Misspelt)
    assert wrong.nearest == "minion:lint"
    assert starts_with_label("minion:lint")
    assert not starts_with_label("minion-done")


@given(st.text(max_size=200))
def test_any_text_is_a_command_or_none(text: str) -> None:
    command_in(text, BLUEPRINTS)
    command_in(f"/minion {text}", BLUEPRINTS)
    label_command(f"minion:{text}", "implement", BLUEPRINTS)
