"""Examples that the documents show are good: they are read by the loaders of the program, or run."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML
from tests.cli.conftest import CODE, CONFIGURATION, FIXED, TEST, git

from minion.blueprint.programs import names
from minion.domain.commands import Misspelt
from minion.domain.config import RepositoryConfiguration
from minion.hub.actions.workflow_reader import read_workflow
from minion.hub.admin import COMMANDS
from minion.hub.knobs import Knobs
from minion.scripted.script import load_script
from minion.scripted.server import ScriptedModel
from minion.shipped import shipped
from minion.tasks.configuration import read_configuration
from minion.tasks.intake import command_in
from minion.tasks.spec_schema import front_matter_schema
from minion.tasks.spec_sections import Sections, read_sections
from minion.tasks.verification import commands, facts

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


def blocks(page: str, language: str) -> list[str]:
    found = re.findall(rf"```{language}\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)
    assert found, f"{page} shows no {language}"
    return found


def test_the_configuration_is_one() -> None:
    for example in blocks("docs/configuration.md", "yaml"):
        read = read_configuration(example.encode())
        assert isinstance(read, RepositoryConfiguration), str(read)
        assert read != RepositoryConfiguration()


def test_the_job_around_the_action_is_a_workflow() -> None:
    head = "on:\n  workflow_dispatch:\n    inputs:\n      nonce: {type: string}\n      app_url: {type: string}\n"
    [example] = blocks("docs/action.md", "yaml")
    assert read_workflow(head + example, "docs/action.md").jobs


@pytest.mark.parametrize("path", ["action/runner-workflow.yml", ".github/workflows/ci.yml"])
def test_workflow_files_are_workflows(path: str) -> None:
    assert read_workflow((ROOT / path).read_text(), path).jobs


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_on_comments_are_understood(page: Path) -> None:
    for line in re.findall(r"`(/minion [a-z][^`]*)`", page.read_text()):
        command = command_in(line, {*names(shipped()), "bump-copyright"})
        assert command is not None
        assert not isinstance(command, Misspelt), f"{page.name}: {line}: {command}"


def test_the_issue_is_read_heading_by_heading() -> None:
    read = read_sections(blocks("docs/usage.md", "markdown")[0])
    assert read.objective == "`parse()` accepts hyphens in field names."
    assert read.scope.allow == ("src/parse.py", "tests/")
    assert read.scope.forbid == ("tests/golden/",)
    assert read.verification == ("`pytest tests/test_names.py` passes",)
    assert commands(read.verification) == ("pytest tests/test_names.py",)
    assert read.constraints == ("The public API stays as it is",)
    assert (read.when_unclear, read.rest) == ("ask", "")


def test_the_front_matter_says_the_same_and_fits_its_schema() -> None:
    form, front, _ = (read_sections(block) for block in blocks("docs/usage.md", "markdown"))
    assert (front.scope, front.constraints) == (form.scope, form.constraints)
    assert commands(front.verification) == commands(form.verification)
    assert facts(front.verification) == ("Names in error messages keep their hyphens",)
    assert (front.when_unclear, front.rest) == ("choose", "Seen with the export of last week.")
    source = blocks("docs/usage.md", "markdown")[1].split("---")[1]
    schema = json.loads((ROOT / "docs" / "task-spec.schema.json").read_text())
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(YAML(typ="safe", pure=True).load(source))


@pytest.mark.parametrize("wrong", [{}, {"other": 1}, {"when_unclear": "maybe"}, {"scope": {"deny": []}}, {"branch": 3}])
def test_the_schema_refuses_what_is_not_read(wrong: dict[str, Any]) -> None:
    assert not Draft202012Validator(front_matter_schema()).is_valid(wrong)


def test_free_text_is_the_objective() -> None:
    text = blocks("docs/usage.md", "markdown")[2]
    read = read_sections(text)
    assert read == Sections(rest=text.strip())


def form() -> list[dict[str, Any]]:
    text = (ROOT / ".github" / "ISSUE_TEMPLATE" / "minion.yml").read_text()
    return [field["attributes"] for field in YAML(typ="safe", pure=True).load(text)["body"]]


def test_the_headings_of_the_issue_form_are_those_that_are_read() -> None:
    body = "\n\n".join(f"### {field['label']}\n\nsaid/here" for field in form())
    read = read_sections(body)
    assert (read.objective, read.scope.allow, read.rest) == ("said/here", ("said/here",), "")
    assert read.verification == read.constraints == ("said/here",)
    assert read.branch == "said/here"


def test_the_choices_of_the_issue_form_are_those_that_are_known() -> None:
    [field] = [field for field in form() if "options" in field]
    read = [read_sections(f"### {field['label']}\n\n{option}").when_unclear for option in field["options"]]
    assert read == ["ask", "decline", "choose"]


def test_the_hub_has_the_methods_that_are_named() -> None:
    text = (ROOT / "docs" / "hub.md").read_text()
    [more] = re.findall(r"administrator can do \((.*?) and more\)", text, re.DOTALL)
    named = {*re.findall(r"^control ([a-z_]+)", text, re.MULTILINE), *re.findall(r"`([a-z_]+)`", more)}
    assert len(named) > 8
    assert named <= set(COMMANDS)


def test_the_knobs_can_be_set() -> None:
    knobs = Knobs()
    for example in blocks("docs/hub.md", "json"):
        knobs.set(json.loads(example))
    assert knobs.faults
    assert knobs.deliveries.duplicate


def test_the_test_on_the_hub_passes(tmp_path: Path) -> None:
    [example] = blocks("docs/hub.md", "python")
    names: dict[str, Callable[[Path], None]] = {}
    exec(compile(example, "docs/hub.md", "exec"), names)  # noqa: S102 -- our own page
    names["test_our_ci_judges_pull_requests"](tmp_path)


def test_the_script_plays_a_whole_run(tmp_path: Path) -> None:
    project = tmp_path / "project"
    (project / ".github").mkdir(parents=True)
    files = {"calc.py": CODE, "test_calc.py": TEST, ".github/minion.yml": CONFIGURATION}
    for name, text in files.items():
        (project / name).write_text(text)
    git(project, "init", "--quiet", "--initial-branch=main")
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message", "first")
    path = tmp_path / "script.yml"
    path.write_text(blocks("docs/hub.md", "yaml")[0])
    with ScriptedModel(load_script(path)) as model:
        env = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "LANG": "C.UTF-8"}
        env |= {"ANTHROPIC_BASE_URL": model.url, "ANTHROPIC_API_KEY": "any"}
        command = [sys.executable, "-m", "minion", "run", "Make double() double", "--repo", str(project)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=env, timeout=120)
    assert done.returncode == 0, done.stderr
    assert git(project, "show", "minion/make-double-double:calc.py") == FIXED.strip()
