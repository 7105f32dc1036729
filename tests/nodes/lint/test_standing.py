"""Which linters a command stands for, and what it looks at."""

from __future__ import annotations

import json

import pytest

from minion.nodes.lint.standing import Standing, stands_for


def of(command: str | None, scripts: dict[str, str] | None = None) -> Standing | None:
    return stands_for(command, {"package.json": json.dumps({"scripts": scripts or {}}).encode()}.get)


@pytest.mark.parametrize(
    ("command", "linters"),
    [
        (None, set()),
        ("ruff check .", {"ruff"}),
        ("ruff check . && ruff format --check .", {"ruff", "ruff-format"}),
        ("python3 -m flake8", {"flake8"}),
        ("bundle exec rubocop", {"rubocop"}),
    ],
)
def test_commands_that_are_understood(command: str | None, linters: set[str]) -> None:
    found = of(command)
    assert found is not None
    assert found.linters == linters


@pytest.mark.parametrize(
    "command",
    [
        *("make lint", "go vet ./...", "cargo clippy --offline", "ruff check . && mypy .", "npm run nothing", ""),
        *("ruff check . | tee out", "ruff check --select E .", "eslint . ; rm x", "eslint $(ls)", "ruff check '"),
    ],
)
def test_any_other_command_has_to_be_run(command: str) -> None:
    assert of(command) is None


@pytest.mark.parametrize(
    ("script", "paths", "strict"),
    [
        ("eslint .", {"eslint": ("",)}, False),
        ("eslint --ext .js,.ts src test --max-warnings 0", {"eslint": ("src", "test")}, True),
        ("eslint --max-warnings=0 'src/**/*.{ts,tsx}'", {"eslint": ("src/",)}, True),
        ("prettier --check . && eslint src", {"prettier": ("",), "eslint": ("src",)}, False),
    ],
)
def test_scripts_of_package_json(script: str, paths: dict[str, tuple[str, ...]], strict: bool) -> None:
    found = of("npm run lint", {"lint": script})
    assert found == Standing(paths, frozenset({"eslint"}) if strict else frozenset())


def test_paths_that_the_command_does_not_look_at_do_not_count() -> None:
    found = of("npm run lint", {"lint": "eslint src"})
    assert found is not None
    assert found.covers("eslint", "src/a.js")
    assert not found.covers("eslint", "docs/a.js")
    assert found.covers("shellcheck", "docs/a.sh")
