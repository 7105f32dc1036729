"""The process dies before and after every single write to GitHub; nothing is lost and nothing done twice."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import pytest

from minion.domain.errors import Outage
from minion.domain.events import Labeled
from minion.domain.ids import Login
from minion.domain.protocol import RoundGrant
from minion.domain.task import TaskStatus

sys.path.insert(0, str(Path(__file__).parent.parent))

from orchestrator.github_fake import REPO, FakeGitHub, KilledError
from orchestrator.world import World

WRITES = 32
EVENT = Labeled(REPO, 5, False, "minion", Login("ann"), 11)


class Killer:
    """Strikes at the n-th write, before or after it took place: the process dies, or only the answer is lost."""

    def __init__(self, github: FakeGitHub, at: int, *, after: bool, blow: BaseException) -> None:
        self.count = 0
        self._at = at
        self._blow = blow
        if after:
            github.after = self._strike
        else:
            github.before = self._strike

    def _strike(self, name: str) -> None:
        del name
        self.count += 1
        if self.count == self._at:
            raise self._blow


def restarted(world: World, folder: Path) -> World:
    """A new process over the same database and the same GitHub."""
    world.close()
    return World(folder, world.github, world.clock)


def one_move(world: World) -> bool:
    """What the next one in the play does; False when the play is over."""
    if world.store.tasks.last_for(REPO.id, 5) is None:
        world.handle(EVENT)
        return True
    task = world.settle(5)
    if task.due_at is None:
        return False
    if task.status is TaskStatus.WORKING:
        _work(world)
    elif task.status is TaskStatus.AWAITING_CHECKS:
        _judge(world)
    else:
        world.wait(seconds=30)
    return True


def _work(world: World) -> None:
    lease = world.store.leases.current(world.task(5).id)
    if lease is None or lease.ended or lease.dispatched_at is None:
        world.wait(seconds=1)
        return
    grant = world.claim(nonce=lease.nonce, run_id=lease.fence)
    assert isinstance(grant, RoundGrant), grant
    content = f"x = {grant.round}\n".encode()
    outcomes = {"triage": ("ok", {"fit": "do", "question": ""}), "judge": "pass"}
    assert world.work(grant, outcomes, {"a.py": content}).accepted  # type: ignore[arg-type]


def _judge(world: World) -> None:
    """The first head is red, the second green."""
    task = world.task(5)
    head = world.github.pulls[task.pull_number or 0].head_sha
    if not world.github.results.get(head):
        world.github.check(head, "build", "failure" if task.round == 1 else "success")
    world.wait(seconds=45)


def play(folder: Path, at: int, *, after: bool, blow: BaseException) -> tuple[World, int]:
    world = World(folder)
    world.github.issue(5, labels=("minion",))
    killer = Killer(world.github, at, after=after, blow=blow)
    for _ in range(200):
        try:
            if not one_move(world):
                return world, killer.count
        except KilledError:
            world = restarted(world, folder)
        except Outage:
            world.wait(minutes=1)
    raise AssertionError(f"the play has no end: {world.task(5).status} {world.task(5).reason}")


def check(world: World) -> None:
    github, task = world.github, world.task(5)
    assert task.status is TaskStatus.SUCCEEDED, task.reason
    pushes = world.store.ledger.pushes(task.id)
    assert [push.round for push in pushes] == [1, 2]
    assert all(push.sha is not None for push in pushes)
    assert len(github.pulls) == 1
    pull = next(iter(github.pulls.values()))
    assert not pull.draft
    rounds = []
    sha = pull.head_sha
    while sha != github.branches["main"]:
        rounds.append(github.commits[sha].message.rpartition("Minion-Round: ")[2][0])
        sha = github.commits[sha].parent or github.branches["main"]
    assert rounds == ["2", "1"], "one commit for each push"
    assert len(github.runs) == 2, "one run for each round"
    markers = Counter(body.partition("\n")[0] for body in github.bodies(5))
    assert set(markers.values()) == {1}, markers
    assert set(github.items[5].labels) == {"minion", "minion-done"}
    lease = world.store.leases.current(task.id)
    assert lease is not None
    assert lease.ended


def test_the_play_without_a_kill(tmp_path: Path) -> None:
    world, writes = play(tmp_path, 0, after=False, blow=KilledError())
    check(world)
    assert writes == WRITES, "the matrix below covers this many"
    world.close()


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", range(1, WRITES + 1))
def test_a_kill_at_any_write(tmp_path: Path, at: int, after: bool) -> None:
    world, _ = play(tmp_path, at, after=after, blow=KilledError())
    check(world)
    world.close()


@pytest.mark.parametrize("at", range(1, WRITES + 1))
def test_the_answer_to_any_write_is_lost(tmp_path: Path, at: int) -> None:
    """The write took place, and what came back was a 502."""
    world, _ = play(tmp_path, at, after=True, blow=Outage("502"))
    check(world)
    world.close()
