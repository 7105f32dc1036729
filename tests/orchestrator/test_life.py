"""A task's life from the label to its end, in virtual time."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest

from minion.domain.errors import Outage
from minion.domain.events import ItemClosed, Unlabeled
from minion.domain.ids import Login
from minion.domain.protocol import ClaimRefused, RoundGrant
from minion.domain.secret import Secret
from minion.domain.task import Task, TaskStatus
from minion.orchestrator.advance import advance
from minion.orchestrator.desk import NoHome, RunnerHome
from minion.ports.github import ActionsRun

from .github_fake import REPO
from .world import Outcomes, World


def test_an_issue_becomes_a_pull_request(world: World) -> None:
    world.github.issue(5)
    assert world.label(5).startswith("task t")
    task = world.round(5)
    assert task.status is TaskStatus.AWAITING_CHECKS
    pull = world.github.pulls[task.pull_number or 0]
    assert pull.draft
    assert pull.head_ref == "minion/5-mend-thing-5"
    assert "Closes #5" in pull.body
    message = world.github.commits[pull.head_sha].message
    assert f"Minion-Task: {task.id}\nMinion-Round: 1" in message
    assert "minion-working" in world.github.items[5].labels
    task = world.green(5)
    assert task.status is TaskStatus.SUCCEEDED
    assert task.due_at is None
    assert not world.github.pulls[pull.number].draft
    assert world.github.reviewers == ["ann"]
    assert "minion-done" in world.github.items[5].labels
    assert "minion-working" not in world.github.items[5].labels
    assert world.github.reactions == [(5, None, "eyes")]
    assert len(world.github.bodies(5)) == 1, "one status comment, edited in place"
    assert world.github.check_runs[task.id].conclusion == "success"


def test_whoever_sees_the_label_sees_all_the_rest(world: World) -> None:
    world.github.issue(5)
    world.label(5)
    world.round(5)
    world.github.writes.clear()
    world.green(5)
    last = [name for name in dict.fromkeys(reversed(world.github.writes)) if name != "check"]
    assert last[::-1] == ["ready", "update", "reviewers", "comment", "label"]


def test_red_checks_get_one_repair_and_then_a_person(world: World) -> None:
    world.github.issue(5)
    world.label(5)
    world.round(5)
    task = world.red(5)
    assert task.status is TaskStatus.WORKING
    assert [failure.check for failure in task.failures] == ["build"]
    task = world.round(5, files={"a.py": b"x = 2\n"})
    assert task.status is TaskStatus.AWAITING_CHECKS
    assert task.round == 2
    task = world.red(5, log="Error: another thing failed")
    assert task.status is TaskStatus.HANDED_OFF
    assert [push.round for push in world.store.ledger.pushes(task.id)] == [1, 2]
    assert "minion-needs-human" in world.github.items[5].labels
    assert len(world.github.bodies(5)) == 2, "the status and the hand-off"


def test_a_repair_that_works(world: World) -> None:
    world.github.issue(5)
    world.label(5)
    world.round(5)
    world.red(5)
    world.round(5, files={"a.py": b"x = 2\n"})
    assert world.green(5).status is TaskStatus.SUCCEEDED


def test_what_the_agent_is_not_sure_of_stands_at_the_top(world: World) -> None:
    world.github.issue(5)
    world.label(5)
    doubt = {"confidence": "low", "risks": ("It may be slow.",), "open_questions": ("Is empty allowed?",)}
    world.round(5, said={**doubt, "notes": ("lint is left to CI: no command",)})
    top = world.github.pulls[world.task(5).pull_number or 0].body.split("## ")[0]
    assert "not sure of this change" in top
    assert "Open question: Is empty allowed?" in top
    assert "Risk: It may be slow." in top
    world.red(5)
    world.round(5, files={"a.py": b"x = 2\n"}, said={"confidence": "high", "risks": ("It may be late.",)})
    task = world.green(5)
    assert (task.confidence, task.risks) == ("low", ("It may be slow.", "It may be late."))
    body = world.github.pulls[task.pull_number or 0].body
    assert "It may be late." in body.split("## ")[0]
    assert "lint is left to CI: no command" in body, "notes of an earlier round stay"


def test_a_repository_may_name_its_runner(world: World) -> None:
    world.github.issue(5)
    world.label(5)
    world.settle(5)
    main = world.github.branches["main"]
    files = {".github/minion.yml": b"environment: {runs_on: big-one}\n"}
    world.github.branches["main"] = world.github.commit_files(main, "configured", files)
    world.github.issue(6)
    world.label(6)
    world.settle(6)
    assert [sorted(given) for given in world.github.inputs] == [["app_url", "nonce"], ["app_url", "nonce", "runner"]]
    assert world.github.inputs[1]["runner"] == "big-one"
    world.github.refuse_dispatch = 'Unexpected inputs provided: ["runner"]'
    world.github.issue(7)
    world.label(7)
    assert "needs the input `runner`" in world.settle(7).reason


def test_fix_on_a_persons_pull_request(world: World) -> None:
    world.github.person_pull(8)
    world.github.check(world.github.pulls[8].head_sha, "build", "failure")
    world.wait(minutes=5)
    assert world.say(8, "/minion fix").startswith("task t")
    task = world.round(8, files={"a.py": b"x = 1\n"})
    assert task.status is TaskStatus.AWAITING_CHECKS
    assert world.github.branches["feature"] == task.head_sha
    assert world.green(8).status is TaskStatus.SUCCEEDED
    assert world.github.commits[task.head_sha].message.count("Minion-Task") == 1


def test_the_same_failure_again_spends_no_second_push(world: World) -> None:
    world.github.person_pull(8)
    world.github.check(world.github.pulls[8].head_sha, "build", "failure")
    world.wait(minutes=5)
    world.say(8, "/minion fix")
    world.round(8, files={"a.py": b"x = 1\n"})
    task = world.red(8)
    assert task.status is TaskStatus.HANDED_OFF
    assert len(world.store.ledger.pushes(task.id)) == 1
    assert "same way" in task.reason


def cut_short(world: World, task: Task) -> str:
    run = ActionsRun(
        31, "CI", ".github/workflows/ci.yml", "pull_request", "completed", "cancelled", task.head_sha, "t", 1, ""
    )
    world.github.ci_runs[task.head_sha] = [run]
    world.github.check(task.head_sha, "build", "cancelled")
    return task.head_sha


def test_a_cancelled_run_is_run_again_and_costs_no_push(world: World) -> None:
    world.github.issue(5)
    world.label(5)
    head = cut_short(world, world.round(5))
    world.wait(seconds=60)
    task = world.settle(5)
    assert (task.status, world.github.rerun) == (TaskStatus.AWAITING_CHECKS, [31])
    assert "runs again" in task.reason
    assert world.settle(5).status is TaskStatus.AWAITING_CHECKS, "GitHub may show the old result for a while"
    world.github.ci_runs[head] = []
    world.github.check(head, "build", "success")
    world.wait(seconds=60)
    task = world.settle(5)
    assert task.status is TaskStatus.SUCCEEDED
    assert len(world.store.ledger.pushes(task.id)) == 1


def test_a_run_that_is_cancelled_again_is_a_failure(world: World) -> None:
    world.github.issue(5)
    world.label(5)
    cut_short(world, world.round(5))
    for _ in range(3):
        world.wait(minutes=4)
        world.settle(5)
    task = world.task(5)
    assert world.github.rerun == [31]
    assert (task.status, [f.conclusion for f in task.failures]) == (TaskStatus.WORKING, ["cancelled"])


def test_what_fails_on_the_base_too_is_not_ours(world: World) -> None:
    world.github.person_pull(8)
    for sha in (world.github.pulls[8].head_sha, world.github.branches["main"]):
        world.github.check(sha, "build", "failure")
    world.wait(minutes=5)
    world.say(8, "/minion fix")
    assert world.settle(8).status is TaskStatus.SUCCEEDED
    assert world.store.ledger.pushes(world.task(8).id) == []


def test_the_nearest_checked_commit_speaks_for_an_unchecked_base(world: World) -> None:
    world.github.check(world.github.branches["main"], "build", "failure")
    for word in ("one", "two"):  # pushed without checks
        world.github._move("main", world.github.commit_files(world.github.branches["main"], word, {"c.py": b"1\n"}))
    world.github.person_pull(8)
    world.github.check(world.github.pulls[8].head_sha, "build", "failure")
    world.wait(minutes=5)
    world.say(8, "/minion fix")
    task = world.settle(8)
    assert task.status is TaskStatus.SUCCEEDED
    assert "`build` fails on the base branch too." in task.notes
    assert world.store.ledger.pushes(task.id) == []


def test_of_several_failures_those_of_the_base_are_told_apart(world: World) -> None:
    main = world.github.branches["main"]
    world.github.check(main, "docs", "failure")
    world.github.check(main, "build", "success")
    world.github.person_pull(8)
    for name in ("build", "docs", "new"):
        world.github.check(world.github.pulls[8].head_sha, name, "failure")
    world.wait(minutes=5)
    world.say(8, "/minion fix")
    task = world.settle(8)
    assert task.status is TaskStatus.WORKING
    assert {f.check: f.also_on_base for f in task.failures} == {"build": False, "new": None, "docs": True}
    assert task.notes == ("`docs` fails on the base branch too.",)


@pytest.mark.parametrize(
    ("path", "data", "problem"),
    [
        ("keys.py", b"K = 'correct horse battery'\n", "one of the secrets of this installation"),
        ("keys.py", base64.b64encode(b"correct horse battery"), "one of the secrets of this installation"),
        ("readme.MD", b"# shop\n", "is the same as `README.md`"),
    ],
)
def test_the_gate_knows_the_keys_and_the_whole_tree(world: World, path: str, data: bytes, problem: str) -> None:
    world.desk = replace(world.desk, secrets=(Secret("correct horse battery"),))
    world.github.issue(5)
    world.label(5)
    task = world.round(5, files={path: data})
    assert task.status is TaskStatus.HANDED_OFF
    assert problem in task.reason
    assert "correct horse" not in task.reason
    assert world.store.ledger.pushes(task.id) == []


def test_no_checks_at_all_is_not_green(world: World) -> None:
    world.github.issue(5)
    world.label(5)
    task = world.round(5)
    assert task.status is TaskStatus.AWAITING_CHECKS
    for _ in range(10):
        if task.status.ended:
            break
        task = world.until_due(5)
    assert task.status is TaskStatus.SUCCEEDED
    assert any("No CI has judged this" in note for note in task.notes)


def test_a_question_is_asked_and_its_answer_joins_the_spec(world: World) -> None:
    world.github.issue(5)
    world.label(5)
    task = world.round(5, files={}, triage=("ok", {"fit": "ask", "question": "Which thing?"}))
    assert task.status is TaskStatus.AWAITING_REPLY
    digest = task.spec.digest()
    assert any("Which thing?" in body for body in world.github.bodies(5))
    world.wait(minutes=1)
    world.say(5, "Any!", actor="eve")
    assert world.settle(5).status is TaskStatus.AWAITING_REPLY
    world.say(5, "/minion status")
    assert world.settle(5).status is TaskStatus.AWAITING_REPLY, "a command is no answer"
    world.say(5, "The small one.")
    task = world.settle(5)
    assert task.status is TaskStatus.WORKING
    assert task.spec.thread[-1].text == "The small one."
    assert task.spec.digest() != digest


def test_a_question_that_nobody_answers_ends_declined(world: World) -> None:
    world.github.issue(5)
    world.label(5)
    world.round(5, files={}, triage=("ok", {"fit": "ask", "question": "Which thing?"}))
    for _ in range(24 * 8):
        if world.task(5).status.ended:
            break
        world.until_due(5)
    assert world.task(5).status is TaskStatus.DECLINED


def test_text_by_an_outsider_makes_the_push_wait_for_approval(world: World) -> None:
    world.outsider_issue(5)
    world.label(5)
    task = world.round(5)
    assert task.status is TaskStatus.AWAITING_APPROVAL
    assert task.carried is not None
    digest = task.carried.digest()
    assert any(digest[:16] in body and "+x = 1" in body for body in world.github.bodies(5))
    assert world.say(5, f"/minion approve {digest[:16]}", actor="eve").startswith("refused")
    assert world.say(5, "/minion approve 0123456789abcdef") == "refused: another digest"
    assert world.settle(5).status is TaskStatus.AWAITING_APPROVAL
    assert "commit" not in world.github.writes
    world.say(5, f"/minion approve {digest[:16]}")
    assert world.settle(5).status is TaskStatus.AWAITING_CHECKS


def test_an_approval_that_never_comes_hands_off(world: World) -> None:
    world.outsider_issue(5)
    world.label(5)
    world.round(5)
    world.wait(days=8)
    assert world.settle(5).status is TaskStatus.HANDED_OFF
    assert "commit" not in world.github.writes


def test_the_gate_stops_a_protected_path(world: World) -> None:
    world.github.issue(5)
    world.label(5)
    task = world.round(5, files={".github/workflows/ci.yml": b"on: push\n"})
    assert task.status is TaskStatus.HANDED_OFF
    assert ".github/workflows/ci.yml" in task.reason
    assert "commit" not in world.github.writes


def test_stop_ends_it_and_tells_the_runner(world: World) -> None:
    world.github.issue(5)
    world.label(5)
    world.settle(5)
    grant = world.claim()
    assert isinstance(grant, RoundGrant)
    assert world.heartbeat(grant).cancel is None
    world.say(5, "/minion stop")
    assert world.heartbeat(grant).cancel == "the task is cancelled: stopped by @ann"
    assert not world.work(grant, {"triage": ("ok", {"fit": "do"}), "judge": "pass"}, {"a.py": b"x"}).accepted
    task = world.settle(5)
    assert (task.status, task.due_at) == (TaskStatus.CANCELLED, None)
    assert world.github.cancelled == [world.github.runs[0].id]
    assert "commit" not in world.github.writes


def test_closing_or_unlabelling_ends_it(world: World) -> None:
    for number, event in ((5, ItemClosed(REPO, 5, Login("ann"))), (6, Unlabeled(REPO, 6, "minion", Login("ann")))):
        world.github.issue(number)
        world.label(number)
        world.settle(number)
        item = world.github.items[number]
        world.github.items[number] = (
            replace(item, state="closed") if number == 5 else replace(item, labels=("minion-working",))
        )
        assert world.handle(event).startswith("woke")
        assert world.settle(number).status is TaskStatus.CANCELLED
    assert isinstance(world.claim(), ClaimRefused)


def test_a_runner_that_dies_gets_one_more_attempt(world: World) -> None:
    world.github.issue(5)
    world.label(5)
    world.settle(5)
    first = world.claim()
    assert isinstance(first, RoundGrant)
    world.until_due(5)
    assert len(world.github.runs) == 2
    assert not world.work(first, {"triage": ("ok", {"fit": "do"}), "judge": "pass"}, {"a.py": b"x"}).accepted
    second = world.claim()
    assert isinstance(second, RoundGrant)
    assert (second.round, second.attempt, second.fence) == (1, 2, 2)
    task = world.until_due(5)
    assert task.status is TaskStatus.HANDED_OFF
    assert "went silent" in task.reason
    assert len(world.github.runs) == 2


class HandsIn:
    """While the App looks for the runner's home, in the middle of a step, the runner hands its result in."""

    def __init__(self, world: World, grant: RoundGrant) -> None:
        self._world = world
        self._grant = grant

    def home(self, task: Task) -> RunnerHome | NoHome:
        outcomes: Outcomes = {"triage": ("ok", {"fit": "do", "question": ""}), "judge": "pass"}
        assert self._world.work(self._grant, outcomes, {"a.py": b"x = 1\n"}).accepted
        return self._world.desk.homes.home(task)


def test_a_result_that_comes_in_the_middle_of_a_step_asks_for_no_other_run(world: World) -> None:
    world.github.issue(5)
    world.label(5)
    task = world.settle(5)
    grant = world.claim()
    assert isinstance(grant, RoundGrant)
    advance(replace(world.desk, homes=HandsIn(world, grant)), task.id)
    assert len(world.github.runs) == 1
    assert world.settle(5).status is TaskStatus.AWAITING_CHECKS
    world.red(5)
    assert len(world.github.runs) == 2
    second = world.claim()
    assert isinstance(second, RoundGrant)
    assert (second.round, second.attempt, second.fence) == (2, 1, 2)


def test_a_run_that_never_starts_is_asked_for_once_more(world: World) -> None:
    world.github.issue(5)
    world.label(5)
    world.settle(5)
    world.until_due(5)
    assert world.github.cancelled == [world.github.runs[0].id]
    task = world.until_due(5)
    assert task.status is TaskStatus.HANDED_OFF
    assert "none began within 10 minutes" in task.reason
    assert len(world.github.runs) == 2


def test_retry_goes_on_with_the_same_task(world: World) -> None:
    world.github.issue(5)
    world.label(5)
    world.github.refuse_dispatch = "Actions are disabled"
    task = world.settle(5)
    assert task.status is TaskStatus.HANDED_OFF
    assert "Actions are disabled" in task.reason
    world.github.refuse_dispatch = ""
    world.say(5, "/minion retry")
    assert world.round(5).id == task.id
    assert world.green(5).status is TaskStatus.SUCCEEDED
    assert "is through" in (world.say(5, "/minion retry") and world.github.bodies(5)[-1])


def test_a_head_that_a_person_moved_is_kept(world: World) -> None:
    world.github.issue(5)
    world.label(5)
    task = world.round(5)
    theirs = world.github.push_by_person(task.branch)
    world.wait(minutes=1)
    task = world.settle(5)
    assert task.status is TaskStatus.HANDED_OFF
    assert world.github.branches[task.branch] == theirs


def test_a_push_onto_a_moved_head_is_not_made(world: World) -> None:
    world.github.issue(5)
    world.label(5)
    world.round(5)
    world.red(5)
    world.settle(5)
    grant = world.claim()
    assert isinstance(grant, RoundGrant)
    theirs = world.github.push_by_person(world.task(5).branch)
    assert world.work(grant, {}, {"a.py": b"x = 2\n"}).accepted
    task = world.settle(5)
    assert task.status is TaskStatus.HANDED_OFF
    assert "their work is kept" in task.reason
    assert world.github.branches[task.branch] == theirs


def test_a_deleted_branch_is_not_made_again(world: World) -> None:
    world.github.issue(5)
    world.label(5)
    world.round(5)
    world.red(5)
    world.settle(5)
    grant = world.claim()
    assert isinstance(grant, RoundGrant)
    branch = world.task(5).branch
    del world.github.branches[branch]
    world.work(grant, {}, {"a.py": b"x = 2\n"})
    task = world.settle(5)
    assert task.status is TaskStatus.HANDED_OFF
    assert "deleted" in task.reason
    assert branch not in world.github.branches


def test_a_round_that_ends_before_its_dispatch_is_known_to_have_worked_is_pushed(world: World) -> None:
    """The answer to the dispatch was lost, and GitHub is asked again only after a while."""
    world.github.issue(5)
    world.label(5)
    first = world.round(5)

    def lose(name: str) -> None:
        if name == "dispatch":
            raise Outage("no answer")

    world.github.after = lose
    world.red(5)
    world.github.after = None
    grant = world.claim()
    assert isinstance(grant, RoundGrant)
    assert world.work(grant, {"judge": "pass"}, {"a.py": b"x = 2\n"}).accepted
    task = world.settle(5)
    assert world.github.branches[task.branch] not in ("", first.head_sha)
    assert [push.round for push in world.store.ledger.pushes(task.id)] == [1, 2]


def test_a_persons_branch_that_is_gone_is_not_made_again(world: World) -> None:
    """Its pull request may look open for a moment longer."""
    world.github.person_pull(8)
    world.github.check(world.github.pulls[8].head_sha, "build", "failure")
    world.wait(minutes=5)
    world.say(8, "/minion fix")
    world.settle(8)
    grant = world.claim()
    assert isinstance(grant, RoundGrant)
    del world.github.branches["feature"]
    world.work(grant, {}, {"a.py": b"x = 2\n"})
    task = world.settle(8)
    assert task.status is TaskStatus.HANDED_OFF
    assert "deleted" in task.reason
    assert "feature" not in world.github.branches


def test_a_round_that_could_not_be_carried_out_hands_off_with_the_remedy(world: World) -> None:
    world.github.issue(5)
    world.label(5)
    world.settle(5)
    grant = world.claim()
    assert isinstance(grant, RoundGrant)
    token = world.tokens.read(grant.run_token)
    from minion.domain.changeset import ChangeSet
    from minion.domain.protocol import RoundResult

    empty = ChangeSet(base_sha=grant.head_sha)
    result = RoundResult(
        fence=1, state=grant.state, change_set=empty, digest=empty.digest(), sandbox="bubblewrap",
        error="bubblewrap is missing: apt-get install bubblewrap",
    )  # fmt: skip
    run = f"https://github.com/acme/minion-runner/actions/runs/{world.github.runs[-1].id}"
    assert token is not None
    assert world.results.finish(token, result).accepted
    task = world.settle(5)
    assert task.status is TaskStatus.HANDED_OFF
    assert task.reason == f"Bubblewrap is missing: apt-get install bubblewrap. [The run]({run})."
    assert any(f"[The run]({run})" in body for body in world.github.bodies(5))
    assert len(world.github.runs) == 1


def test_an_outage_of_github_only_delays(world: World) -> None:
    world.github.issue(5)
    world.label(5)
    world.github.down = True
    task = world.settle(5)
    assert task.status is TaskStatus.QUEUED
    world.github.down = False
    assert world.until_due(5).status is TaskStatus.WORKING


def test_lost_access_parks_and_ends_after_days(world: World) -> None:
    world.github.issue(5)
    world.label(5)
    world.settle(5)
    world.github.lost = True
    for _ in range(100):
        if world.task(5).due_at is None:
            break
        world.until_due(5)
    task = world.task(5)
    assert (task.status, task.due_at) == (TaskStatus.FAILED, None)
