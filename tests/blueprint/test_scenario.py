from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from minion.blueprint.engine import Engine
from minion.blueprint.model import Blueprint
from minion.blueprint.scenario import Walks, follow, load_walks
from minion.blueprint_cli import blueprint
from minion.domain.errors import UsageError

WALKS = Path(__file__).parent / "walks" / "implement.yml"
HEAD = "apiVersion: minion/v1\nkind: Walks\nblueprint: fix\ninputs: {pr: 3}\nwalks:\n"


def run(path: Path) -> Result:
    return CliRunner().invoke(blueprint, ["test", str(path)])


def wrong(text: str, engine: Engine, library: dict[str, Blueprint]) -> list[str]:
    walks = load_walks(HEAD + text, source="w.yml", library=library)
    assert isinstance(walks, Walks), "\n".join(map(str, walks))
    return [line for expected in walks.walks for line in follow(engine, walks, expected)]


def test_the_shipped_ones_go_as_written() -> None:
    result = run(WALKS)
    assert result.exit_code == 0, result.output
    assert result.output.count("ok  implement: ") > 20


def test_another_way_fails(tmp_path: Path) -> None:
    path = tmp_path / "walks.yml"
    path.write_text(WALKS.read_text().replace("implement.checks: fail", "implement.checks: ok"))
    result = run(path)
    assert result.exit_code == 1
    assert "not ok  implement: red, repaired" in result.output
    assert "took 1 pushes, not 2" in result.output


def test_a_wrong_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "walks.yml"
    path.write_text(WALKS.read_text().replace("ends: failed", "ends: badly"))
    result = run(path)
    assert isinstance(result.exception, UsageError)
    assert "unknown value `badly`" in str(result.exception)


def test_a_blueprint_beside_the_walks_is_known(tmp_path: Path) -> None:
    (tmp_path / "mine.yml").write_text(
        "apiVersion: minion/v1\nkind: Blueprint\nname: mine\ndescription: Mine.\ndefaults: {fail: out}\nstart: work\n"
        "nodes:\n  work: {type: run, command: test, next: done}\n"
        "  done: {type: end, status: success}\n  out: {type: end, status: declined}\n"
    )
    path = tmp_path / "walks.yml"
    path.write_text(
        "apiVersion: minion/v1\nkind: Walks\nblueprint: mine\nwalks:\n"
        "  good: {ends: success}\n  bad: {given: {work: timeout}, ends: declined}\n"
    )
    assert run(path).exit_code == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("  a: {given: {collect: none}, ends: handed_off}", "ended success, not handed_off"),
        ("  a: {given: {collect: none}, ends: success, pushes: 1}", "took 0 pushes, not 1"),
        ("  a: {given: {collect: none}, ends: success, through: [push]}", "did not pass push in its turn"),
        ("  a: {ends: success, through: [push, collect]}", "did not pass collect in its turn"),
        ("  a: {given: {collect: none}, ends: success, never: [not_ours]}", "entered not_ours"),
        ("  a: {given: {collect: none, push: ok}, ends: success}", "never came to push, whose outcome was given"),
        ("  a: {given: {collect: none}, ends: success, way: [collect]}", "went another way"),
        ("  a: {given: {collect: {outcome: none, usd: 1}}, ends: success, usd: 0}", "cost $1, not $0"),
        ("  a: {given: {collect: {outcome: none, wall_s: 9}}, ends: success, wall: 1m}", "took 9 s, not 60 s"),
        (
            "  a: {given: {collect: fail}, ends: handed_off, reason: 'x.y: z'}",
            "ended because of fix.collect: fail, not x.y: z",
        ),
        (
            "  a: {given: {collect: none}, ends: success, output: {nodes.push.output.sha: a}}",
            'nodes.push.output.sha was null, not "a"',
        ),
    ],
)
def test_what_can_differ(text: str, said: str, engine: Engine, library: dict[str, Blueprint]) -> None:
    lines = wrong(text, engine, library)
    assert lines[0] == said
    assert any("fix.collect" in line for line in lines[1:])  # and the way that it went


def test_the_two_ways_stand_beside_each_other(engine: Engine, library: dict[str, Blueprint]) -> None:
    lines = wrong("  a: {given: {collect: none}, ends: success, way: [collect, push]}", engine, library)
    assert lines == [
        "went another way",
        "  expected     went",
        "  fix.collect  fix.collect",
        "> push         fix.not_ours",
    ]
    assert wrong("  a: {given: {collect: none}, ends: success, way: [collect, fix.not_ours]}", engine, library) == []


def test_what_a_walk_costs_and_leaves(engine: Engine, library: dict[str, Blueprint]) -> None:
    text = (
        "  a: {given: {repair: {outcome: ok, usd: 0.25, wall_s: 60}}, ends: success, usd: 0.25, wall: 1m,"
        " output: {nodes.collect.output.count: 1}}"
    )
    assert wrong(text, engine, library) == []


def test_results_visit_by_visit(engine: Engine, library: dict[str, Blueprint]) -> None:
    text = "  a: {given: {checks: [fail, {outcome: ok}], repair: {outcome: ok, usd: 1}}, ends: success, pushes: 2}"
    assert wrong(text, engine, library) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("  a: {}", "w.yml:6:6: `walks.a` lacks `ends` (How the task ends.)"),
        ("  a: {ends: success, given: {psh: ok}}", "w.yml:6:30: there is no node `psh`"),
        ("  a: {ends: success, given: {push: veto}}", "`push` has no outcome `veto`"),
        ("  a: {ends: success, given: {implement.collect: ok}}", "there is no node `implement.collect`"),
        ("  a: {ends: success, given: {push: {result: ok}}}", "write an outcome"),
        ("  a: {ends: success, given: {push: 3}}", "write an outcome"),
        ("  a: {ends: success, passes: []}", "unknown key `passes`"),
        ("  a: {ends: success, usd: -1}", "w.yml:6:27: `walks.a.usd` is not an amount in US dollars"),
        ("  a: {ends: success, usd: true}", "is not an amount in US dollars"),
        ("  a: {ends: success, wall: 9}", "is not a duration"),
        ("  a: {ends: success}\n  a: {ends: failed}", "duplicate key `a`"),
    ],
)
def test_what_can_be_wrong(text: str, said: str, library: dict[str, Blueprint]) -> None:
    found = load_walks(HEAD + text, source="w.yml", library=library)
    assert isinstance(found, tuple)
    assert any(said in str(problem) for problem in found), found


def test_what_can_be_wrong_with_the_head(library: dict[str, Blueprint]) -> None:
    for old, new in (
        ("blueprint: fix", "blueprint: fxi"),
        ("{pr: 3}", "{}"),
        ("{pr: 3}", "{pr: x}"),
        ("Walks", "Walk"),
    ):
        text = HEAD.replace(old, new) + "  a: {ends: success}"
        assert isinstance(load_walks(text, source="w.yml", library=library), tuple)
    assert isinstance(load_walks(b"\xff", source="w.yml", library=library), tuple)
