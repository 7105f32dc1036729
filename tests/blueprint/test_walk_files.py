"""`minion blueprint test` over files and folders: coverage, what it must be at least, and JUnit."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from junitparser import JUnitXml

from minion.blueprint.programs import names
from minion.blueprint_cli import blueprint
from minion.domain.errors import UsageError
from minion.shipped import shipped

TEXT = """\
apiVersion: minion/v1
kind: Blueprint
name: mine
description: Mine.
defaults: {fail: out}
start: work
nodes:
  work: {type: run, command: test, next: {ok: room, timeout: out}}
  room: {type: switch, value: '${{ caps.pushes_left }}', cases: {0: out}, else: sub}
  sub: {type: call, blueprint: fix, with: {pr: 3}, next: {ok: done, fail: gave_up}}
  done: {type: end, status: success}
  out: {type: end, status: declined}
  gave_up: {type: end, status: handed_off}
"""
WALKS = """\
apiVersion: minion/v1
kind: Walks
blueprint: mine
walks:
  good: {ends: success}
"""
MORE = "  slow: {given: {work: timeout}, ends: declined}\n  worse: {given: {fix.collect: fail}, ends: handed_off}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "mine.yml").write_text(TEXT)
    (tmp_path / "mine.walks.yml").write_text(WALKS)
    return tmp_path


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(blueprint, ["test", *map(str, arguments)])


def test_a_folder_stands_for_its_walks_and_says_what_is_missing(folder: Path) -> None:
    result = run(folder)
    assert result.exit_code == 0, result.output
    assert "ok  mine: good\n" in result.output
    assert "coverage  mine: 4 of 6 nodes, 3 of 6 ways walked (58 %)" in result.output
    assert "not walked: out, gave_up, work: timeout, room: 0, sub: fail" in result.output


def test_more_walks_cover_more(folder: Path) -> None:
    (folder / "mine.walks.yml").write_text(WALKS + MORE)
    result = run(folder, "--min-coverage", "91")
    assert result.exit_code == 0, result.output
    assert "6 of 6 nodes, 5 of 6 ways walked (91 %)" in result.output
    assert run(folder, "--min-coverage", "92").exit_code == 1


def test_too_little_covered_fails(folder: Path) -> None:
    result = run(folder, "--min-coverage", "100")
    assert result.exit_code == 1
    assert "not ok  mine: 58 % covered, wanted 100 %" in result.output


def test_junit(folder: Path) -> None:
    (folder / "mine.walks.yml").write_text(WALKS + "  wrong: {given: {work: fail}, ends: success}\n")
    report = folder / "report.xml"
    assert run(folder, "--junit", report).exit_code == 1
    [suite] = JUnitXml.fromfile(str(report))
    assert (suite.tests, suite.failures) == (2, 1)
    [wrong] = [case for case in suite if not case.is_passed]
    assert (wrong.name, wrong.classname) == ("wrong", "mine")
    assert wrong.result[0].message == "ended declined, not success"
    assert "mine.work: fail" in wrong.result[0].text


def test_a_folder_without_walks_is_wrong_usage(folder: Path) -> None:
    (folder / "mine.walks.yml").unlink()
    assert isinstance(run(folder).exception, UsageError)


def test_a_broken_file_beside_does_not_matter(folder: Path) -> None:
    (folder / "other.yml").write_text("name: other\n")
    assert run(folder).exit_code == 0


def test_every_way_of_every_shipped_blueprint_is_walked() -> None:
    """All nodes, and all outcomes that a file says where they lead."""
    result = run(Path(__file__).parent / "walks", "--min-coverage", "100")
    assert result.exit_code == 0, "\n".join(line for line in result.output.splitlines() if not line.startswith("ok"))
    covered = {line.split()[1].rstrip(":") for line in result.output.splitlines() if line.startswith("coverage")}
    assert covered == set(names(shipped()))
