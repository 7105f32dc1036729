"""The shipped blueprints on a real project with its own CI: lint, write-tests, update-docs, fix's automatic repair, and
implement going on with what a person began."""

from __future__ import annotations

from typing import Any

import pytest
from tests.scenarios.project import call, conversation, finish, judge, triage, turn
from tests.scenarios.real import AFTER, BEFORE, real_repository, release, ruff
from tests.scenarios.universe import Snapshot, Universe, wait

pytestmark = pytest.mark.timeout(400)
"""A real project's environment is made in every job."""

Json = dict[str, Any]
MODERN = release(BEFORE)["parse.py"].replace("from __future__ import absolute_import\n\n", "")
"""Without a line that the linter objects to."""
HALF = ('PARSE_RE = re.compile(r"({{|}}|{\\w*(?:\\.\\w+|', 'PARSE_RE = re.compile(r"({{|}}|{[\\w-]*(?:\\.[\\w-]+|')
"""What the later release begins with: names with hyphens are found, but make no group name yet."""


def agent(name: str, goal: str, reads: list[str], changes: list[Json], summary: str) -> Json:
    return conversation(
        name,
        goal,
        turn(*(call("read", path=path) for path in reads)),
        turn(*changes),
        turn(call("verify")),
        turn(finish(summary)),
    )


def test_lint_by_the_repositorys_own_fixes_alone(universe: Universe, snapshot: Snapshot) -> None:
    """No model is asked."""
    repository = real_repository(universe, rules=ruff("F", "I", "UP010"))
    universe.play()
    number = repository.issue("The linter fails on main", "`ruff check` complains about imports.")
    universe.ann.label(repository.name, number, "minion:lint")
    assert repository.ended(number, 240) == "minion-done"
    [pull] = repository.pulls()
    assert repository.conclusions(pull["head"]["sha"]) == {"lint": "success", "test": "success"}
    snapshot(repository)


@pytest.mark.thorough
def test_lint_with_a_residue_for_the_model(universe: Universe, snapshot: Snapshot) -> None:
    repository = real_repository(universe, rules=ruff("F", "I", "UP010", "PLW0133"))
    complaint = '        ValueError("Datetime not a date nor a time?")'
    mended = call("edit", path="parse.py", edits=[{"old": complaint, "new": complaint.replace("V", "raise V", 1)}])
    universe.play(
        agent("residue", "Make the linters pass", ["parse.py"], [mended], "The error is raised now."), judge()
    )
    number = repository.issue("The linter fails on main", "`ruff check` complains about imports and a lost error.")
    universe.ann.label(repository.name, number, "minion:lint")
    assert repository.ended(number, 240) == "minion-done"
    [pull] = repository.pulls()
    assert repository.conclusions(pull["head"]["sha"]) == {"lint": "success", "test": "success"}
    snapshot(repository)


TESTS_OF_INT_CONVERT = """\
import pytest

import parse


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0b1011", 11), ("0o17", 15), ("0xff", 255), ("-0x1f", -31), ("+12", 12)],
)
def test_prefix_and_sign_decide_the_base(text, expected):
    assert parse.parse("{:d}", text)[0] == expected


def test_a_separator_is_dropped():
    assert parse.parse("{:n}", "10,000")[0] == 10000
"""


def test_write_tests(universe: Universe, snapshot: Snapshot) -> None:
    repository = real_repository(universe)
    path = "tests/test_int_convert.py"
    wrong = call("edit", path="parse.py", edits=[{"old": BEFORE, "new": "2"}])
    written = call("write", path=path, content=TESTS_OF_INT_CONVERT)
    universe.play(
        agent("write", "Write the tests that the spec asks for", ["parse.py"], [wrong, written], "Wrote them."), judge()
    )
    number = repository.issue("`int_convert` has no tests of its own", "Prefixes, signs and separators are untested.")
    repository.universe.bob.comment(repository.name, number, "/minion write-tests prefixes and signs first")
    assert repository.ended(number, 240) == "minion-done"
    [pull] = repository.pulls()
    assert [file["filename"] for file in universe.ann.pr_files(repository.name, pull["number"])] == [path]
    assert repository.conclusions(pull["head"]["sha"]) == {"lint": "success", "test": "success"}
    snapshot(repository)


FIELD_NAMES = "Field names must be a valid Python identifiers, including dotted names;"


def test_update_docs(universe: Universe, snapshot: Snapshot) -> None:
    """The later release takes hyphens in field names; its README says otherwise."""
    repository = real_repository(universe, version="1.20.2")
    assert FIELD_NAMES in release("1.20.2")["README.rst"]
    better = "Field names may hold letters, digits, underscores and hyphens, and may be dotted;"
    changed = call("edit", path="README.rst", edits=[{"old": FIELD_NAMES, "new": better}])
    universe.play(
        agent(
            "update",
            "Bring the documents that the spec names up to date",
            ["README.rst", "parse.py"],
            [changed],
            "Field names.",
        ),
        judge(),
    )
    number = repository.issue("README: field names", "Since 1.20.2 hyphens are allowed, and the README denies it.")
    universe.ann.label(repository.name, number, "minion:update-docs")
    assert repository.ended(number, 240) == "minion-done"
    [pull] = repository.pulls()
    assert [file["filename"] for file in universe.ann.pr_files(repository.name, pull["number"])] == ["README.rst"]
    snapshot(repository)


def test_fix_by_the_repositorys_own_fixes_alone(universe: Universe, snapshot: Snapshot) -> None:
    """Only the linter is red: its automatic fixes are pushed to the person's branch, and no model is asked."""
    repository = real_repository(universe, rules=ruff("F", "UP010"), changed={"parse.py": MODERN})
    universe.play()
    universe.bob.commit(repository.name, "typo", {"parse.py": release(BEFORE)["parse.py"]}, "Mend a typo")
    opened = universe.bob.open_pr(repository.name, "typo", "main", "Mend a typo", body="One word.")
    number = int(opened["number"])
    wait(lambda: repository.conclusions(opened["head"]["sha"]).get("lint") == "failure", "the red check")
    repository.await_runs()
    universe.bob.comment(repository.name, number, "/minion fix")
    assert repository.ended(number, 240) == "minion-done"
    [pull] = repository.pulls()
    assert repository.conclusions(pull["head"]["sha"]) == {"lint": "success", "test": "success"}
    snapshot(repository)


def half_done() -> str:
    source = release(BEFORE)["parse.py"]
    assert HALF[0] in source
    return source.replace(*HALF)


def other_half() -> list[Json]:
    """What the later release does beside, and its tests."""
    tests = release(AFTER)["tests/test_parse.py"].removeprefix(release(BEFORE)["tests/test_parse.py"])
    assert tests.startswith("\n\ndef test_hyphen_inside_field_name")
    end = release(BEFORE)["tests/test_parse.py"].splitlines(keepends=True)[-2:]
    group = 'group = field.replace(".", "_").replace("[", "_").replace("]", "_")'
    twice = '                group = field.replace("_", "_" * n)\n'
    more = '            elif "-" in field:\n                group = field.replace("-", "_" * n)\n'
    code = [{"old": group, "new": f'{group}.replace("-", "_")'}, {"old": twice, "new": twice + more}]
    return [
        call("edit", path="parse.py", edits=code),
        call("edit", path="tests/test_parse.py", edits=[{"old": "".join(end), "new": "".join(end) + tests}]),
    ]


def going_on(kind: str, *turns: Json) -> list[Json]:
    done = conversation(
        "implement",
        "Carry out the spec",
        turn(
            call("task", names=["branch.diff"]), call("read", path="parse.py"), call("read", path="tests/test_parse.py")
        ),
        *turns,
        turn(finish("Field names with hyphens make group names now.")),
    )
    return [triage(kind=kind), done, judge()]


@pytest.mark.thorough
def test_implement_goes_on_with_a_pull_request(universe: Universe, snapshot: Snapshot) -> None:
    """Bob's, half done: it stays his, and gets the rest on its branch."""
    repository = real_repository(universe)
    universe.bob.commit(repository.name, "hyphens", {"parse.py": half_done()}, "Hyphens in field names, first half")
    opened = universe.bob.open_pr(repository.name, "hyphens", "main", "Hyphens in field names", body="To be finished.")
    repository.await_runs()
    universe.play(*going_on("feature", turn(*other_half()), turn(call("verify"))))
    number = int(opened["number"])
    universe.bob.comment(repository.name, number, "/minion implement group names, and tests for them")
    assert repository.ended(number, 240) == "minion-done"
    assert [push["actor"] for push in repository.pushes("hyphens")] == ["bob", "minion[bot]"]
    [pull] = repository.pulls()
    assert (pull["title"], pull["body"]) == ("Hyphens in field names", "To be finished.")
    assert repository.conclusions(pull["head"]["sha"]) == {"lint": "success", "test": "success"}
    snapshot(repository)


def test_a_bug_on_a_named_branch_is_shown_by_a_test(universe: Universe, snapshot: Snapshot) -> None:
    """The work begins at the branch; without a test for it, the mended bug goes back to the agent once."""
    repository = real_repository(universe)
    universe.bob.commit(repository.name, "hyphens", {"parse.py": half_done()}, "Hyphens in field names, first half")
    repository.await_runs()
    code, tests = other_half()
    shown = conversation(
        "shown",
        "Carry out the spec",
        turn(call("task", names=["nodes.proof.output"]), call("read", path="tests/test_parse.py")),
        turn(tests),
        turn(finish("Two tests show it.")),
    )
    shown["match"]["contains"].append("nodes.proof.output")
    universe.play(shown, *going_on("bug", turn(code), turn(call("verify"))))
    number = repository.issue(
        "Field names with hyphens make broken patterns", "They should work.\n\n### Branch\n\n`hyphens`", by=universe.bob
    )
    repository.ask(number)
    assert repository.ended(number, 240) == "minion-done"
    [pull] = repository.pulls()
    files = {file["filename"] for file in universe.ann.pr_files(repository.name, pull["number"])}
    assert files == {"parse.py", "tests/test_parse.py"}
    assert [push["actor"] for push in repository.pushes("hyphens")] == ["bob"]
    assert repository.conclusions(pull["head"]["sha"]) == {"lint": "success", "test": "success"}
    snapshot(repository)
