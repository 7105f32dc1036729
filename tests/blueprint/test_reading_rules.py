"""One test for each rule under "How it is read" in docs/blueprints.md, by the same name."""

# ruff: noqa: E501 -- a node is one line

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from minion.blueprint.engine import Engine
from minion.blueprint.library import assemble
from minion.blueprint.loader import load
from minion.blueprint.model import AgentNode, CallNode, MapNode, RunNode
from minion.blueprint.state import Ended, Found, NodeResult, State, Unfit

from . import test_maps as maps

DOCS = Path(__file__).parents[2] / "docs" / "blueprints.md"
ENDS = """\
  handoff: {type: action, uses: handoff, next: gave_up}
  done: {type: end, status: success}
  gave_up: {type: end, status: handed_off}
  declined: {type: end, status: declined}
"""


def text(nodes: str, name: str = "top", more: str = "", fail: str = "handoff") -> str:
    """A blueprint of these nodes, a line each, with as many of the usual ends as they lead to."""
    lines = nodes.strip().splitlines()
    used = f"{nodes} : {fail} "
    if fail == "handoff":
        used += ENDS.splitlines()[0]
    ends = [line for line in ENDS.splitlines() if re.search(rf"[ :]{line.split(':')[0].strip()}\b", used)]
    body = "".join(f"  {line}\n" for line in lines) + "".join(f"{line}\n" for line in ends)
    return (
        f"apiVersion: minion/v1\nkind: Blueprint\nname: {name}\ndescription: One rule.\n{more}"
        f"defaults: {{fail: {fail}}}\nstart: {lines[0].partition(':')[0]}\nnodes:\n{body}"
    )


def engine_of(nodes: str, *others: str, more: str = "", fail: str = "handoff") -> Engine:
    texts = [text(nodes, more=more, fail=fail), *others]
    library = assemble({re.findall(r"^name: (\w+)", one, re.MULTILINE)[0]: one for one in texts})
    assert isinstance(library, dict), "\n".join(map(str, library))
    return Engine(library)


def told(nodes: str) -> str:
    found = load(text(nodes), source="f.yml")
    return "\n".join(map(str, found)) if isinstance(found, tuple) else ""


def at(engine: Engine, state: State) -> str:
    pending = engine.pending(state)
    return pending.status if isinstance(pending, Ended) else pending.name


def go(engine: Engine, *outcomes: Any, state: State | None = None, **costs: Any) -> State:
    """Each an outcome, or (outcome, output)."""
    state = state or engine.start("top", {})
    for one in outcomes:
        outcome, output = one if isinstance(one, tuple) else (one, {})
        state = engine.apply(state, NodeResult(outcome=outcome, output=output, **costs))
    return state


def ways(engine: Engine, *outcomes: str) -> dict[str, str]:
    return {outcome: at(engine, go(engine, outcome)) for outcome in outcomes}


BAD = ("fail", "stuck", "budget", "refused", "capped")
ASK = "output: {type: object, additionalProperties: false, properties: {n: {type: integer}, ok: {type: boolean}, "
ASK += "kind: {enum: [a, b]}, words: {type: string}, paths: {type: array, items: {type: string}}}}"


# --- outcomes


def test_one_target() -> None:
    engine = engine_of("a: {type: agent, goal: Try., next: done}")
    assert ways(engine, "ok", *BAD) == {"ok": "success", **dict.fromkeys(BAD, "handoff")}


def test_targets_by_outcome() -> None:
    engine = engine_of("a: {type: agent, goal: Try., next: {ok: done, stuck: declined}}")
    assert ways(engine, "ok", "stuck", "fail") == {"ok": "success", "stuck": "declined", "fail": "handoff"}
    assert "does not say where `ok` leads" in told("a: {type: agent, goal: Try., next: {stuck: done}}")


@pytest.mark.parametrize("node", ["type: action, uses: push", "type: wait, event: checks.settled"])
def test_none_is_bad(node: str) -> None:
    unmapped, mapped = (engine_of(f"a: {{{node}, next: {to}}}") for to in ("done", "{ok: done, none: declined}"))
    assert at(unmapped, go(unmapped, "none")) == "handoff"
    assert at(mapped, go(mapped, "none")) == "declined"
    over = maps.engine_of(maps.EACH.replace(", none: idle", ""))
    assert maps.where(over, maps.at(over)) == "handed_off", "of a map, where nothing was kept"


def test_failing_on_the_way_out() -> None:
    engine = engine_of("a: {type: agent, goal: Try., next: done}")
    assert at(engine, go(engine, "fail", "fail")) == "failed"
    other = engine_of(
        "a: {type: agent, goal: Try., next: done}\nb: {type: run, command: test, next: declined}", fail="b"
    )
    assert at(other, go(other, "fail", "ok")) == "declined"
    assert at(other, go(other, "fail", "timeout")) == "failed"
    mapped = engine_of(
        "a: {type: agent, goal: Try., next: done}\nb: {type: run, command: test, next: {ok: done, fail: declined}}",
        fail="b",
    )
    assert at(mapped, go(mapped, "fail", "fail")) == "declined", "what it maps is still mapped"


def test_a_capped_node() -> None:
    engine = engine_of(
        "a: {type: agent, goal: Try., limits: {visits: 1}, next: {ok: b, capped: done}}\n"
        "b: {type: run, command: test, next: a}"
    )
    state = go(engine, ("ok", {"summary": "first"}), "ok")
    assert at(engine, state) == "success"
    assert state.last is not None
    assert (state.last.outcome, state.last.output) == ("capped", {"cap": "visits"})
    assert state.frame.outputs["a"] == {"summary": "first"}


# --- bounds


def test_visits() -> None:
    sub = text("s: {type: run, command: lint, limits: {visits: 1}, next: done}", "sub")
    nodes = "a: {type: call, blueprint: sub, limits: {visits: 2}, next: {ok: a, capped: done}}"
    engine = engine_of(nodes, sub)
    state = engine.start("top", {})
    assert at(engine, state) == "s"
    state = go(engine, "ok", state=state)
    assert at(engine, state) == "s", "the second call begins at nothing"
    assert at(engine, go(engine, "ok", state=state)) == "success", "the call itself was entered twice"
    waiting = engine_of(
        "a: {type: agent, goal: Try., gate: [g], limits: {visits: 1}, next: done}\ng: {type: run, command: test, gate_only: true}"
    )
    start = waiting.start("top", {})
    assert waiting.restore(start.model_dump(mode="json")) == start, "a runner that is lost goes on with the same visit"


def test_limits() -> None:
    engine = engine_of(
        "a: {type: agent, goal: Try., limits: {turns: 9, usd: 0.5, wall: 2m, visits: 2}, next: {ok: a, capped: done}}"
    )
    state = go(engine, "ok", usd=Decimal("0.5"), wall_s=120)
    node = engine.pending(state)
    assert isinstance(node, AgentNode)
    assert (node.limits.turns, node.limits.usd, node.limits.wall_s) == (9, Decimal("0.5"), 120), "for this visit anew"


def test_caps() -> None:
    nodes = "a: {type: agent, goal: Try., next: p}\np: {type: action, uses: push, next: w}\nw: {type: wait, event: reply, next: b}\nb: {type: run, command: test, next: done}"
    engine = engine_of(nodes, more="caps: {pushes: 1, usd: 2, wall: 1h}\n")
    spent = go(engine, "ok", usd=Decimal(2))
    assert at(engine, spent) == "p", "an effect costs no money"
    assert at(engine, go(engine, "ok", "ok", state=spent)) == "handoff", "work does"
    waited = go(engine, "ok", "ok", "ok")
    assert engine.caps_left(waited).wall_s == 3600, "waiting is free"
    none_left = engine_of(nodes, more="caps: {pushes: 0}\n")
    assert at(none_left, go(none_left, "ok")) == "handoff"


def test_caps_of_callers() -> None:
    sub = text("s: {type: run, command: lint, next: done}", "sub", more="caps: {usd: 3, wall: 3h}\n")
    nodes = "a: {type: run, command: test, next: c}\nc: {type: call, blueprint: sub, next: done}"
    engine = engine_of(nodes, sub, more="caps: {usd: 4, wall: 1h}\n")
    left = engine.caps_left(go(engine, "ok", usd=Decimal(2), wall_s=60))
    assert (left.usd, left.wall_s) == (2, 3540)
    left = engine.caps_left(go(engine, "ok", usd=Decimal("0.5")))
    assert left.usd == 3, "its own, from its call on"
    lowered = engine.start("top", {}, max_usd=Decimal(1))
    assert engine.caps_left(go(engine, "ok", state=lowered, usd=Decimal("0.5"))).usd == Decimal("0.5")


def test_it_ends() -> None:
    assert "nothing ends the cycle" in told("a: {type: run, command: test, next: {ok: done, fail: a}}")
    assert told("a: {type: run, command: test, limits: {visits: 2}, next: {ok: done, fail: a}}") == ""
    assert (
        told(
            "a: {type: action, uses: push, next: w}\nw: {type: wait, event: checks.settled, next: {ok: done, fail: a}}"
        )
        == ""
    )
    assert "nothing ends" in told("a: {type: run, command: test, limits: {visits: 2}, next: {ok: done, capped: a}}")


# --- values


def test_context() -> None:
    nodes = "a: {type: agent, goal: Try., context: [task.title, nodes.j.output?], next: j}\n"
    nodes += "j: {type: judge, criteria: [good], limits: {visits: 2}, next: {pass: done, veto: a}}"
    engine = engine_of(nodes)
    first = engine.start("top", {})
    node = engine.pending(first)
    assert isinstance(node, AgentNode)
    assert [entry.path for entry in engine.context(first, node, {})] == []
    second = go(engine, "ok", ("veto", {"reasons": ["no"]}))
    assert [entry.path for entry in engine.context(second, node, {"task.title": "T"})] == [
        "task.title",
        "nodes.j.output",
    ]
    assert "may not have run before `a`" in told(nodes.replace("j.output?", "j.output"))


def test_optional_values() -> None:
    sub = text("s: {type: run, command: lint, next: done}", "sub", more="inputs: {n: {type: integer, default: 3}}\n")
    strict = text(
        "s: {type: run, command: lint, next: done}", "strict", more="inputs: {n: {type: integer, required: true}}\n"
    )
    nodes = (
        "a: {type: run, script: x, env: {N: '${{ nodes.b.output.n? }}', M: 1}, next: {ok: t, fail: s, timeout: c}}\n"
        "t: {type: action, uses: comment, with: {text: '${{ nodes.b.output.words? }}'}, next: m}\n"
        "m: {type: map, over: '${{ nodes.b.output.paths? }}', start: k, nodes: {k: {type: end, status: keep}}, next: {ok: done, none: declined}}\n"
        "s: {type: switch, value: '${{ nodes.b.output.n? }}', cases: {1: done}, else: declined}\n"
        "c: {type: call, blueprint: sub, with: {n: '${{ nodes.b.output.n? }}'}, next: d}\n"
        "d: {type: call, blueprint: strict, with: {n: '${{ nodes.b.output.n? }}'}, next: b}\n"
        f"b: {{type: agent, goal: Try., {ASK}, next: done}}"
    )
    engine = engine_of(nodes, sub, strict)
    state = engine.start("top", {})
    run = engine.pending(state)
    assert isinstance(run, RunNode)
    assert engine.environment(state, run) == {"M": "1"}
    comment = go(engine, "ok")
    assert engine.arguments(comment, engine.pending(comment)) == {}  # type: ignore[arg-type]
    assert at(engine, go(engine, "ok", "ok")) == "declined", "a map with nothing to do"
    assert at(engine, go(engine, "fail")) == "declined", "a switch goes to else"
    called = go(engine, "timeout")
    assert called.frame.inputs == {"n": 3}
    assert at(engine, go(engine, "ok", state=called)) == "handoff", "the call of `strict` fails"


def test_outputs_at_the_next_visit() -> None:
    engine = engine_of(
        f"a: {{type: agent, goal: Try., {ASK}, context: ['nodes.a.output?'], limits: {{visits: 2}}, next: {{ok: a, capped: done}}}}"
    )
    state = go(engine, ("ok", {"n": 1}))
    assert engine.lookup(state, "nodes.a.output.n", {}) == Found(1, tainted=False)
    state = go(engine, ("ok", {"words": "new"}), state=state)
    assert engine.lookup(state, "nodes.a.output", {}) == Found({"words": "new"}, tainted=True)
    assert engine.lookup(state, "nodes.a.output.n", {}) is None, "nothing of the one before is mixed in"


def test_taint_of_a_whole() -> None:
    engine = engine_of(f"a: {{type: agent, goal: Try., {ASK}, next: t}}\nt: {{type: run, command: test, next: done}}")
    state = go(engine, ("ok", {"n": 1, "ok": True, "kind": "a", "words": "w", "paths": ["p"]}))
    tainted = {
        path: found.tainted
        for path in ("", ".n", ".ok", ".kind", ".words", ".paths")
        if (found := engine.lookup(state, f"nodes.a.output{path}", {})) is not None
    }
    assert tainted == {"": True, ".n": False, ".ok": False, ".kind": False, ".words": True, ".paths": True}


def test_a_value_beside_its_type() -> None:
    nodes = f"a: {{type: agent, goal: Try., {ASK}, next: s}}\n"
    nodes += "s: {type: switch, value: '${{ nodes.a.output.kind }}', cases: {a: done, b: done}}"
    engine = engine_of(nodes)
    assert at(engine, go(engine, ("ok", {"kind": "a"}))) == "success"
    for value in ("c", ["a"], None, {"a": 1}, 1):
        assert at(engine, go(engine, ("ok", {"kind": value}))) == "handoff"


# --- calls


def test_inputs_of_a_call() -> None:
    sub = text(
        "s: {type: run, command: lint, next: t}\nt: {type: run, command: test, next: done}",
        "sub",
        more="inputs: {n: {type: integer}}\n",
    )
    nodes = f"a: {{type: agent, goal: Try., {ASK}, next: c}}\nc: {{type: call, blueprint: sub, with: {{n: '${{{{ nodes.a.output.n }}}}'}}, next: done}}"
    engine = engine_of(nodes, sub)
    state = go(engine, ("ok", {"n": 5}))
    assert engine.lookup(state, "inputs.n", {}) == Found(5, tainted=False)
    assert engine.lookup(go(engine, "ok", state=state), "inputs.n", {}) == Found(5, tainted=False)
    assert at(engine, go(engine, ("ok", {"n": "5"}))) == "handoff", "an input of another type fails the call"


def test_a_callee_never_hands_off() -> None:
    sub = text("s: {type: run, command: lint, next: {ok: done, fail: declined}}", "sub")
    engine = engine_of(
        "c: {type: call, blueprint: sub, next: {ok: done, fail: w}}\nw: {type: run, command: test, next: done}", sub
    )
    assert at(engine, go(engine, "ok")) == "success"
    for outcome in ("fail", "timeout"):
        state = go(engine, outcome)
        assert at(engine, state) == "w"
        assert state.frame.outputs["c"] == {"status": "fail", "node": "s", "outcome": outcome}


def test_no_blueprint_calls_itself() -> None:
    def calls(name: str, callee: str) -> str:
        return text(f"c: {{type: call, blueprint: {callee}, next: done}}", name)

    assert isinstance(assemble({"top": calls("top", "b"), "b": calls("b", "top")}), tuple)
    deep = {name: calls(name, callee) for name, callee in zip(("top", "b", "c", "d"), "bcde", strict=True)}
    library = assemble({**deep, "e": text("s: {type: run, command: lint, next: done}", "e")})
    assert isinstance(library, dict)
    assert isinstance(library["top"].nodes["c"], CallNode)
    state = Engine(library).start("top", {})
    assert at(Engine(library), state) == "handoff"
    assert state.trouble is not None
    assert state.trouble.outcome == "capped"


# --- rounds


def test_prepare() -> None:
    nodes = (
        "a: {type: run, command: setup, prepare: true, next: b}\n"
        "b: {type: run, argv: [make], prepare: true, next: {ok: c, fail: d}}\n"
        "c: {type: run, command: setup, prepare: true, next: w}\n"
        "d: {type: run, argv: [never], prepare: true, next: w}\n"
        "w: {type: wait, event: reply, next: t}\n"
        "t: {type: run, command: test, next: done}"
    )
    engine = engine_of(nodes)
    state = go(engine, "ok", "ok", "ok", "ok")
    assert at(engine, state) == "t"
    assert [node.name for node in engine.prepare_nodes(state)] == ["a", "b"], "what was entered, the same command once"
    assert [node.name for node in engine.prepare_nodes(go(engine, "ok"))] == ["a"], "b is pending and runs anyway"


def test_gates() -> None:
    nodes = "a: {type: agent, goal: Try., gate: [g], next: done}\ng: {type: run, command: test, gate_only: true}"
    assert told(nodes) == ""
    assert "is never entered" in told(nodes.replace("next: done", "next: {ok: done, fail: g}"))
    assert "has no field `exit_code`" in told(
        nodes.replace("next: done", "next: t")
        + "\nt: {type: switch, value: '${{ nodes.g.output.exit_code }}', cases: {0: done}, else: done}"
    )


def test_the_network_after_an_agent() -> None:
    def setup(then: str) -> str:
        return f"s: {{type: run, command: setup, prepare: true, network: open, limits: {{visits: 2}}, next: {then}}}"

    def agent(tools: str, then: str) -> str:
        return f"a: {{type: agent, goal: Try., tools: [{tools}], next: {then}}}"

    wrong = "must not be in reach"
    assert wrong in told(f"{agent('read, shell', 's')}\n{setup('done')}")
    assert told(f"{agent('read, search', 's')}\n{setup('done')}") == "", "it changes nothing"
    assert told(f"{setup('a')}\n{agent('edit', '{ok: done, fail: s}')}") == "", "it was entered before"


# --- commands


def test_environment() -> None:
    node = "b: {type: run, script: x, env: {L: '${{ nodes.a.output.paths }}', O: '${{ nodes.a.output }}', B: true, T: '${{ task.title }}'}, next: done}"
    engine = engine_of(f"a: {{type: agent, goal: Try., {ASK}, next: b}}\n{node}")
    state = go(engine, ("ok", {"paths": ["x y", "z"]}))
    run = engine.pending(state)
    assert isinstance(run, RunNode)
    values = engine.environment(state, run, {"task.title": "$(rm -rf /)"})
    assert values == {"L": "x y\nz", "O": '{"paths": ["x y", "z"]}', "B": "true", "T": "$(rm -rf /)"}
    assert "steers programs" in told("a: {type: run, script: x, env: {PATH: /}, next: done}")
    assert "do not go together" in told(
        "a: {type: run, script: x, prepare: true, network: open, env: {A: 1}, next: done}"
    )


def test_programs() -> None:
    nodes = "a: {type: run, program: do.py, next: done}"
    assert "there is no program `programs/do.py` beside this blueprint" in told(nodes)
    assert "`program` and `network: open` do not go together" in told(
        "a: {type: run, program: do.py, prepare: true, network: open, next: done}"
    )
    one, other = ({"top": text(nodes), "programs/do.py": program} for program in ("pass\n", "1/0\n"))
    library, changed = assemble(one), assemble(other)
    assert isinstance(library, dict)
    assert isinstance(changed, dict)
    stored = Engine(library).start("top", {}).model_dump(mode="json")
    assert Engine(changed).restore(stored) == Unfit("the blueprint `top` has changed since the task began")


@pytest.mark.parametrize("kind", ["lines", "json"])
def test_items_of_a_command(kind: str) -> None:
    engine = engine_of(
        f"a: {{type: run, script: x, parse: {kind}, next: b}}\nb: {{type: run, command: test, next: done}}"
    )
    state = go(engine, ("ok", {"items": ["p"], "count": 1}))
    assert engine.lookup(state, "nodes.a.output.items", {}) == Found(["p"], tainted=True)
    assert engine.lookup(state, "nodes.a.output.count", {}) == Found(1, tainted=False)


def test_reproduction() -> None:
    nodes = (
        "a: {type: run, command: test, reproduction: true, next: {ok: s, fail: s}}\n"
        "s: {type: switch, value: '${{ nodes.a.output.reason }}', cases: {proven: done, cannot_run: done, "
        "passes_on_base: declined, fails_on_head: declined, no_test_changed: declined}}"
    )
    engine = engine_of(nodes)
    assert at(engine, go(engine, ("ok", {"reason": "proven"}))) == "success"
    assert at(engine, go(engine, ("fail", {"reason": "passes_on_base"}))) == "declined"


# --- scope


def test_narrowing() -> None:
    nodes = (
        f"a: {{type: agent, goal: Try., {ASK}, narrows: paths, limits: {{visits: 3}}, next: {{ok: b, fail: b}}}}\n"
        f"b: {{type: agent, goal: Try., {ASK}, narrows: paths, next: {{ok: done, fail: a}}}}"
    )
    engine = engine_of(nodes)
    state = go(engine, ("ok", {"paths": ["src/**"]}))
    assert engine.narrowing(state) == (("src/**",),)
    both = go(
        engine, ("fail", {"paths": ["x"]}), ("ok", {"paths": ["src/a.py", "b"]}), state=go(engine, "fail", state=state)
    )
    assert engine.narrowing(both) == (("src/**",), ("src/a.py", "b")), "a node that failed narrows nothing"
    newer = go(engine, ("ok", {"paths": ["docs/"]}), state=go(engine, "fail", state=state))
    assert engine.narrowing(newer) == (("docs/",),)
    for nothing in ({}, {"paths": []}, {"paths": "src"}, {"paths": [1]}):
        assert engine.narrowing(go(engine, ("ok", nothing))) == ()
    sent = engine.restore(state.model_dump(mode="json"))
    assert isinstance(sent, State)
    assert engine.narrowing(sent) == (("src/**",),)


# --- maps


@pytest.fixture(scope="module")
def each() -> Engine:
    return maps.engine_of(maps.EACH)


def test_each_item(each: Engine) -> None:
    state = maps.at(each, *"abcdefg")
    node = each.pending(state)
    assert isinstance(node, MapNode)
    assert (each.map_step(state).item, each.map_step(state).count) == ("a", node.most)
    assert maps.where(each, maps.go(each, state, ("begin a", "ok"))) == node.start


def test_what_an_item_sees(each: Engine) -> None:
    first = maps.go(each, maps.at(each, "a", "b"), *maps.kept("a")[:2], ("check", "fail", {"text": "t"}))
    seen = ("item", "nodes.find.output.count", "nodes.check.output.text")
    assert [each.lookup(first, path, {}) is not None for path in seen] == [True, True, True]
    second = maps.go(each, first, ("annotate", "stuck"), ("undo a", "ok"), ("begin b", "ok"))
    assert [each.lookup(second, path, {}) is not None for path in seen] == [True, True, False]
    outside = told("a: {type: agent, goal: Try., context: [item], next: done}")
    assert "only the nodes within a map have an item" in outside


def test_a_bad_item(each: Engine) -> None:
    state = maps.go(each, maps.at(each, "a", "b"), ("begin a", "ok"), ("annotate", "budget"), ("undo a", "ok"))
    assert maps.where(each, state) == "begin b"
    assert state.trouble is None


def test_outcome_of_a_map(each: Engine) -> None:
    some = maps.go(each, maps.at(each, "a", "b"), *maps.kept("a"), *maps.reverted("b"))
    assert maps.where(each, some) == "report"
    assert some.frame.outputs["each"] == {
        "count": 2, "kept": 1, "skipped": 0, "reverted": 1, "left": 0, "not_kept": ["b"],
        "reasons": ["b: `annotate` ended with stuck"],
    }  # fmt: skip
    assert maps.where(each, maps.go(each, maps.at(each, "a"), *maps.skipped("a"))) == "declined"


def test_a_cap_within_a_map(each: Engine) -> None:
    state = maps.go(each, maps.at(each, *"abc"), *maps.kept("a"), ("begin b", "ok"), ("annotate", "ok", maps.YES, "5"))
    state = maps.go(each, state, ("undo b", "ok"))
    assert maps.where(each, state) == "report"
    assert (state.frame.outputs["each"]["reverted"], state.frame.outputs["each"]["left"]) == (1, 1)


@pytest.mark.parametrize("name", ["map_of_effects", "map_in_map", "map_prepares", "narrows_in_map", "map_same_name"])
def test_what_a_body_has_not(name: str) -> None:
    path = Path(__file__).parent / "broken" / f"{name}.yml"
    assert isinstance(load(path.read_text(encoding="utf-8"), source="f.yml"), tuple)


# --- life


def test_pinned() -> None:
    nodes = "a: {type: run, command: test, next: done}"
    engine = engine_of(nodes)
    stored = engine.start("top", {}).model_dump(mode="json")
    assert isinstance(engine.restore(stored), State)
    changed = engine_of(nodes.replace("test", "lint"))
    assert changed.restore(stored) == Unfit("the blueprint `top` has changed since the task began")


def test_every_rule_has_its_test() -> None:
    section = DOCS.read_text(encoding="utf-8").split("## How it is read\n")[1].split("\n## ")[0]
    rules = {re.sub(r"\W+", "_", rule.lower()) for rule in re.findall(r"^- \*\*(.+?)\.\*\*", section, re.MULTILINE)}
    tests = {name.removeprefix("test_") for name in globals() if name.startswith("test_")}
    assert rules == tests - {"every_rule_has_its_test", "maps"}
