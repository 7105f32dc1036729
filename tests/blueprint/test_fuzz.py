"""Whatever a file holds, it is a blueprint or there are problems at places inside of it; never a traceback."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.conftest import UNHURRIED

from minion.blueprint.loader import load
from minion.blueprint.model import Blueprint
from minion.blueprint.programs import names
from minion.blueprint.schema import NODES
from minion.blueprint_cli import blueprint
from minion.shipped import shipped

TEXTS = sorted(shipped()[name] for name in names(shipped()))
TOKENS = [re.findall(r"\w+|[^\w\s]|[ \t]+|\n", text) for text in TEXTS]
SPECIAL = [
    "no", "on", "~", "1e3", "0o7", "12:30", ".inf", "-0", "9" * 30, "&a", "*a", "<<", "!!python/object", "%YAML 1.1",
    "---", "...", "\t", "\r", "\x00", "\ufeff", "\u2028", "\ud800", "${{ a.b }}", "|", ">", "'", '"', "{", "[", "}",
    "]", "?", ":", "\x85", '"\\ud800"', '"\\x1b[31m"', "\u0435", "#", "@", "`", "- ", "  ", "\n",
]  # fmt: skip
WORDS = sorted(
    {word for text in TEXTS for word in re.findall(r"[\w.]+", text)}
    | {key for one in NODES.records.values() for key in one.keys}
)


def judged(text: str | bytes) -> None:
    """Loads it, and holds each problem against the text."""
    loaded = load(text, source="f.yml")
    if isinstance(loaded, Blueprint):
        assert loaded.start in loaded.nodes
        loaded.description.encode()
        return
    assert loaded
    plain = text if isinstance(text, str) else text.decode("utf-8", "replace")
    lines = re.split(r"\r\n|[\r\n\x85\u2028\u2029]", plain)
    for problem in loaded:
        assert 1 <= problem.line <= len(lines), problem
        assert 1 <= problem.column <= max(map(len, lines)) + 1, problem
        assert problem.message
        assert problem.source == "f.yml"
        assert len(problem.message) < 1000, problem


@given(st.binary(max_size=400))
def test_arbitrary_bytes(data: bytes) -> None:
    judged(data)


@given(st.text(max_size=400))
def test_arbitrary_text(text: str) -> None:
    judged(text)


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A shipped file with a few tokens or lines dropped, replaced, doubled or swapped."""
    tokens = list(draw(st.sampled_from(TOKENS)))
    lines = "".join(tokens).split("\n")
    by_line = draw(st.booleans())
    parts = lines if by_line else tokens
    for _ in range(draw(st.integers(1, 4))):
        at, other = draw(st.integers(0, len(parts) - 1)), draw(st.integers(0, len(parts) - 1))
        match draw(st.sampled_from(["drop", "double", "swap", "special", "word", "cut"])):
            case "drop" if len(parts) > 1:
                del parts[at]
            case "double":
                parts.insert(other, parts[at])
            case "swap":
                parts[at], parts[other] = parts[other], parts[at]
            case "special":
                parts[at] = draw(st.sampled_from(SPECIAL))
            case "word":
                parts[at] = draw(st.sampled_from(WORDS))
            case _:
                parts[at] = parts[at][: len(parts[at]) // 2]
    return ("\n" if by_line else "").join(parts)


@given(mutated())
def test_mutations_of_what_is_shipped(text: str) -> None:
    judged(text if len(text) % 2 else text.encode("utf-8", "surrogatepass"))


LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.sampled_from(WORDS + SPECIAL), st.text(max_size=8)
)
TREES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(WORDS) | st.text(max_size=6), inner, max_size=5)
    ),
    max_leaves=12,
)


@st.composite
def trees(draw: st.DrawFn) -> Any:
    """A blueprint in its outer form, with anything inside."""
    nodes = st.dictionaries(
        st.sampled_from(["a", "b", "c", "end", "x-y"]),
        st.fixed_dictionaries(
            {"type": st.sampled_from([*NODES.records, "nothing"])},
            optional={key: TREES for one in NODES.records.values() for key in one.keys if key != "type"},
        )
        | TREES,
        max_size=5,
    )
    head = {"apiVersion": "minion/v1", "kind": "Blueprint", "name": "f", "description": "D.", "start": "a"}
    whole = {**head, "defaults": draw(st.just({"fail": "a"}) | TREES), "nodes": draw(nodes | TREES)}
    return {
        **whole,
        **draw(st.dictionaries(st.sampled_from(["inputs", "caps", "name", "start", "on"]), TREES, max_size=3)),
    }


@given(trees())
def test_random_trees(tree: Any) -> None:
    judged(json.dumps(tree))


@settings(suppress_health_check=[*UNHURRIED, HealthCheck.function_scoped_fixture])
@given(
    st.one_of(st.binary(max_size=300), mutated().map(lambda text: text.encode("utf-8", "surrogatepass"))),
    st.sampled_from(["--plain", "--json", "--excerpt"]),
)
def test_the_command_ends_with_0_or_2(tmp_path: Path, data: bytes, option: str) -> None:
    path = tmp_path / "f.yml"
    path.write_bytes(data)
    result = CliRunner().invoke(blueprint, ["check", option, str(path)])
    assert result.exit_code in {0, 2}, result.exception
    assert result.exception is None or isinstance(result.exception, SystemExit)
    if option == "--json":
        assert (json.loads(result.stdout) == []) == (result.exit_code == 0)


NINES = "9" * 5000
HOSTILE = {
    "alias bomb": (b"a: &a [x,x,x]\nb: &b [*a,*a,*a]\nc: [*b,*b,*b]\n", "1:4: anchors are not allowed"),
    "10 MB": (b"a: b\n" * 2_000_000, "1:1: larger than 256 kB"),
    "10 MB in one line": (b"a: " + b"b" * 10_000_000, "1:1: larger than 256 kB"),
    "UTF-16": ("name: x\n".encode("utf-16"), "1:1: not UTF-8"),
    "Latin-1": ("name: x\ndescription: Käse\n".encode("latin-1"), "2:15: not UTF-8"),
    "NUL": (b"name: x\nstart: a\x00b\n", "2:9: the character U+0000 is not allowed in YAML"),
    "byte order mark": (b"\xef\xbb\xbfname: x\n", "1:1: begins with a byte order mark"),
    "nested lists": (b"a: " + b"[" * 100_000, "nested deeper than 20 levels"),
    "nested maps": ("\n".join(" " * n + "a:" for n in range(300)).encode(), "nested deeper than 20 levels"),
    "two documents": (b"a: b\n---\nc: d\n", "2:1: "),
    "merge key": (b"<<: {a: b}\n", "1:1: unknown key `<<`"),
    "a huge number": (f"caps: {{pushes: {NINES}}}\n".encode(), "1:16: `caps.pushes`: "),
    "a lone surrogate": (b'name: x\ndescription: "\\ud800"\n', "2:14: half of a surrogate pair"),
    "a confusable name": ("nodes:\n  d\u043ene: {type: end, status: success}\n".encode(), "2:3: "),
    "tab": (b"nodes:\n\ta: {type: end}\n", "2:1: a tab in the indentation"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_told_at_their_place(tmp_path: Path, name: str) -> None:
    data, said = HOSTILE[name]
    path = tmp_path / "x.yml"
    path.write_bytes(data)
    result = CliRunner().invoke(blueprint, ["check", str(path)])
    assert result.exit_code == 2
    assert said in result.stderr
    assert max(map(len, result.stderr.splitlines())) < 600


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("type: end, status: success", "type: end, status: no", "unknown value `no`"),
        ("pushes: 2", "pushes: 0o2", "must be a whole number"),
        ("pushes: 2", "pushes: 1e0", "must be a whole number"),
        ("pushes: 2", "pushes: 1:2", "must be a whole number"),
        ("usd: 4", "usd: 1e3", "is not an amount in US dollars"),
        ("wall: 2h", "wall: 12:30", "is not a duration"),
        ("required: true", "required: yes", "must be true or false"),
        ("required: true", "required: on", "must be true or false"),
        ("prepare: true", "prepare: 'true'", "must be true or false"),
    ],
)
def test_what_other_yaml_would_take_for_something_else(old: str, new: str, said: str) -> None:
    text = shipped()["fix"]
    assert old in text
    loaded = load(text.replace(old, new, 1), source="fix.yml")
    assert isinstance(loaded, tuple)
    line = text[: text.index(old)].count("\n") + 1
    assert any(one.line == line and said in one.message for one in loaded), loaded


def test_carriage_returns_end_lines_too() -> None:
    broken = shipped()["fix"].replace("status: success", "status: sucess")
    expected = [(one.line, one.column, one.message) for one in load(broken, source="")]  # type: ignore[union-attr]
    for end in ("\r\n", "\r"):
        found = load(broken.replace("\n", end), source="")
        assert [(one.line, one.column, one.message) for one in found] == expected  # type: ignore[union-attr]
