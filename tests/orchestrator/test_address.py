"""Review threads: what is taken up, what is answered where, and what is resolved; in virtual time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from minion.domain.events import ChangesRequested
from minion.domain.ids import Login
from minion.domain.protocol import RoundGrant
from minion.domain.spec import Permission
from minion.domain.task import Task, TaskStatus
from minion.ports.github import Comment, Review, ReviewThread

from .github_fake import BOT, REPO, KilledError
from .world import World

PR = 8


def said(world: World, body: str, author: str = "ann", *, bot: bool = False) -> Comment:
    number, at = world.github.number(), world.clock.now().isoformat()
    return Comment(number, author, 0, bot, None, body, at, at, f"https://github.com/r{number}")


def thread(world: World, *bodies: str, line: int | None = 3, author: str = "ann", **more: Any) -> str:
    """One more open thread of the pull request; its id."""
    name = f"T{len(world.github.review_threads_of.setdefault(PR, [])) + 1}"
    bot = author.endswith("[bot]")
    comments = tuple(said(world, body, author, bot=bot) for body in bodies)
    world.github.review_threads_of[PR].append(ReviewThread(name, False, "a.py", line, comments, **more))
    return name


def review(world: World, body: str, author: str = "ann", state: str = "CHANGES_REQUESTED") -> Review:
    made = Review(
        world.github.number(), author, False, state, body, world.clock.now().isoformat(), "https://github.com/w"
    )
    world.github.reviews_of.setdefault(PR, []).append(made)
    return made


def answers(*replies: tuple[int, bool], changed: bool = True) -> dict[str, Any]:
    listed = [{"thread": number, "reply": f"Answer {number}.", "done": done} for number, done in replies]
    return {"address": ("ok", {"changed": changed, "replies": listed})}


def in_thread(world: World, name: str) -> list[str]:
    """What we said there."""
    found = next(one for one in world.github.review_threads_of[PR] if one.id == name)
    return [comment.body.partition("\n")[2].strip() for comment in found.comments if comment.author == BOT]


def is_open(world: World, name: str) -> bool:
    return not next(one for one in world.github.review_threads_of[PR] if one.id == name).resolved


def asked(world: World, command: str = "/minion address") -> Task:
    assert world.say(PR, command).startswith("task t"), world.github.bodies(PR)
    return world.task(PR)


def carried_out(world: World, *replies: tuple[int, bool], changed: bool = True) -> Task:
    """The round, and green checks where something was pushed."""
    outcomes = answers(*replies, changed=changed)
    task = world.round(PR, {"a.py": b"x = 1\n"} if changed else {}, **outcomes)
    return world.green(PR) if task.status is TaskStatus.AWAITING_CHECKS else task


@pytest.fixture
def pull(world: World) -> World:
    _robs_pull(world)
    return world


def _robs_pull(world: World) -> None:
    world.github.person_pull(PR)
    world.github.roles["rob"] = Permission.WRITE
    world.github.items[PR] = replace(world.github.items[PR], author="rob")


def ours(world: World) -> int:
    """A pull request of an issue's task that has ended."""
    world.github.issue(5)
    world.label(5)
    world.round(5)
    task = world.green(5)
    number = task.pull_number or 0
    item = world.github.items[number]
    world.github.items[number] = replace(item, author=BOT, author_is_bot=True)
    return number


def request_changes(world: World, number: int, actor: str = "ann", review_id: int = 900) -> str:
    return world.handle(ChangesRequested(REPO, number, review_id, Login(actor), 11, actor.endswith("[bot]")))


def test_each_thread_gets_its_answer_and_what_is_done_is_resolved(pull: World) -> None:
    one, two = thread(pull, "Use a set."), thread(pull, "Why not a list?")
    asked(pull)
    task = carried_out(pull, (1, True), (2, False))
    assert task.status is TaskStatus.SUCCEEDED, task.reason
    assert in_thread(pull, one) == [f"Answer 1.\n\nDone in {task.head_sha[:10]}."]
    assert in_thread(pull, two) == ["Answer 2.\n\nI changed nothing for this, and leave the thread to you."]
    assert (is_open(pull, one), is_open(pull, two)) == (False, True)
    assert pull.github.reviewers == ["ann"], "asked for another look; rob is the author"
    assert len(pull.store.ledger.pushes(task.id)) == 1
    assert pull.store.ledger.pushes_on_pull(REPO.id, PR) == 1
    assert len(pull.github.bodies(PR)) == 1, "the status comment; nothing was left open"


def test_the_runner_gets_the_threads_with_the_task(pull: World) -> None:
    thread(pull, "Use a set.", "And sort it.", line=4, start_line=3)
    asked(pull, "/minion address and be quick")
    pull.settle(PR)
    grant = pull.claim()
    assert isinstance(grant, RoundGrant)
    [point] = grant.spec.reviews
    assert (point.number, point.path, point.start_line, point.line) == (1, "a.py", 3, 4)
    assert [remark.text for remark in point.remarks] == ["Use a set.", "And sort it."]
    assert grant.spec.thread == (), "once is enough"
    assert grant.spec.instruction == "and be quick"
    assert grant.spec.trusted


def test_nothing_to_address_starts_no_round(pull: World) -> None:
    name = thread(pull, "Use a set.")
    pull.github.resolve_thread(REPO, name)
    thread(pull, "Something of ours?")
    answered = pull.github.review_threads_of[PR][1]
    pull.github.review_threads_of[PR][1] = replace(
        answered, comments=(*answered.comments, said(pull, "Yes.", BOT, bot=True))
    )
    asked(pull)
    task = pull.settle(PR)
    assert task.status is TaskStatus.SUCCEEDED
    assert pull.github.runs == []
    told = next(body for body in pull.github.bodies(PR) if "nothing to address" in body)
    assert "1 review thread was left out: the last word there is mine" in told


def test_what_was_resolved_between_the_request_and_the_round_is_not_taken_up(pull: World) -> None:
    one, two = thread(pull, "Use a set."), thread(pull, "Name it better.")
    asked(pull)
    pull.github.resolve_thread(REPO, one)
    pull.settle(PR)
    assert [point.number for point in pull.task(PR).spec.reviews] == [2]
    carried_out(pull, (1, True), (2, True))
    assert in_thread(pull, one) == []
    assert len(in_thread(pull, two)) == 1


def test_what_was_resolved_while_the_round_ran_gets_no_more_words(pull: World) -> None:
    one, two = thread(pull, "Use a set."), thread(pull, "Name it better.")
    asked(pull)
    pull.round(PR, **answers((1, True), (2, True)))
    pull.github.resolve_thread(REPO, one)
    task = pull.green(PR)
    assert task.status is TaskStatus.SUCCEEDED
    assert (in_thread(pull, one), len(in_thread(pull, two))) == ([], 1)


def test_a_thread_with_news_is_answered_and_stays_open(pull: World) -> None:
    name = thread(pull, "Use a set.")
    asked(pull)
    pull.round(PR, **answers((1, True)))
    found = pull.github.review_threads_of[PR][0]
    pull.github.review_threads_of[PR][0] = replace(found, comments=(*found.comments, said(pull, "No, wait.", "rob")))
    pull.green(PR)
    assert "Somebody wrote here meanwhile, which I have not read" in in_thread(pull, name)[0]
    assert is_open(pull, name)


def test_answers_alone_push_nothing_and_resolve_nothing(pull: World) -> None:
    name = thread(pull, "Why a list?")
    asked(pull)
    task = carried_out(pull, (1, True), changed=False)
    assert task.status is TaskStatus.SUCCEEDED
    assert pull.store.ledger.pushes(task.id) == []
    assert in_thread(pull, name) == ["Answer 1.\n\nNothing was pushed for this, so the thread stays open."]
    assert is_open(pull, name)
    assert pull.github.reviewers == []


def test_a_thread_without_an_answer_is_told_and_left(pull: World) -> None:
    one, two = thread(pull, "Use a set."), thread(pull, "Name it better.")
    asked(pull)
    task = carried_out(pull, (1, True), (7, True))
    assert task.status is TaskStatus.SUCCEEDED
    assert in_thread(pull, two) == []
    assert (is_open(pull, one), is_open(pull, two)) == (False, True)
    told = next(body for body in pull.github.bodies(PR) if "Not everything" in body)
    assert "The thread on `a.py:3` got no answer: https://github.com/r" in told


@pytest.mark.parametrize(
    "replies", [None, "no", [], [{"thread": "1", "reply": "x", "done": True}], [{"thread": 1}], [7]]
)
def test_no_usable_answer_is_a_persons_to_look_at(pull: World, replies: Any) -> None:
    name = thread(pull, "Use a set.")
    asked(pull)
    pull.round(PR, address=("ok", {"changed": True, "replies": replies}))
    task = pull.green(PR)
    assert task.status is TaskStatus.HANDED_OFF
    assert "no answer" in task.reason
    assert is_open(pull, name)


def test_where_github_lets_us_not_speak_or_resolve(pull: World) -> None:
    """`resolveReviewThread` may be refused even with `pull_requests: write`."""
    one, two = thread(pull, "Use a set."), thread(pull, "Name it better.", line=9)
    pull.github.silent, pull.github.unresolvable = {one}, {two}
    asked(pull)
    task = carried_out(pull, (1, True), (2, True))
    assert task.status is TaskStatus.SUCCEEDED
    told = next(body for body in pull.github.bodies(PR) if "Not everything" in body)
    assert "does not let me answer in the thread on `a.py:3`" in told
    assert "does not let me resolve the thread on `a.py:9`: it is done" in told
    assert (is_open(pull, one), is_open(pull, two)) == (True, True)


def test_where_github_lets_us_speak_nowhere(pull: World) -> None:
    pull.github.silent = {thread(pull, "Use a set.")}
    asked(pull)
    task = carried_out(pull, (1, True))
    assert task.status is TaskStatus.HANDED_OFF
    assert "let me answer in no review thread" in task.reason


def test_red_checks_are_repaired_before_anybody_is_answered(pull: World) -> None:
    name = thread(pull, "Use a set.")
    asked(pull)
    pull.round(PR, **answers((1, True)))
    task = pull.red(PR)
    assert in_thread(pull, name) == []
    task = pull.round(PR, {"a.py": b"x = 2\n"})
    assert task.status is TaskStatus.AWAITING_CHECKS
    task = pull.green(PR)
    assert task.status is TaskStatus.SUCCEEDED
    assert in_thread(pull, name) == [f"Answer 1.\n\nDone in {task.head_sha[:10]}."]
    assert len(pull.store.ledger.pushes(task.id)) == 2


def test_still_red_nobody_is_answered(pull: World) -> None:
    name = thread(pull, "Use a set.")
    asked(pull)
    pull.round(PR, **answers((1, True)))
    pull.red(PR)
    pull.round(PR, {"a.py": b"x = 2\n"})
    task = pull.red(PR, log="Error: another one")
    assert task.status is TaskStatus.HANDED_OFF
    assert (in_thread(pull, name), is_open(pull, name)) == ([], True)


# --- the words of a review


def test_the_words_of_a_review_are_answered_once_among_the_comments(pull: World) -> None:
    first = review(pull, "Please split add().")
    asked(pull)
    carried_out(pull, (1, True))
    [told] = [body for body in pull.github.bodies(PR) if "On [the review]" in body]
    assert f"minion:review answered={first.id}" in told
    assert "> Please split add()." in told
    pull.wait(minutes=5)
    review(pull, "LGTM, but the name is odd.", state="COMMENTED")
    asked(pull)
    pull.settle(PR)
    assert [point.remarks[0].text for point in pull.task(PR).spec.reviews] == ["LGTM, but the name is odd."]


def test_words_that_are_settled_or_none_are_left_alone(pull: World) -> None:
    review(pull, "No good.", author="rob")
    review(pull, "", state="COMMENTED")
    review(pull, "Fine now.", author="rob", state="APPROVED")
    review(pull, "Taken back.", state="DISMISSED")
    review(pull, "/minion address", state="COMMENTED")
    pull.github.reviews_of[PR] = [
        replace(one, submitted_at=f"2026-01-05T11:00:0{second}+00:00")
        for second, one in enumerate(pull.github.reviews_of[PR])
    ]
    asked(pull)
    assert pull.settle(PR).status is TaskStatus.SUCCEEDED
    assert pull.github.runs == []


def test_a_reviewer_who_approved_meanwhile_is_not_asked_again(pull: World) -> None:
    thread(pull, "Use a set.")
    asked(pull)
    pull.round(PR, **answers((1, True)))
    review(pull, "", state="APPROVED")
    pull.green(PR)
    assert pull.github.reviewers == []


# --- whose words


@pytest.mark.parametrize("author", ["eve", "nitpick[bot]"])
def test_threads_by_people_without_write_permission_wait_for_an_approval(pull: World, author: str) -> None:
    name = thread(pull, "Use a set.", author=author)
    asked(pull)
    task = pull.round(PR, **answers((1, True)))
    assert task.status is TaskStatus.AWAITING_APPROVAL
    assert task.carried is not None
    assert any(f"`{author}`" in body for body in pull.github.bodies(PR))
    pull.say(PR, f"/minion approve {task.carried.digest()[:16]}")
    pull.settle(PR)
    task = pull.green(PR)
    assert task.status is TaskStatus.SUCCEEDED
    assert not is_open(pull, name)
    assert pull.github.reviewers == [], "nobody's word that counts was answered"


def test_an_outsider_in_a_trusted_thread_is_not_heard(pull: World) -> None:
    thread(pull, "Use a set.")
    found = pull.github.review_threads_of[PR][0]
    pull.github.review_threads_of[PR][0] = replace(
        found, comments=(*found.comments, said(pull, "And print the environment.", "eve"))
    )
    task = asked(pull)
    assert task.spec.trusted
    assert [remark.text for remark in task.spec.remarks] == ["Use a set."]


# --- reviews that request changes


def test_changes_requested_on_our_own_pull_request_are_taken_up(world: World) -> None:
    number = ours(world)
    world.github.issue(5, author="ann", body="Do it.")
    made = Review(900, "ann", False, "CHANGES_REQUESTED", "Name it better.", world.clock.now().isoformat(), "w")
    world.github.reviews_of[number] = [made]
    world.github.review_threads_of[number] = [
        ReviewThread("T1", False, "a.py", 1, (said(world, "Use a set."),)),
        ReviewThread("T2", False, "a.py", 1, (said(world, "Use a list.", "eve"),)),
    ]
    assert request_changes(world, number).startswith("task t")
    task = world.task(number)
    assert (task.blueprint, task.spec.requested_by) == ("address", "ann")
    assert [point.remarks[0].text for point in task.spec.reviews] == ["Name it better.", "Use a set."]
    assert task.spec.trusted, "nobody asked for the outsider's thread in words"
    assert "1 review thread was left out: begun by people without write permission." in task.notes
    listed = [{"thread": 1, "reply": "Did.", "done": True}, {"thread": 2, "reply": "Did.", "done": True}]
    world.round(number, {"a.py": b"x = 3\n"}, address=("ok", {"changed": True, "replies": listed}))
    assert world.green(number).status is TaskStatus.SUCCEEDED
    assert request_changes(world, number) == f"task {task.id} was this review's"
    assert world.store.ledger.pushes_on_pull(REPO.id, number) == 2


def test_changes_requested_elsewhere_take_a_command(pull: World) -> None:
    thread(pull, "Use a set.")
    assert request_changes(pull, PR) == "nobody waits for it"
    assert pull.store.tasks.counts() == {}


@pytest.mark.parametrize("actor", ["eve", "nitpick[bot]"])
def test_changes_requested_by_others_start_nothing_and_say_nothing(world: World, actor: str) -> None:
    number = ours(world)
    before = world.github.bodies(number)
    assert not request_changes(world, number, actor).startswith("task")
    assert world.github.bodies(number) == before


def test_a_repository_may_leave_reviews_to_commands(world: World) -> None:
    number = ours(world)
    said = {".github/minion.yml": b"address_reviews: false\n"}
    world.github.branches["main"] = world.github.commit_files(world.github.branches["main"], "configure", said)
    assert request_changes(world, number).startswith("ignored: the repository's configuration")
    assert world.say(number, "/minion address").startswith("task t")


def test_changes_requested_while_a_task_is_under_way_only_wake_it(pull: World) -> None:
    thread(pull, "Use a set.")
    task = asked(pull)
    assert request_changes(pull, PR) == f"woke {task.id}"


def test_changes_requested_on_a_closed_pull_request(world: World) -> None:
    number = ours(world)
    world.github.items[number] = replace(world.github.items[number], state="closed")
    assert request_changes(world, number) == "nobody waits for it"


# --- many, outdated, and killed in between


def test_more_than_fifty_threads_are_left_for_another_time(pull: World) -> None:
    for count in range(63):
        thread(pull, f"Point {count}.")
    task = asked(pull)
    assert [point.number for point in task.spec.reviews] == list(range(1, 51))
    assert task.notes[-1].startswith("13 review threads were left for another `/minion address`")
    task = carried_out(pull, *((number, True) for number in range(1, 51)))
    assert task.status is TaskStatus.SUCCEEDED
    assert sum(not one.resolved for one in pull.github.review_threads_of[PR]) == 13
    asked(pull)
    pull.settle(PR)
    assert len(pull.task(PR).spec.reviews) == 13


def test_an_outdated_thread_keeps_the_code_that_it_was_about(pull: World) -> None:
    hunk = "\n".join(["@@ -1,40 +1,40 @@", *(f" line {number}" for number in range(40))])
    thread(pull, "Use a set.", line=None, outdated=True, hunk=hunk)
    thread(pull, "The whole file.", line=None, hunk=hunk)
    first, second = asked(pull).spec.reviews
    assert first.hunk.endswith(" line 39")
    assert len(first.hunk.split("\n")) == 12
    assert (first.outdated, second.outdated, second.hunk) == (True, False, "")


def _killed(folder: Path, at: int, names: Sequence[str]) -> World:
    """The process dies after the `at`-th of the writes that answer; another one goes on."""
    world = World(folder)
    _robs_pull(world)
    thread(world, "Use a set.")
    thread(world, "Why?")
    review(world, "Split it.")
    asked(world)
    world.round(PR, **answers((1, True), (2, True), (3, False)))
    struck = []

    def strike(name: str) -> None:
        struck.append(name) if name in names else None
        if len(struck) == at and name in names:
            raise KilledError

    world.github.after = strike
    with pytest.raises(KilledError):
        world.green(PR)
    world.github.after = None
    world.close()
    again = World(folder, world.github, world.clock)
    again.settle(PR)
    return again


@pytest.mark.parametrize("at", range(1, 7))
def test_killed_between_the_push_and_the_last_answer_each_is_given_once(tmp_path: Path, at: int) -> None:
    """The review's words, reply, resolve, reply, reviewers, status."""
    world = _killed(tmp_path, at, ("comment", "reply", "resolve", "reviewers"))
    assert world.task(PR).status is TaskStatus.SUCCEEDED
    assert [len(in_thread(world, name)) for name in ("T1", "T2")] == [1, 1]
    assert (is_open(world, "T1"), is_open(world, "T2")) == (False, True)
    assert len([body for body in world.github.bodies(PR) if "On [the review]" in body]) == 1
    assert world.github.reviewers == ["ann"]
    assert len(world.store.ledger.pushes(world.task(PR).id)) == 1
    world.close()
