"""What the documents say is so: commands exist, tables are current, links lead somewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from minion.blueprint.programs import names
from minion.cli import cli
from minion.shipped import shipped

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
IN_CODE = re.compile(r"```(?:console|sh|bash)?\n(.*?)```|`([^`\n]+)`", re.DOTALL)


def test_generated_tables_are_current() -> None:
    done = subprocess.run(
        [sys.executable, "docs/generate.py", "--check"], cwd=ROOT, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", names(shipped()))
def test_every_blueprint_has_a_page_with_its_graph(name: str) -> None:
    page = (ROOT / "docs" / "blueprints" / f"{name}.md").read_text()
    assert page.startswith(f"# {name}\n")
    assert f"<!-- generated: graph {name} -->\n```mermaid\n" in page


def code_of(page: Path) -> list[str]:
    return [block or inline for block, inline in IN_CODE.findall(page.read_text())]


def commands_of(page: Path) -> list[tuple[list[str], list[str]]]:
    """(words behind `minion`, option names) of every command line in code."""
    found = []
    for code in code_of(page):
        for line in code.splitlines():
            if line.strip().startswith("minion "):
                words = line.split()[1:]
                names = [word for word in words[:2] if re.fullmatch(r"[a-z]+", word)]
                found.append((names, re.findall(r"--[a-z-]+", line)))
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_and_their_options_exist(page: Path) -> None:
    for words, options in commands_of(page):
        command = command_at(words)
        known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
        assert set(options) <= known | {"--help", "--version"}, f"{page.name}: minion {' '.join(words)} {options}"


def command_at(words: list[str]) -> click.Command:
    context = click.Context(cli)
    command: click.Command = cli
    for word in words:
        if not isinstance(command, click.Group):
            break
        found = command.get_command(context, word)
        assert found is not None, f"there is no `minion {' '.join(words)}`"
        command = found
    return command


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_make_targets_exist(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text()
    for code in code_of(page):
        for target in re.findall(r"^make ([a-z]+)", code, re.MULTILINE):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"{page.name}: make {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text()):
        if not target.startswith(("http://", "https://", "mailto:")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_readme_begins_with_the_picture_and_the_two_commands() -> None:
    head = "\n".join((ROOT / "README.md").read_text().splitlines()[:40])
    assert "```mermaid" in head
    assert head.index("make demo") < head.index("make test")
