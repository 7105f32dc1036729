from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner, Result
from ruamel.yaml import YAML

from minion.blueprint.json_schema import json_schema
from minion.blueprint_cli import blueprint
from minion.domain.errors import UsageError
from minion.shipped import folder, shipped

BROKEN = Path(__file__).parent / "broken"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(blueprint, arguments)


def test_check_good_files() -> None:
    result = run("check", *(str(path) for path in folder("blueprints").glob("*.yml")))
    assert result.exit_code == 0
    assert "good" in result.output


def test_check_tells_all_of_all_files() -> None:
    result = run("check", str(BROKEN / "unknown_key.yml"), str(BROKEN / "alias.yml"))
    assert result.exit_code == 2
    assert "unknown_key.yml:9:21: unknown key `comand` in `nodes.work` (did you mean `command`?)" in result.output
    assert "alias.yml" in result.output


def test_check_follows_calls(tmp_path: Path) -> None:
    text = shipped()["implement"].replace("name: implement", "name: mine").replace("blueprint: fix", "blueprint: mend")
    path = tmp_path / "mine.yml"
    path.write_text(text)
    result = run("check", str(path))
    assert result.exit_code == 2
    assert f"{path}:" in result.output
    assert "there is no blueprint `mend`" in result.output


def test_check_without_files_is_wrong_usage() -> None:
    assert run("check").exit_code == 2
    assert run("check", "nowhere.yml").exit_code == 2


def test_graph_by_name_and_by_file() -> None:
    by_name = run("graph", "fix")
    assert by_name.output.startswith("flowchart TD\n")
    assert run("graph", str(folder("blueprints") / "fix.yml")).output == by_name.output


def test_graph_of_what_is_not_there_or_broken() -> None:
    for argument in ("nothing", str(BROKEN / "alias.yml")):
        assert isinstance(run("graph", argument).exception, UsageError)


def test_schema_accepts_what_the_loader_accepts() -> None:
    printed = json.loads(run("schema").output)
    assert printed == json_schema()
    jsonschema.Draft202012Validator.check_schema(printed)
    for text in shipped().values():
        jsonschema.validate(YAML(typ="safe").load(text), printed)


@pytest.mark.parametrize(
    "name",
    ["unknown_key", "missing_key", "unknown_outcome", "unknown_tool", "bad_limits", "bad_money", "too_many_pushes"],
)
def test_schema_refuses_what_one_key_can_tell(name: str) -> None:
    broken = YAML(typ="safe").load((BROKEN / f"{name}.yml").read_text())
    assert not jsonschema.Draft202012Validator(json_schema()).is_valid(broken)
