from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minion.blueprint.loader import load
from minion.blueprint.model import AgentNode, Blueprint, Lookup, RunNode, WaitNode
from minion.blueprint.problem import Problems
from minion.blueprint.programs import names, programs_of
from minion.blueprint.source import MAX_BYTES
from minion.shipped import shipped

SMALL = """\
apiVersion: minion/v1
kind: Blueprint
name: small
description: As little as there can be.
inputs: {n: {type: integer, default: 3}}
caps: {usd: 0.40, wall: 90s}
defaults: {fail: gave_up, agent: {model: cheap, effort: low}}
start: work
nodes:
  work: {type: agent, goal: Try., context: [task.spec, nodes.told.output?], limits: {usd: 1.5, wall: 2m}, next: told}
  told: {type: action, uses: comment, with: {text: '${{ nodes.work.output.summary? }}'}, next: wait}
  wait: {type: wait, event: reply, next: {ok: done}}
  done: {type: end, status: success}
  gave_up: {type: end, status: handed_off}
"""


def loaded(text: str) -> Blueprint:
    found = load(text, source="small.yml", name="small")
    assert isinstance(found, Blueprint), "\n".join(map(str, found))
    return found


def refused(text: str | bytes) -> Problems:
    found = load(text, source="bad.yml")
    assert isinstance(found, tuple)
    return found


def test_values_and_defaults() -> None:
    found = loaded(SMALL)
    work, told, wait = (found.nodes[name] for name in ("work", "told", "wait"))
    assert isinstance(work, AgentNode)
    assert (work.model, work.effort, work.rules) == ("cheap", "low", "auto")
    assert (work.limits.usd, work.limits.wall_s) == (Decimal("1.5"), 120)
    assert told.arguments == {"text": Lookup("nodes.work.output.summary", optional=True)}  # type: ignore[union-attr]
    assert isinstance(wait, WaitNode)
    assert (wait.source, wait.timeout_s) == ("write", 7200)
    assert found.caps.pushes == 2
    assert found.caps.usd == Decimal("0.40")
    assert found.inputs["n"].default == 3
    assert found.places["work"] == (10, 3)


def test_next_by_one_word_means_the_good_outcome() -> None:
    work = loaded(SMALL).nodes["work"]
    assert isinstance(work, AgentNode)
    assert work.next.after("ok") == "told"
    assert {work.next.after(bad) for bad in ("fail", "stuck", "budget", "refused", "capped")} == {"gave_up"}


def test_the_digest_is_of_the_text() -> None:
    assert loaded(SMALL).digest != loaded(SMALL + "# a comment\n").digest


def test_numbers_and_words_of_older_yaml_are_plain_text() -> None:
    found = loaded(SMALL.replace("goal: Try.", "goal: no").replace("model: cheap, effort: low", "rules: none"))
    work = found.nodes["work"]
    assert isinstance(work, AgentNode)
    assert work.goal == "no"
    assert work.rules == "none"


def test_the_shipped_ones_load() -> None:
    for name in names(shipped()):
        found = load(shipped()[name], source=name, name=name, programs=programs_of(shipped(), name))
        assert isinstance(found, Blueprint), "\n".join(map(str, found))


def test_what_a_run_node_may_be() -> None:
    text = SMALL.replace(
        "{type: agent, goal: Try., context: [task.spec, nodes.told.output?], limits: {usd: 1.5, wall: 2m}, next: told}",
        "{type: run, argv: [make, check], network: none, next: done}",
    ).replace(
        "  told: {type: action, uses: comment, with: {text: '${{ nodes.work.output.summary? }}'}, next: wait}\n", ""
    )
    text = text.replace("  wait: {type: wait, event: reply, next: {ok: done}}\n", "")
    work = loaded(text).nodes["work"]
    assert isinstance(work, RunNode)
    assert (work.argv, work.network, work.prepare) == (("make", "check"), "none", False)


def test_a_problem_prints_as_a_place() -> None:
    (only,) = refused(SMALL.replace("goal:", "gaol:").replace("Try.", "Try.\n", 0))[:1]
    assert str(only).startswith("bad.yml:10:")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (SMALL.encode("utf-16"), "not UTF-8"),
        (SMALL.encode() + b"# \xff\xfe", "not UTF-8"),
        (SMALL + "# \x00", "not allowed in YAML"),
        (SMALL + "# \ud800", "not allowed in YAML"),
        ("# " + "x" * MAX_BYTES, "larger than 256 kB"),
        (SMALL + "".join(f"  n{n}: {{type: end, status: success}}\n" for n in range(100)), "more than 100 entries"),
        (SMALL.replace("[task.spec,", "[" + "task.spec, " * 100), "more than 100 entries"),
        ("a: [" + "1, " * 20_000 + "1]", "too much"),
        ("%YAML 1.1\n---\n" + SMALL, "directives"),
        ("a: &a [1]\nb: [*a, *a]\n", "anchors"),
        ("? [a]\n: b\n", "one word"),
        ("a: " + "9" * 5000, "unknown key `a`"),
        ("nodes: {a: {type: run, limits: {visits: " + "9" * 5000 + "}}}", "whole number"),
    ],
)
def test_hostile_texts_are_refused(text: str | bytes, said: str) -> None:
    assert any(said in str(problem) for problem in refused(text))


def test_the_place_of_a_wrong_byte() -> None:
    (only,) = refused(b"a: b\nc: \xff\n")
    assert (only.line, only.column) == (2, 4)


@given(st.text() | st.binary())
def test_any_text_gets_an_answer(text: str | bytes) -> None:
    assert isinstance(load(text, source="any.yml"), tuple)


_PIECES = (
    "{",
    "}",
    "[",
    "]",
    ":",
    ", ",
    "\n  ",
    "- ",
    "&a",
    "*a",
    "!!int ",
    "'",
    "${{ a.b }}",
    "|\n",
    "0x1",
    "? ",
    "\t",
)


@given(st.lists(st.integers(0, len(SMALL)), max_size=4), st.lists(st.sampled_from(_PIECES), min_size=4, max_size=4))
def test_any_damage_gets_an_answer(places: list[int], pieces: list[str]) -> None:
    text = SMALL
    for place, piece in zip(places, pieces, strict=False):
        text = text[:place] + piece + text[place:]
    found = load(text, source="any.yml")
    assert isinstance(found, Blueprint) or all(problem.line >= 1 and problem.column >= 1 for problem in found)


@given(st.integers(0, len(SMALL)), st.integers(0, 30))
def test_any_loss_gets_an_answer(place: int, length: int) -> None:
    load(SMALL[:place] + SMALL[place + length :], source="any.yml")
