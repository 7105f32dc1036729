"""A broken file of a team stops what needs it, and nothing else."""

from __future__ import annotations

import pytest

from minion.blueprint.programs import names
from minion.blueprint.team import FOLDER, Team, blueprint_name, gather
from minion.shipped import shipped

GOOD = """\
apiVersion: minion/v1
kind: Blueprint
name: NAME
description: Mine.
defaults: {fail: out}
start: work
nodes:
  work: {type: run, command: test, next: done}
  done: {type: end, status: success}
  out: {type: end, status: declined}
"""
CALLER = GOOD.replace("{type: run, command: test, next: done}", "{type: call, blueprint: CALLEE, next: done}")


def team(**files: str | bytes | None) -> Team:
    """`mine=text` stands in `mine.yml`, `mine__yaml=text` in `mine.yaml`."""
    given = {
        f"{FOLDER}/{name.replace('__', '.') if '__' in name else name + '.yml'}": (
            text.encode() if isinstance(text, str) else text
        )
        for name, text in files.items()
    }
    return gather(shipped(), given)


def test_all_good() -> None:
    found = team(mine=GOOD.replace("NAME", "mine"))
    assert set(found.library) == {*names(shipped()), "mine"} == set(found.texts) == found.names
    assert not found.broken
    assert found.texts["mine"] == GOOD.replace("NAME", "mine")


def test_of_the_shipped_ones_only_those_that_are_needed_are_read() -> None:
    calling = {f"{FOLDER}/mine.yml": CALLER.replace("NAME", "mine").replace("CALLEE", "lint").encode()}
    assert set(gather(shipped(), {}, only="implement").library) == {"implement", "fix"}
    assert set(gather(shipped(), calling, only="implement").library) == {"implement", "fix", "mine", "lint"}
    assert gather(shipped(), {}, only="nowhere") == Team()
    assert gather(shipped(), {}, only="implement").library["fix"] == gather(shipped(), {}).library["fix"]


def test_a_broken_file_stops_only_itself() -> None:
    found = team(mine=GOOD.replace("NAME", "mine").replace("command: test", "comand: test"))
    assert set(found.library) == set(names(shipped()))
    assert str(found.broken["mine"][0]).startswith(f"{FOLDER}/mine.yml:8:21: unknown key `comand`")
    assert [one.source for one in found.broken_files] == [f"{FOLDER}/mine.yml"]


def test_a_broken_override_never_falls_back() -> None:
    found = team(implement="name: implement\n")
    assert "implement" in found.broken
    assert "implement" not in found.library
    assert "implement" in found.names


def test_what_calls_a_broken_one_is_stopped_with_it() -> None:
    found = team(fix="kind: Blueprint\n", mine=CALLER.replace("NAME", "mine").replace("CALLEE", "implement"))
    assert {"fix", "implement", "mine"} <= set(found.broken)
    said = [str(one) for one in found.broken["mine"]]
    assert said[0] == f"{FOLDER}/mine.yml:8:3: node `work` calls `implement`, which is broken"
    assert said[1].startswith("implement.yml:")
    assert f"{FOLDER}/fix.yml:1:1: " in said[2]


def test_an_override_with_other_inputs_stops_its_callers_and_no_file_is_broken() -> None:
    found = team(fix=GOOD.replace("NAME", "fix"))
    assert "fix" in found.library
    assert "has no input `pr`" in found.broken["implement"][0].message
    assert found.broken_files == ()


def test_a_call_that_does_not_fit_is_told_at_its_place() -> None:
    found = team(mine=CALLER.replace("NAME", "mine").replace("CALLEE", "fix"))
    [one] = found.broken["mine"]
    assert str(one).startswith(f"{FOLDER}/mine.yml:8:3: node `work`: `fix` needs the input `pr`")


def test_two_files_of_one_name_are_both_told() -> None:
    found = team(mine=GOOD.replace("NAME", "mine"), mine__yaml=GOOD.replace("NAME", "mine"))
    assert "mine" not in found.library
    assert [one.source for one in found.broken["mine"]] == [f"{FOLDER}/mine.yaml", f"{FOLDER}/mine.yml"]
    assert "is defined twice" in found.broken["mine"][0].message


def test_callers_in_a_ring_are_all_told() -> None:
    found = team(
        one=CALLER.replace("NAME", "one").replace("CALLEE", "two"),
        two=CALLER.replace("NAME", "two").replace("CALLEE", "one"),
    )
    assert set(found.broken) == {"one", "two"}
    assert "would call itself" in found.broken["one"][0].message


def test_bytes_that_are_no_text_and_files_that_were_not_read() -> None:
    found = team(mine=b"\xff\xfe", late=None)
    assert "not UTF-8" in found.broken["mine"][0].message
    assert "more than 40" in found.broken["late"][0].message


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (f"{FOLDER}/tidy.yml", "tidy"),
        (f"{FOLDER}/tidy.yaml", "tidy"),
        (f"{FOLDER}/tidy.walks.yml", None),
        (f"{FOLDER}/README.md", None),
        (f"{FOLDER}/deep/tidy.yml", None),
        ("blueprints/tidy.yml", None),
    ],
)
def test_which_files_are_blueprints(path: str, name: str | None) -> None:
    assert blueprint_name(path) == name
