"""What a command is given, and the list that it gives back."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minion.blueprint.model import RunNode
from minion.domain.config import Commands
from minion.nodes.listing import LONGEST_ITEM, MOST_CHARACTERS, listed
from minion.nodes.variables import LONGEST, unfit

from .conftest import NOWHERE, Build, agent, finish, gate


def run(**changes: object) -> RunNode:
    return RunNode(name="it", next=NOWHERE, **changes)  # type: ignore[arg-type]


def test_the_command_sees_its_environment_as_data(place: Build) -> None:
    at = place()
    evil = "$(touch evil); `touch evil`\n'\"; touch evil #"
    result = at.visit(run(script='printf "%s|%s" "$FILE" "$DEPTH"'), env={"FILE": evil, "DEPTH": "2"}).result
    assert result.output["text"] == f"{evil}|2"
    assert not (at.root / "evil").exists()
    assert "FILE" not in at.visit(run(script="env")).result.output["text"], "nor does the next command"


def test_an_environment_that_no_process_can_have_fails_the_node(place: Build) -> None:
    at = place()
    result = at.visit(run(argv=("true",)), env={"FILE": "x" * (LONGEST + 1)}).result
    assert (result.outcome, result.output["exit_code"]) == ("fail", 126)
    assert "the value of FILE has" in result.output["text"]


@pytest.mark.parametrize("value", ["a\0b", "\ud800", "é" * LONGEST])
def test_values_that_are_none(value: str) -> None:
    assert "the value of NAME" in str(unfit({"NAME": value}))


def test_many_values_have_a_bound_together() -> None:
    assert unfit({f"N{number}": "x" * 90_000 for number in range(5)}) is None
    assert "all values have" in str(unfit({f"N{number}": "x" * 90_000 for number in range(6)}))


def test_lines_become_items_and_stay_readable(place: Build) -> None:
    script = r"printf 'a.py\r\n\n  \nb c.py\n'; echo noise >&2"
    result = place().visit(run(script=script, parse="lines")).result
    assert (result.output["items"], result.output["count"]) == (["a.py", "b c.py"], 2)
    assert "a.py" in result.output["text"]
    assert "noise" in result.output["text"]
    assert "noise" not in result.output["items"]


def test_a_json_list_becomes_items_and_other_json_does_not(place: Build) -> None:
    at = place()
    argv = ("python3", "-c", 'print(\'[{"path": "a.py", "line": 3}, 4, "x"]\')')
    result = at.visit(run(argv=argv, parse="json")).result
    assert result.output["items"] == [{"path": "a.py", "line": 3}, 4, "x"]
    assert result.output["count"] == 3
    assert "items" not in at.visit(run(script="echo '{}'", parse="json")).result.output
    assert "items" not in at.visit(run(script="echo '{}'")).result.output


def test_a_failed_command_s_lines_are_still_there(place: Build) -> None:
    result = place().visit(run(script="echo one; exit 1", parse="lines")).result
    assert (result.outcome, result.output["items"]) == ("fail", ["one"])


def test_there_are_bounds() -> None:
    many = listed("lines", "\n".join(str(number) for number in range(10_500)))
    assert (many["count"], many["items"][-1]) == (10_000, "9999")
    long = listed("lines", f"a\n{'x' * (LONGEST_ITEM + 1)}\nb")
    assert long["items"] == ["a", "b"]
    heavy = listed("lines", "\n".join("y" * 10_000 for _ in range(500)))
    assert heavy["count"] == MOST_CHARACTERS // 10_000
    assert listed("lines", "") == {"items": [], "count": 0}
    assert listed("json", "[" * 100_000) == {}
    assert listed("json", "not json") == {}


def test_what_is_no_json_elsewhere_is_taken_out() -> None:
    items = listed("json", r'["\ud800", 1e999, NaN, {"\udfff": [-Infinity]}]')["items"]
    assert items == ["�", None, None, {"�": [None]}]


@given(st.text(max_size=200))
def test_any_output_is_a_list_that_survives_json(text: str) -> None:
    for kind in ("lines", "json"):
        found = listed(kind, text)
        assert json.loads(json.dumps(found).encode()) == found


def test_a_gate_is_given_its_environment_too(place: Build) -> None:
    at = place({"calls": [finish()]}, commands=Commands())
    node = gate("there", script='test "$FILE" = wanted.txt')
    report = at.visit(agent(), [node], gate_env={"there": {"FILE": "wanted.txt"}})
    assert report.gates == (("there", "passed"),)


SHADOW = "raise SystemExit('the repository is imported')\n"
PROGRAM = """\
import ast, os, sys
from pathlib import Path
print(Path.cwd().name, os.environ["FILE"], Path(__file__).name, sys.argv[1:])
"""


def test_a_program_runs_in_the_box_and_imports_nothing_of_the_repository(place: Build) -> None:
    at = place(files={"ast.py": SHADOW, "os.py": SHADOW, "a.txt": "x\n"})
    python = at.visit(run(program="tell.py", program_text=PROGRAM, parse="lines"), env={"FILE": "a'b"}).result
    assert (python.outcome, python.output["items"]) == ("ok", ["work a'b tell.py []"])
    shell = at.visit(run(program="tell.sh", program_text='echo "${0##*/} $FILE"; cat a.txt; exit 3'), env={"FILE": "b"})
    assert shell.result.output["text"] == "tell.sh b\nx"
    assert (shell.result.outcome, shell.result.output["exit_code"]) == ("fail", 3)
    assert at.bench.workspace.change_set().files == ()


def test_a_program_may_hold_any_text(place: Build) -> None:
    tricky = "cat <<'END'\n$(touch evil) `touch evil` \\ \"'\nEND\n"
    at = place()
    result = at.visit(run(program="a.sh", program_text=tricky + "# " + "é" * 32_000)).result
    assert result.output["text"] == "$(touch evil) `touch evil` \\ \"'"
    assert not (at.root / "evil").exists()
