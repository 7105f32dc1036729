from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner, Result
from ruamel.yaml import YAML

from minion.blueprint.json_schema import json_schema
from minion.blueprint.programs import names
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


def test_exit_codes_of_the_process(tmp_path: Path) -> None:
    def code(*arguments: str) -> int:
        command = [sys.executable, "-m", "minion", "blueprint", *arguments]
        return subprocess.run(command, capture_output=True, check=False, cwd=tmp_path).returncode

    (tmp_path / "walks.yml").write_text(
        "apiVersion: minion/v1\nkind: Walks\nblueprint: fix\ninputs: {pr: 3}\nwalks:\n  a: {ends: declined}\n"
    )
    assert code("check", str(folder("blueprints") / "fix.yml")) == 0
    assert code("check", str(BROKEN / "alias.yml")) == 2
    assert code("test", "walks.yml") == 1


def test_check_of_folders_and_as_json(tmp_path: Path) -> None:
    good = run("check", "--json", str(folder("blueprints")))
    assert (good.exit_code, json.loads(good.stdout)) == (0, [])
    for name in ("unknown_key", "alias"):
        (tmp_path / f"{name}.yml").write_text((BROKEN / f"{name}.yml").read_text())
    (tmp_path / "mine.walks.yml").write_text("apiVersion: minion/v1\nkind: Walks\nblueprint: fix\nwalks: {}\n")
    told = run("check", "--json", str(tmp_path))
    assert told.exit_code == 2
    found = json.loads(told.stdout)
    assert [Path(one["file"]).name for one in found] == ["alias.yml", "mine.walks.yml", "unknown_key.yml"]
    assert found[2] == {
        "file": str(tmp_path / "unknown_key.yml"),
        "line": 9,
        "column": 21,
        "message": "unknown key `comand` in `nodes.work`",
        "hint": "did you mean `command`?",
    }
    (tmp_path / "empty").mkdir()
    assert isinstance(run("check", str(tmp_path / "empty")).exception, UsageError)


def test_excerpts_point_at_the_place() -> None:
    lines = run("check", "--excerpt", str(BROKEN / "unknown_key.yml")).stderr.splitlines()
    at = next(number for number, line in enumerate(lines) if ":9:21:" in line)
    source, caret = lines[at + 2], lines[at + 3]
    assert source.startswith("    9 |   work: {type: run, comand")
    assert source[caret.index("^") :].startswith("comand")
    assert caret.endswith("^ did you mean `command`?")


def test_what_a_file_says_does_not_steer_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "x.yml").write_text('"\\e[31mred": 1\n')
    for option in ("--plain", "--excerpt"):
        assert "\x1b" not in run("check", option, str(tmp_path / "x.yml")).stderr


def test_a_call_of_a_file_that_is_broken_waits_until_that_is_mended(tmp_path: Path) -> None:
    caller = (
        "apiVersion: minion/v1\nkind: Blueprint\nname: mine\ndescription: M.\ndefaults: {fail: done}\nstart: sub\n"
        "nodes:\n  sub: {type: call, blueprint: other, next: done}\n  done: {type: end, status: success}\n"
    )
    (tmp_path / "mine.yml").write_text(caller)
    (tmp_path / "other.yml").write_text("name: other\n")
    assert "mine.yml" not in run("check", str(tmp_path)).stderr
    (tmp_path / "other.yml").write_text(caller.replace("name: mine", "name: other").replace("int: other", "int: fix"))
    assert "other.yml:8:3: node `sub`: `fix` needs the input `pr`" in run("check", str(tmp_path)).stderr
    assert run("check", str(tmp_path / "mine.yml")).exit_code == 0  # it knows the one beside it


def test_the_schema_beside_the_blueprints_is_current() -> None:
    """To mend: minion blueprint schema > blueprints/schema.json."""
    assert (folder("blueprints") / "schema.json").read_text() == run("schema").output


def test_editors_find_the_schema() -> None:
    for name in names(shipped()):
        assert shipped()[name].startswith("# yaml-language-server: $schema=schema.json\n")


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
    for name in names(shipped()):
        jsonschema.validate(YAML(typ="safe").load(shipped()[name]), printed)


@pytest.mark.parametrize(
    "name",
    [
        "unknown_key",
        "missing_key",
        "unknown_outcome",
        "unknown_tool",
        "bad_limits",
        "bad_money",
        "too_many_pushes",
        "no_nodes",
        "unknown_top_key",
        "unknown_node_type",
        "wrong_version",
        "list_for_mapping",
        "bad_durations",
        "bad_node_name",
    ],
)
def test_schema_refuses_what_one_key_can_tell(name: str) -> None:
    broken = YAML(typ="safe").load((BROKEN / f"{name}.yml").read_text())
    assert not jsonschema.Draft202012Validator(json_schema()).is_valid(broken)
