"""Reviews taken up: on a real project the change that its maintainers made in the end, in answer to a review; and what
happens to threads that are outdated, about deleted files, begun by outsiders, not sent yet, or settled."""

from __future__ import annotations

from typing import Any

import pytest
from tests.scenarios.project import MENDED, Json, add_notes, call, conversation, finish, judge, repair, triage, turn
from tests.scenarios.real import AFTER, real_repository, release
from tests.scenarios.universe import Repository, Snapshot, Universe, wait

THREADS = "review.threads"
GOAL = f"Take up every entry of {THREADS}"
PATTERN = r'"({{|}}|{\w*(?:\.\w+|\[[^]]+])*(?::[^}]+)?})"'
PATTERN_AFTER = r'"({{|}}|{[\w-]*(?:\.[\w-]+|\[[^]]+])*(?::[^}]+)?})"'
GROUP = '.replace("]", "_")\n\n'
GROUP_AFTER = '.replace("]", "_").replace("-", "_")\n\n'
RAISE = "            else:\n                raise KeyError("
COLLISION = '            elif "-" in field:\n                group = field.replace("-", "_" * n)\n'
NAMED, FIXED = "return self._named_fields.copy()", "return self._fixed_fields.copy()"


SLOW = 240
"""Seconds for what the real project's set-up and tests are a part of, on a machine that does much else."""


def edit(path: str, *changes: tuple[str, str]) -> Json:
    return call("edit", path=path, edits=[{"old": old, "new": new} for old, new in changes])


def reply(thread: int, text: str, *, done: bool = True) -> Json:
    return {"thread": thread, "reply": text, "done": done}


def address(reads: list[str], changes: list[Json], *replies: Json, **more: Any) -> Json:
    """What it reads are paths, and what outsiders had a part in."""
    output = {"changed": bool(changes), "replies": list(replies)}
    looks = [call("task", names=[read]) if read == THREADS else call("read", path=read) for read in reads]
    return conversation(
        "address",
        GOAL,
        turn(*looks, text="I look at the code that the threads are about."),
        *([turn(*changes)] if changes else []),
        turn(finish("What the review asked for.", output=output), **more),
    )


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


def pull_of(repository: Repository) -> Json:
    [pull] = repository.pulls()
    return pull


def said_in(repository: Repository, number: int) -> list[str]:
    """Everything that the bot said in review threads."""
    comments = repository.universe.ann.review_comments(repository.name, number)
    return [comment["body"] for comment in comments if comment["user"]["type"] == "Bot"]


def threads(repository: Repository, number: int) -> dict[int, bool]:
    """Thread by its place in the order of their beginning: whether it is resolved."""
    found = repository.universe.ann.threads(repository.name, number)
    return {index: thread["isResolved"] for index, thread in enumerate(found, 1)}


def ended_twice(repository: Repository, number: int) -> str:
    """The second task of the pull request's story has ended."""
    wait(lambda: len(repository.tasks()) == 2, "the second task")
    return repository.ended(number, SLOW)


TESTS = release(AFTER)["tests/test_parse.py"]
FIRST_TEST = TESTS[
    TESTS.index("\n\ndef test_hyphen_inside_field_name()") : TESTS.index("\n\ndef test_hyphen_inside_field_name_coll")
]
SECOND_TEST = TESTS[TESTS.index("\n\ndef test_hyphen_inside_field_name_coll") :]


def _half(universe: Universe, repository: Repository) -> int:
    """Minion's own pull request: hyphens are allowed in names, and two names may collide."""
    reads = turn(call("read", path="parse.py"), call("read", path="tests/test_parse.py", start=750))
    old = 'parser.format = "hi {}"\n'
    universe.play(
        triage(),
        conversation(
            "implement",
            "Carry out the spec",
            reads,
            turn(
                edit("parse.py", (PATTERN, PATTERN_AFTER), (GROUP, GROUP_AFTER)),
                edit("tests/test_parse.py", (old, old + FIRST_TEST)),
            ),
            turn(finish("Hyphens are allowed in field names.")),
        ),
        judge(),
    )
    number = repository.issue("Hyphens in field names", "`{user-id}` should be a field, as `{user_id}` is.")
    repository.ask(number)
    assert repository.ended(number, SLOW) == "minion-done"
    return int(pull_of(repository)["number"])


@pytest.mark.timeout(3 * SLOW)
def test_a_review_that_requests_changes_on_our_pull_request(universe: Universe, snapshot: Snapshot) -> None:
    """The change that the review leads to is the one of parse 1.20.2."""
    repository = real_repository(universe)
    number = _half(universe, repository)
    code = universe.ann.read_file(repository.name, "parse.py", pull_of(repository)["head"]["ref"])
    last = 'assert result["user-id"] == "1647222638"\n'
    universe.play(
        address(
            ["parse.py", "README.rst"],
            [
                edit("parse.py", (RAISE, COLLISION + RAISE), (NAMED, "return self._named_fields[:]")),
                edit("parse.py", (FIXED, "return self._fixed_fields[:]"), ('"1.20.1"', '"1.20.2"')),
                call("read", path="tests/test_parse.py", start=760),
                edit("tests/test_parse.py", (last, last + SECOND_TEST)),
                edit("README.rst", ("- 1.20.1 The", _news() + "- 1.20.1 The")),
            ],
            reply(1, "The README and the version say it now."),
            reply(
                2, "Fields whose names differ in `-`, `_` and `.` only get groups of their own now, see the new test."
            ),
            reply(3, "Sliced, as suggested; `fixed_fields` likewise."),
            reply(4, "That would break templates with `{user_id}`: I left underscores alone.", done=False),
        ),
        judge(),
    )
    comments = [
        {"path": "parse.py", "line": line_of(code, GROUP_AFTER), "body": "What about `{user-id} {user_id}`?"},
        {"path": "parse.py", "line": line_of(code, PATTERN_AFTER), "body": "Should we forbid underscores instead?"},
    ]
    suggested = "Works on lists of old Pythons, too:\n```suggestion\n        return self._named_fields[:]\n```"
    comments.insert(1, {"path": "parse.py", "line": line_of(code, NAMED), "body": suggested})
    body = "Close. The README's list of versions needs an entry, and the version is 1.20.2 then."
    universe.bob.review(repository.name, number, "REQUEST_CHANGES", body, comments)
    assert ended_twice(repository, number) == "minion-done"
    assert repository.tasks() == ["succeeded", "succeeded"]
    head = pull_of(repository)["head"]
    assert repository.conclusions(head["sha"]) == {"lint": "success", "test": "success"}
    for path in ("parse.py", "README.rst", "tests/test_parse.py"):
        assert universe.ann.read_file(repository.name, path, head["ref"]) == release(AFTER)[path], path
    assert threads(repository, number) == {1: True, 2: True, 3: False}
    assert len(repository.pushes(head["ref"])) == 2
    asked = {person["login"] for person in pull_of(repository)["requested_reviewers"]}
    assert asked == {"ann", "bob"}
    snapshot(repository)


def _news() -> str:
    text = release(AFTER)["README.rst"]
    start = text.index("- 1.20.2 ")
    return text[start : text.index("- 1.20.1 ")]


@pytest.mark.timeout(3 * SLOW)
@pytest.mark.thorough
def test_threads_of_every_kind_on_a_persons_pull_request(universe: Universe, snapshot: Snapshot) -> None:
    """Outdated, about a deleted file, by an outsider, resolved, not sent: and the change waits for an approval, since
    an outsider's words had a part in it."""
    repository = real_repository(universe)
    name, code = repository.name, release(AFTER)["parse.py"]
    draft = {"parse.py": code.replace(COLLISION, ""), "notes.txt": "one\ntwo\n", "tests/test_parse.py": TESTS}
    universe.bob.commit(name, "hyphens", draft, "Hyphens in field names")
    number = int(
        universe.bob.open_pr(name, "hyphens", "main", "Hyphens in field names", body="As in 1.20.2.")["number"]
    )
    at = {"path": "parse.py"}
    old = [
        at | {"line": line_of(code, '__version__ = "1.20.2"'), "body": "Is it not 1.21?"},
        {"path": "notes.txt", "line": 1, "body": "What is this file for?"},
        at | {"line": line_of(code, PATTERN_AFTER), "body": "Typo?"},
    ]
    universe.ann.review(name, number, "COMMENT", "", old)
    again = {"parse.py": draft["parse.py"].replace('"1.20.2"', '"1.20.3"'), "notes.txt": None}
    universe.bob.commit(name, "hyphens", again, "Version; no notes")
    universe.ann.resolve(universe.ann.threads(name, number)[2]["id"])
    universe.mallory.review(
        name, number, "COMMENT", "", [at | {"line": line_of(code, GROUP_AFTER), "body": "Names collide."}]
    )
    pending = {"comments": [at | {"line": 1, "body": "Not thought through yet."}]}
    universe.ann.call("POST", f"/repos/{name}/pulls/{number}/reviews", pending)
    universe.play(
        address(
            ["parse.py", THREADS],
            [edit("parse.py", (RAISE, COLLISION + RAISE), ('"1.20.3"', '"1.20.2"'))],
            reply(1, "1.20.2 it is: nothing is taken away."),
            reply(2, "It is gone."),
            reply(3, "They do not collide any more."),
        ),
        judge(),
    )
    universe.bob.comment(name, number, "/minion address")
    command = repository.await_comment(number, "waits for approval", SLOW).split("```\n")[1].strip()
    asked = str(universe.model.requests)
    assert all(part in asked for part in ("Is it not 1.21?", "code_at_the_time", "file_is_gone", "Names collide."))
    assert not any(part in asked for part in ("Not thought through", "Typo?"))
    universe.ann.comment(name, number, command)
    assert repository.ended(number, SLOW) == "minion-done"
    head = pull_of(repository)["head"]
    assert universe.ann.read_file(name, "parse.py", head["ref"]) == code
    assert repository.conclusions(head["sha"]) == {"lint": "success", "test": "success"}
    assert [thread["isResolved"] for thread in universe.bob.threads(name, number)] == [True, True, True, True]
    assert [push["actor"] for push in repository.pushes("hyphens")] == ["bob", "bob", "minion[bot]"]
    universe.ann.call("DELETE", f"/repos/{name}/pulls/{number}/reviews/{_pending(repository, number)}")
    snapshot(repository)


def _pending(repository: Repository, number: int) -> int:
    reviews = repository.universe.ann.call("GET", f"/repos/{repository.name}/pulls/{number}/reviews")
    return next(int(review["id"]) for review in reviews if review["state"] == "PENDING")


# --- on the tiny project


def _pull(universe: Universe, repository: Repository, *remarks: str) -> int:
    """Bob's, with ann's threads on the line that he changed."""
    universe.bob.commit(
        repository.name, "mend-add", {"calc.py": MENDED, "NOTES.md": "# Notes\n\n- add() adds.\n"}, "Mend"
    )
    number = int(universe.bob.open_pr(repository.name, "mend-add", "main", "Mend add()")["number"])
    repository.await_runs()
    if remarks:
        at = {"path": "calc.py", "line": 2}
        universe.ann.review(repository.name, number, "COMMENT", "", [at | {"body": remark} for remark in remarks])
    return number


def test_nothing_to_address(universe: Universe, snapshot: Snapshot) -> None:
    """No runner is started, and nobody is asked."""
    repository = universe.repository()
    number = _pull(universe, repository, "Why?")
    universe.bob.resolve(universe.bob.threads(repository.name, number)[0]["id"])
    before = repository.rounds_dispatched()
    universe.play()
    universe.bob.comment(repository.name, number, "/minion address")
    assert repository.ended(number) == "minion-done"
    assert repository.rounds_dispatched() == before
    snapshot(repository)


def test_answers_alone(universe: Universe, snapshot: Snapshot) -> None:
    repository = universe.repository()
    number = _pull(universe, repository, "Why is this not `sum((a, b))`?")
    universe.play(address(["calc.py"], [], reply(1, "`+` says the same in fewer words.", done=False)))
    universe.bob.comment(repository.name, number, "/minion address")
    assert repository.ended(number) == "minion-done"
    assert [push["actor"] for push in repository.pushes("mend-add")] == ["bob"]
    assert threads(repository, number) == {1: False}
    snapshot(repository)


def test_red_after_the_push_is_repaired_before_anybody_is_answered(universe: Universe, snapshot: Snapshot) -> None:
    repository = universe.repository()
    number = _pull(universe, repository, "The notes say too much.")
    taken = [call("read", path="NOTES.md"), call("write", path="NOTES.md", content="# Notes\n")]
    universe.play(
        address(["calc.py", "NOTES.md"], taken, reply(1, "The notes say less.")),
        judge(),
        repair(add_notes()),
    )
    universe.bob.comment(repository.name, number, "/minion address")
    repository.await_comment(number, "round 2")
    assert said_in(repository, number) == []
    assert repository.ended(number) == "minion-done"
    assert len(said_in(repository, number)) == 1
    assert len(repository.pushes("mend-add")) == 3
    snapshot(repository)
