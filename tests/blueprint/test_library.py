from __future__ import annotations

from minion.blueprint.library import assemble, needed
from minion.blueprint.model import Blueprint
from minion.blueprint.problem import Problems
from minion.shipped import shipped

HEAD = "apiVersion: minion/v1\nkind: Blueprint\ndescription: Calls.\ndefaults: {fail: gave_up}\nstart: call\n"
TAIL = "  done: {type: end, status: success}\n  gave_up: {type: end, status: handed_off}\n"


def caller(name: str, call: str, inputs: str = "") -> str:
    return f"{HEAD}name: {name}\n{inputs}nodes:\n  call: {{type: call, {call}, next: done}}\n{TAIL}"


def told(texts: dict[str, str]) -> list[str]:
    found: dict[str, Blueprint] | Problems = assemble(texts)
    return [str(problem) for problem in found] if isinstance(found, tuple) else []


def test_a_call_that_fits() -> None:
    assert told({**shipped(), "top": caller("top", "blueprint: fix, with: {pr: 3}")}) == []


def test_a_missing_callee() -> None:
    (only,) = told({**shipped(), "top": caller("top", "blueprint: fxi")})
    assert only == "top.yml:8:3: node `call`: there is no blueprint `fxi` (did you mean `fix`?)"


def test_inputs_that_do_not_fit() -> None:
    assert told({**shipped(), "top": caller("top", "blueprint: fix, with: {prr: 3}")}) == [
        "top.yml:8:3: node `call`: `fix` has no input `prr` (did you mean `pr`?)",
        "top.yml:8:3: node `call`: `fix` needs the input `pr` (give it under `with`)",
    ]
    assert told({**shipped(), "top": caller("top", "blueprint: fix, with: {pr: three}")}) == [
        "top.yml:8:3: node `call`: `pr` must be of type integer"
    ]


def test_recursion() -> None:
    texts = {"a": caller("a", "blueprint: b"), "b": caller("b", "blueprint: a"), "c": caller("c", "blueprint: a")}
    assert told(texts) == [
        "a.yml:8:3: node `call`: `a` would call itself",
        "b.yml:8:3: node `call`: `b` would call itself",
    ]
    assert told({"a": caller("a", "blueprint: a")}) == ["a.yml:8:3: node `call`: `a` would call itself"]


def test_problems_name_their_file() -> None:
    assert told({"a": "", "b": "- 1"}) == [
        "a.yml:1:1: a blueprint is a mapping of keys to values",
        "b.yml:1:1: a blueprint is a mapping of keys to values",
    ]


def test_needed() -> None:
    library = assemble(shipped())
    assert isinstance(library, dict)
    assert needed(library, "implement") == {"implement", "fix"}
    assert needed(library, "fix") == {"fix"}
