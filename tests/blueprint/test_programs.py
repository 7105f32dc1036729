"""Programs beside a blueprint: found where the blueprint stands, pinned with it, and part of what it is."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from minion.blueprint.engine import Engine
from minion.blueprint.library import assemble
from minion.blueprint.loader import load
from minion.blueprint.model import Blueprint, MapNode, RunNode
from minion.blueprint.programs import MAX_BYTES
from minion.blueprint.state import Unfit
from minion.blueprint.team import FOLDER, gather, program_name
from minion.blueprint_cli import blueprint as command
from minion.shipped import shipped

TEXT = """\
apiVersion: minion/v1
kind: Blueprint
name: mine
description: Runs a program.
defaults: {fail: out}
start: list
nodes:
  list: {type: run, program: list.sh, parse: lines, next: each}
  each:
    type: map
    over: ${{ nodes.list.output.items }}
    start: one
    nodes:
      one: {type: run, program: one.py, env: {FILE: '${{ item }}'}, next: kept}
      kept: {type: end, status: keep}
    next: {ok: done, none: done}
  done: {type: end, status: success}
  out: {type: end, status: declined}
"""
PROGRAMS = {"list.sh": "ls\n", "one.py": "print(1)\n"}


def loaded(programs: dict[str, str | bytes | None]) -> Blueprint:
    found = load(TEXT, source="mine.yml", programs=programs)
    assert isinstance(found, Blueprint), found
    return found


def problems(programs: dict[str, str | bytes | None], text: str = TEXT) -> list[str]:
    found = load(text, source="mine.yml", programs=programs)
    assert isinstance(found, tuple)
    return list(map(str, found))


def test_nodes_hold_the_text() -> None:
    found = loaded({**PROGRAMS, "other.py": "no\n"})
    first, each = found.nodes["list"], found.nodes["each"]
    assert isinstance(first, RunNode)
    assert isinstance(each, MapNode)
    inner = each.nodes["one"]
    assert isinstance(inner, RunNode)
    assert (first.program_text, inner.program_text) == ("ls\n", "print(1)\n")
    assert found.programs == PROGRAMS, "only those that it names"


def test_a_changed_program_is_a_changed_blueprint() -> None:
    one = loaded(dict(PROGRAMS))
    assert one.digest == loaded({**PROGRAMS, "other.py": "no\n"}).digest
    other = loaded({**PROGRAMS, "one.py": "print(2)\n"})
    assert one.digest != other.digest
    state = Engine({"mine": one}).start("mine", {})
    again = Engine({"mine": other}).restore(state.model_dump(mode="json"))
    assert again == Unfit("the blueprint `mine` has changed since the task began")


def test_what_is_wrong_with_a_program() -> None:
    place = "mine.yml:14:33"
    near = {"list.sh": "", "on.py": ""}
    assert problems(dict(near)) == [
        f"{place}: there is no program `programs/one.py` beside this blueprint (did you mean `on.py`?)"
    ]
    given: dict[str | bytes | None, str] = {
        None: "was not read",
        b"\xff": "is no text",
        "a\0": "is no text",
        "x" * (MAX_BYTES + 1): "is larger than 64 kB",
    }
    for content, said in given.items():
        [found] = problems({**PROGRAMS, "one.py": content})
        assert found.startswith(place)
        assert said in found
    assert loaded({**PROGRAMS, "one.py": "é" * (MAX_BYTES // 2)})


@pytest.mark.parametrize("name", ["one.rb", "one", "../one.py", "a/one.py", ".py", ".one.py", "one.py.bak"])
def test_what_is_no_name_of_a_program(name: str) -> None:
    [found] = problems({**PROGRAMS, name: "x"}, TEXT.replace("one.py", name))
    assert "is no name of a program (a file in `programs/`, its name ending in .py or .sh)" in found
    assert program_name(f"{FOLDER}/programs/{name}") is None


def test_a_team_has_its_own(tmp_path: Path) -> None:
    """A team's program never takes the place of one that Minion's own blueprints run, nor the other way round."""
    theirs = {f"{FOLDER}/mine.yml": TEXT.encode(), f"{FOLDER}/programs/one.py": b"theirs\n"}
    there = {
        "programs/one.py": "ours\n",
        "programs/list.sh": "ours\n",
        "ours": TEXT.replace("name: mine", "name: ours"),
    }
    missing = gather(there, theirs)
    assert "there is no program `programs/list.sh`" in str(missing.broken["mine"][0])
    team = gather(there, {**theirs, f"{FOLDER}/programs/list.sh": b"theirs\r\n"})
    assert team.names == {"mine", "ours"}
    pinned = team.pinned(["mine", "ours"])
    library = assemble(pinned)
    assert isinstance(library, dict)
    assert set(library) == {"mine", "ours"}
    assert set(library["mine"].programs.values()) == {"theirs\n"}
    assert set(library["ours"].programs.values()) == {"ours\n"}
    assert {name: one.digest for name, one in library.items()} == {n: one.digest for n, one in team.library.items()}
    assert "mine/programs/one.py" not in team.pinned(["ours"])


def test_programs_that_were_too_many() -> None:
    team = gather({}, {f"{FOLDER}/mine.yml": TEXT.encode(), **{f"{FOLDER}/programs/{name}": None for name in PROGRAMS}})
    assert "there are too many programs" in str(team.broken["mine"][0])


def test_check_looks_beside_the_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.yml"
    path.write_text(TEXT)
    (tmp_path / "programs").mkdir()
    for name, text in PROGRAMS.items():
        (tmp_path / "programs" / name).write_text(text)
    assert CliRunner().invoke(command, ["check", str(path)]).exit_code == 0
    assert "one.py" in CliRunner().invoke(command, ["graph", str(path)]).output
    (tmp_path / "programs" / "one.py").rename(tmp_path / "programs" / "two.py")
    result = CliRunner().invoke(command, ["check", str(path)])
    assert result.exit_code == 2
    assert f"{path}:14:33: there is no program `programs/one.py`" in result.output


def test_shipped_programs_are_used() -> None:
    library = assemble(shipped())
    assert isinstance(library, dict)
    used = {f"programs/{file}" for one in library.values() for file in one.programs}
    assert used == {key for key in shipped() if "/" in key}
