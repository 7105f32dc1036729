"""Who may ask for what, and what becomes of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from minion.blueprint.state import Unfit
from minion.domain.events import ButtonPressed, ChecksChanged, Commented
from minion.domain.ids import CommitSha, Login
from minion.domain.task import TaskStatus
from minion.orchestrator.engines import restored
from minion.ports.github import ReviewThread

from .github_fake import APP_ID, BOT, REPO
from .world import World


def test_what_was_said_after_the_label_is_no_part_of_the_request(world: World) -> None:
    world.github.issue(5)
    world.github.comment(5, "ann", "Only the small one.")
    world.github.labelled[5] = [("minion", "ann", world.clock.now())]
    world.github.add_labels(REPO, 5, ["minion"])
    world.wait(minutes=2)  # the delivery comes late
    world.github.comment(5, "ann", "Never mind that.")
    world.label(5)
    assert [entry.text for entry in world.task(5).spec.thread] == ["Only the small one."]


def test_open_review_threads_are_part_of_what_is_asked_on_a_pull_request(world: World) -> None:
    world.github.person_pull(8)
    said = world.github.comment(99, "ann", "Name it better.")
    settled = world.github.comment(99, "ann", "Typo.")
    late = replace(said, id=7, body="And faster.", created_at=(world.clock.now() + timedelta(hours=1)).isoformat())
    world.github.review_threads_of[8] = [
        ReviewThread("T1", False, "a.py", 1, (said, late)),
        ReviewThread("T2", True, "a.py", 2, (settled,)),
    ]
    assert world.say(8, "/minion fix").startswith("task t")
    (entry,) = world.task(8).spec.thread
    assert (entry.kind, entry.author_can_write) == ("review", True)
    assert entry.text == "On `a.py:1`:\nName it better."


def test_an_outsiders_command_and_label_start_nothing(world: World) -> None:
    world.github.issue(5)
    assert world.say(5, "/minion implement", actor="eve").startswith("refused")
    assert world.label(5, actor="eve").startswith("refused")
    assert world.store.tasks.counts() == {}
    assert "write permission" in world.github.bodies(5)[0]


def test_a_flood_of_outsiders_comments_is_answered_a_few_times_an_hour(world: World) -> None:
    """Attack 7: each answer costs the installation's limits."""
    world.github.issue(5)
    for _ in range(20):
        world.say(5, "/minion status", actor="eve")
    assert len(world.github.bodies(5)) == 5
    world.handle(Commented(REPO, 5, False, 77, False, "/minion help", Login("ann"), 12, False))
    assert len(world.github.bodies(5)) == 6, "people with write permission are always heard"
    world.wait(hours=1)
    world.say(5, "/minion status", actor="eve")
    assert len(world.github.bodies(5)) == 7


def test_our_own_comments_and_plain_talk_are_left_alone(world: World) -> None:
    world.github.issue(5)
    ours = Commented(REPO, 5, False, 1, False, "/minion implement", Login(BOT), 99, True)
    assert world.handle(ours) == "our own comment"
    assert world.say(5, "what about minions?") == "nobody waits for it"
    assert world.github.bodies(5) == []


def test_a_second_request_rejoins_the_first(world: World) -> None:
    world.github.issue(5)
    first = world.label(5)
    assert world.label(5) == "woke " + first.removeprefix("task ")
    assert world.say(5, "/minion implement").startswith("woke")
    assert "already working" in world.github.bodies(5)[-1]
    assert len(world.store.tasks.all_active()) == 1


def test_a_label_opens_no_second_task_but_a_command_does(world: World) -> None:
    world.github.issue(5)
    first = world.label(5)
    world.say(5, "/minion stop")
    world.settle(5)
    assert world.label(5).startswith("refused")
    second = world.say(5, "/minion implement")
    assert second.startswith("task t")
    assert second != first


def test_the_same_comment_twice_is_one_task(world: World) -> None:
    world.github.issue(5)
    comment = world.github.comment(5, "ann", "/minion implement")
    event = Commented(REPO, 5, False, comment.id, False, comment.body, Login("ann"), 11, False)
    world.handle(event)
    world.handle(event)
    world.say(5, "/minion stop")
    world.settle(5)
    assert "was this comment's" in world.handle(event)


def test_a_misspelt_command_and_help_are_answered(world: World) -> None:
    world.github.issue(5)
    assert world.say(5, "/minion implemnt").startswith("misspelt")
    assert "implement" in world.github.bodies(5)[-1]
    assert world.say(5, "/minion help", actor="eve") == "help"
    assert "/minion stop" in world.github.bodies(5)[-1]
    assert world.say(5, "/minion stop") == "no task"


def test_a_blueprint_of_the_wrong_place_is_refused(world: World) -> None:
    world.github.issue(5)
    world.github.person_pull(8)
    assert "works on pull requests" in world.say(5, "/minion fix")
    assert "works on issues" in world.say(8, "/minion migrate")


def test_a_broken_configuration_is_shown(world: World) -> None:
    main = world.github.branches["main"]
    world.github.branches["main"] = world.github.commit_files(main, "c", {".github/minion.yml": b"max_fils: 3\n"})
    world.github.issue(5)
    assert world.label(5).startswith("refused")
    assert "max_fils" in world.github.bodies(5)[0]


def test_a_teams_blueprint_that_does_not_load_says_so_by_its_name(world: World) -> None:
    main = world.github.branches["main"]
    files = {".github/minion/blueprints/tidy.yml": b"name: tidy\n"}
    world.github.branches["main"] = world.github.commit_files(main, "c", files)
    world.github.issue(5)
    assert world.say(5, "/minion tidy").startswith("refused")
    assert "tidy.yml:1:1" in world.github.bodies(5)[0]


def test_a_broken_blueprint_stops_only_what_needs_it(world: World) -> None:
    main = world.github.branches["main"]
    broken = {".github/minion/blueprints/tidy.yml": b"name: tidy\n"}
    world.github.branches["main"] = world.github.commit_files(main, "c", broken)
    world.github.issue(5)
    assert world.label(5).startswith("task t")
    assert any("tidy.yml:1:1" in note for note in world.task(5).notes)


def test_a_broken_override_never_falls_back(world: World) -> None:
    main = world.github.branches["main"]
    for number, name in ((5, "implement"), (6, "fix")):  # by name, and through a call
        files = {f".github/minion/blueprints/{name}.yml": f"name: {name}\n".encode()}
        world.github.branches["main"] = world.github.commit_files(main, "c", files)
        world.github.issue(number)
        assert world.label(number).startswith("refused")
        assert f"{name}.yml:1:1" in world.github.bodies(number)[0]


def test_a_teams_blueprint_and_cap_are_taken(world: World) -> None:
    text = world.desk.shipped["implement"].replace("name: implement", "name: tidy")
    main = world.github.branches["main"]
    files = {".github/minion/blueprints/tidy.yml": text.encode(), ".github/minion.yml": b"max_usd: 5\n"}
    world.github.branches["main"] = world.github.commit_files(main, "c", files)
    world.github.issue(5)
    assert world.say(5, "/minion tidy --max $3").startswith("task t")
    task = world.task(5)
    assert sorted(task.blueprints) == ["fix", "tidy"]
    assert (str(task.max_usd), str(task.configuration.max_usd)) == ("3", "5")


def test_a_blueprint_is_pinned_with_its_programs(world: World) -> None:
    folder = ".github/minion/blueprints"
    text = world.desk.shipped["implement"].replace("name: implement", "name: tidy")
    runs = text.replace("{type: run, command: setup, prepare: true, network: open,", "{type: run, program: get.sh,")
    assert runs != text
    main = world.github.branches["main"]
    files = {f"{folder}/tidy.yml": runs.encode(), f"{folder}/programs/other.sh": b"no\n"}
    world.github.branches["main"] = lacking = world.github.commit_files(main, "c", files)
    world.github.issue(5)
    assert world.say(5, "/minion tidy").startswith("refused")
    assert "there is no program `programs/get.sh` beside this blueprint" in world.github.bodies(5)[0]
    files = {f"{folder}/programs/get.sh": b"echo got\n"}
    world.github.branches["main"] = world.github.commit_files(lacking, "c", files)
    world.github.issue(6)
    assert world.say(6, "/minion tidy").startswith("task t")
    task = world.task(6)
    assert sorted(task.blueprints) == ["fix", "tidy", "tidy/programs/get.sh"]
    assert task.blueprints["tidy/programs/get.sh"] == "echo got\n"
    assert not isinstance(restored(task), Unfit)
    other = task.model_copy(update={"blueprints": {**task.blueprints, "tidy/programs/get.sh": "echo evil\n"}})
    assert restored(other) == Unfit("the blueprint `tidy` has changed since the task began")


def test_the_programs_that_come_with_minion_are_no_commands(world: World) -> None:
    world.github.issue(5)
    assert "programs/rename.py" in world.desk.shipped
    assert world.desk.shipped_names == {name for name in world.desk.shipped if "/" not in name}
    assert world.label(5, "minion:programs/rename.py") == "misspelt: there is no blueprint `programs/rename.py`"


def test_a_blueprint_may_ask_for_approval_of_the_work_before_it_is_pushed(world: World) -> None:
    text = b"""
apiVersion: minion/v1
kind: Blueprint
name: careful
description: Somebody says yes first.
inputs: {issue: {type: integer, required: true}}
defaults: {fail: over, agent: {model: standard}}
caps: {pushes: 1, usd: 2, wall: 1h}
start: work
nodes:
  work: {type: agent, goal: Do it., tools: [read, edit], limits: {turns: 5, usd: 1, wall: 10m}, next: ask}
  ask: {type: wait, event: approval, from: write, timeout: 2d, next: {ok: push, timeout: over}}
  push: {type: action, uses: push, next: {ok: over, none: over, fail: over, capped: over}}
  over: {type: end, status: handed_off}
"""
    main = world.github.branches["main"]
    files = {".github/minion/blueprints/careful.yml": text}
    world.github.branches["main"] = world.github.commit_files(main, "c", files)
    world.github.issue(5)
    assert world.say(5, "/minion careful").startswith("task t"), world.github.bodies(5)
    task = world.round(5)
    assert task.status is TaskStatus.AWAITING_APPROVAL
    assert task.carried is not None
    world.say(5, f"/minion approve {task.carried.digest()[:16]}")
    world.settle(5)
    assert "commit" in world.github.writes


def test_status_is_told_without_doubling_the_marker(world: World) -> None:
    world.github.issue(5)
    world.label(5)
    world.settle(5)
    assert world.say(5, "/minion status").startswith("status of")
    assert sum("minion:status" in body for body in world.github.bodies(5)) == 1


def test_buttons_count_only_on_our_own_check_runs(world: World) -> None:
    world.github.issue(5)
    world.label(5)
    task = world.settle(5)
    stranger = ButtonPressed(REPO, task.id, "stop", Login("ann"), app_id=7)
    outsider = ButtonPressed(REPO, task.id, "stop", Login("eve"), app_id=APP_ID)
    assert world.handle(stranger) == "ignored: another App's button"
    assert world.handle(outsider).startswith("refused")
    assert world.task(5).status is TaskStatus.WORKING
    world.handle(ButtonPressed(REPO, task.id, "stop", Login("ann"), app_id=APP_ID))
    assert world.task(5).status is TaskStatus.CANCELLED


def test_checks_wake_the_task_of_their_head(world: World) -> None:
    world.github.issue(5)
    world.label(5)
    task = world.round(5)
    assert world.handle(ChecksChanged(REPO, task.head_sha)) == f"woke {task.id}"
    assert world.handle(ChecksChanged(REPO, CommitSha("e" * 40))) == "nobody waits for it"
