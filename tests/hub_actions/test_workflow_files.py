"""Reading workflow files: what is refused, and where."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minion.hub.actions.file_commands import FileCommandError, parse_pairs
from minion.hub.actions.globs import included
from minion.hub.actions.matrix import combinations, suffix
from minion.hub.actions.triggers import Occurrence, matches
from minion.hub.actions.workflow_reader import read_workflow
from minion.hub.actions.yaml_source import SourceError

JOB = "jobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo hi\n"


def test_on_is_a_string_and_numbers_are_numbers() -> None:
    workflow = read_workflow(f"on: [push, pull_request]\nenv:\n  V: 3.10\n{JOB}", "w.yml")
    assert set(workflow.triggers) == {"push", "pull_request"}
    assert workflow.env["V"].literal == 3.1


@pytest.mark.parametrize(
    ("text", "line", "part"),
    [
        (JOB, 1, "missing: on"),
        (f"on: push\non: push\n{JOB}", 2, "already defined"),
        (f"on: pushed\n{JOB}", 1, "Unexpected value 'pushed'"),
        (f"on:\n  pull_request:\n    types: [opened, exploded]\n{JOB}", 3, "exploded"),
        (f"on:\n  push:\n    branches: [a]\n    branches-ignore: [b]\n{JOB}", 3, "only define one of branches"),
        (f"on:\n  push:\n    path: [a]\n{JOB}", 3, "Unexpected value 'path'"),
        (f"on: push\npermissions:\n  content: read\n{JOB}", 3, "content"),
        (f"on: push\npermissions:\n  contents: admin\n{JOB}", 3, "admin"),
        (f"on: push\nconcurrency:\n  cancel-in-progress: true\n{JOB}", 3, "missing: group"),
        (f"on: push\ndefaults:\n  run:\n    shel: bash\n{JOB}", 4, "shel"),
        ("on: push\njobs:\n  a:\n    runs-on: x\n", 4, "missing: steps"),
        ("on: push\njobs:\n  a:\n    steps: []\n", 4, "missing: runs-on"),
        ("on: push\njobs:\n  1a:\n    runs-on: x\n    steps: []\n", 3, "'1a' is invalid"),
        ("on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - name: n\n", 6, "'uses' or a 'run'"),
        ("on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: a\n        uses: b/c@d\n", 6, "only one"),
        ("on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - uses: b/c@d\n        shell: sh\n", 7, "shell"),
        (
            "on: push\njobs:\n  a:\n    runs-on: x\n    strategy:\n      matrix:\n        v: 1\n    steps: []\n",
            7,
            "list",
        ),
        ("on: push\njobs:\n  a:\n    needs: a\n    runs-on: x\n    steps: []\n", 3, "depends on itself"),
        ("on: push\njobs:\n  a:\n    runs-on: x\n    if: secrets.X\n    steps: []\n", 5, "secrets"),
        ("on: push\njobs:\n  a: [\n", 4, "YAML"),
        ("", 1, "empty"),
        (f"on:\n  workflow_dispatch:\n    inputs:\n      a: {{type: choice}}\n{JOB}", 4, "options"),
        (f"on:\n  schedule:\n    - cron: '* *'\n{JOB}", 3, "cron"),
    ],
)
def test_refused_with_its_line(text: str, line: int, part: str) -> None:
    with pytest.raises(SourceError) as caught:
        read_workflow(text, "w.yml")
    assert str(caught.value).startswith(f"w.yml:{line}: ")
    assert part in str(caught.value)


@pytest.mark.parametrize(
    ("name", "patterns", "expected"),
    [
        ("main", ["main"], True),
        ("feature/a", ["feature/*"], True),
        ("feature/a/b", ["feature/*"], False),
        ("feature/a/b", ["feature/**"], True),
        ("v1.12", ["v[0-9]+.[0-9]+"], True),
        ("v2", ["v[0-9]+", "!v2"], False),
        ("v2", ["!v2", "v*"], True),
        ("docs/a.md", ["**.md"], True),
        ("a.md", ["**/*.md"], True),
        ("src/a.js", ["*.js"], False),
        ("colour", ["colou?r"], True),
        ("color", ["colou?r"], True),
        ("a+b", ["a\\+b"], True),
    ],
)
def test_filter_patterns(name: str, patterns: list[str], expected: bool) -> None:
    assert included(name, patterns) is expected


@pytest.mark.parametrize(
    ("on", "event", "payload", "ref", "changed", "expected"),
    [
        ("push:\n    branches: [main]", "push", {}, "refs/heads/main", [], True),
        ("push:\n    branches: [main]", "push", {}, "refs/tags/v1", [], False),
        ("push:\n    tags: ['v*']", "push", {}, "refs/heads/v1", [], False),
        ("push:\n    tags: ['v*']", "push", {}, "refs/tags/v1", [], True),
        ("push:\n    branches-ignore: ['minion/**']", "push", {}, "refs/heads/minion/1-x", [], False),
        ("push:\n    paths: ['src/**']", "push", {}, "refs/heads/a", ["docs/a"], False),
        ("push:\n    paths: ['src/**', '!src/x/**']", "push", {}, "refs/heads/a", ["src/x/a"], False),
        ("push:\n    paths-ignore: ['docs/**']", "push", {}, "refs/heads/a", ["docs/a", "src/b"], True),
        ("push:\n    paths-ignore: ['docs/**']", "push", {}, "refs/heads/a", ["docs/a"], False),
        ("pull_request:", "pull_request", {"action": "opened"}, "refs/pull/1/merge", [], True),
        ("pull_request:", "pull_request", {"action": "labeled"}, "refs/pull/1/merge", [], False),
        ("pull_request:\n    types: [labeled]", "pull_request", {"action": "labeled"}, "refs/pull/1/merge", [], True),
        ("pull_request:\n    branches: [dev]", "pull_request", {"action": "opened"}, "refs/pull/1/merge", [], False),
        ("issue_comment:", "issue_comment", {"action": "edited"}, "refs/heads/main", [], True),
        ("issues:\n    types: [labeled]", "issues", {"action": "opened"}, "refs/heads/main", [], False),
        (
            "repository_dispatch:\n    types: [go]",
            "repository_dispatch",
            {"action": "stop"},
            "refs/heads/main",
            [],
            False,
        ),
    ],
)
def test_which_events_a_trigger_lets_through(
    on: str, event: str, payload: dict[str, str], ref: str, changed: list[str], expected: bool
) -> None:
    workflow = read_workflow(f"on:\n  {on}\n{JOB}", "w.yml")
    whole = {"pull_request": {"base": {"ref": "main"}}, **payload}
    assert matches(workflow.triggers[event], Occurrence(event, whole, ref, lambda: changed)) is expected


def test_matrix_include_and_exclude_as_in_the_documentation() -> None:
    found = combinations(
        {
            "fruit": ["apple", "pear"],
            "animal": ["cat", "dog"],
            "exclude": [{"fruit": "pear", "animal": "dog"}],
            "include": [
                {"color": "green"},
                {"color": "pink", "animal": "cat"},
                {"fruit": "apple", "shape": "circle"},
                {"fruit": "banana"},
            ],
        }
    )
    assert found == [
        {"fruit": "apple", "animal": "cat", "color": "pink", "shape": "circle"},
        {"fruit": "apple", "animal": "dog", "color": "green", "shape": "circle"},
        {"fruit": "pear", "animal": "cat", "color": "pink"},
        {"fruit": "banana"},
    ]
    assert suffix(found[0]) == " (apple, cat, pink, circle)"


WORDS = (
    "on push pull_request branches jobs steps run uses with env if needs strategy matrix permissions concurrency group "
    "runs-on ubuntu-latest ${{ 1 true ~ [ ] { } : - &a *a << !!set ' | \" [+ **+ a[ ? %YAML --- !x"
)
FRAGMENTS = st.sampled_from(["${{ github.ref }}", "${{ nope }}", "\t", *WORDS.split()])
ENDS = st.sampled_from(["", ":", ": x"])
LINES = st.lists(
    st.tuples(
        st.integers(0, 4), st.lists(FRAGMENTS, min_size=1, max_size=3).map(" ".join), st.sampled_from(["", ":", ": x"])
    ),
    max_size=12,
).map(lambda lines: "\n".join("  " * depth + text + end for depth, text, end in lines))


@settings(max_examples=400, deadline=None)
@given(st.one_of(LINES, LINES.map(lambda text: f"on: push\njobs:\n  a:\n{text}"), st.text(max_size=60)))
def test_reading_a_file_raises_nothing_but_its_own_error(text: str) -> None:
    with contextlib.suppress(SourceError):
        read_workflow(text, "w.yml")


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="a=<\nE OF\r", max_size=60))
def test_reading_a_file_command_raises_nothing_but_its_own_error(text: str) -> None:
    with contextlib.suppress(FileCommandError):
        assert all(parse_pairs(text, "output"))


@given(
    st.dictionaries(
        st.from_regex(r"[A-Za-z_]{1,8}", fullmatch=True), st.text(alphabet="ab=<\n:% ", max_size=20), max_size=4
    )
)
def test_values_come_through_a_file_command_unchanged(values: dict[str, str]) -> None:
    text = "".join(f"{name}<<END_OF_IT\n{value}\nEND_OF_IT\n" for name, value in values.items())
    assert parse_pairs(text, "output") == values
