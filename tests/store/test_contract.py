"""What both databases promise."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from minion.adapters.store.clock import DatabaseClock
from minion.adapters.store.inbox import ATTEMPTS
from minion.adapters.store.slots import AdvisoryLocks
from minion.adapters.store.store import Store, open_store
from minion.adapters.store.tables import metadata
from minion.domain.ids import CommitSha, DeliveryId
from minion.domain.receipt import Tokens
from minion.domain.task import Task, TaskStatus
from minion.domain.trace import TraceEvent
from minion.orchestrator.slots import Slots
from minion.ports.store import Delivery, Finished, Lease, PushAllowed, PushDenied, Reserved, ResultRefused, Unaffordable

from .conftest import NOW, HandClock, PrivatePostgres

NewTask = Callable[..., Task]
HOUR = timedelta(hours=1)


def a_delivery(name: str) -> Delivery:
    return Delivery(DeliveryId(name), "issues", b'{"a": 1}', NOW)


def test_the_migrations_build_what_the_tables_say(store: Store) -> None:
    with store.database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, metadata) == []
    assert store.ready()


def test_opening_twice_at_once_migrates_once(url: str, clock: HandClock) -> None:
    opened: list[Store] = []
    threads = [threading.Thread(target=lambda: opened.append(open_store(url, clock))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [store.ready() for store in opened] == [True] * 4
    for store in opened:
        store.close()


def test_a_delivery_is_stored_once(store: Store) -> None:
    assert store.inbox.put(a_delivery("g1"))
    assert not store.inbox.put(a_delivery("g1"))
    assert [delivery.id for delivery in store.inbox.take(10)] == ["g1"]


def test_a_batch_is_one_commit_and_knows_its_doubles(store: Store) -> None:
    async def both() -> list[bool]:
        return list(await asyncio.gather(*(store.writer.put(a_delivery(f"g{n % 20}")) for n in range(40))))

    answers = asyncio.run(both())
    assert sum(answers) == 20
    assert store.inbox.waiting() == 20


def test_a_delivery_that_is_not_settled_comes_again_and_is_parked_in_the_end(store: Store, clock: HandClock) -> None:
    store.inbox.put(a_delivery("g1"))
    for attempt in range(1, ATTEMPTS + 1):
        assert [delivery.attempt for delivery in store.inbox.take(10)] == [attempt]
        assert store.inbox.take(10) == []
        store.inbox.failed(DeliveryId("g1"), "a bug")
        clock.pass_(hours=1)
    assert store.inbox.take(10) == []
    assert (store.inbox.waiting(), store.inbox.parked()) == (0, 1)
    assert store.inbox.note(DeliveryId("g1")) == "parked: a bug"


def test_an_outage_postpones_without_counting(store: Store, clock: HandClock) -> None:
    store.inbox.put(a_delivery("g1"))
    for _ in range(ATTEMPTS * 2):
        assert len(store.inbox.take(10)) == 1
        store.inbox.postpone(DeliveryId("g1"), clock.now() + HOUR, "GitHub is down")
        assert store.inbox.take(10) == []
        clock.pass_(hours=1)
    store.inbox.handled(DeliveryId("g1"), "task t1")
    assert (store.inbox.waiting(), store.inbox.parked()) == (0, 0)
    store.inbox.forget(clock.now())
    assert not store.inbox.put(a_delivery("g1")), "a redelivery is still known"
    clock.pass_(days=1)
    store.inbox.forget(clock.now())
    assert store.inbox.put(a_delivery("g1"))


def test_one_active_task_for_an_issue_and_its_pull_request(store: Store, new_task: NewTask) -> None:
    first = new_task(pull_number=7)
    assert store.tasks.create(first) == first
    assert store.tasks.create(new_task()) is None
    assert store.tasks.create(new_task(number=7, pull_number=7)) is None
    assert store.tasks.active_for(1, 7) == first
    assert store.tasks.active_for(1, 5) == first
    assert store.tasks.active_for(2, 5) is None
    assert store.tasks.save(first.model_copy(update={"status": TaskStatus.SUCCEEDED, "due_at": None}))
    second = new_task()
    assert store.tasks.create(second) == second
    assert store.tasks.last_for(1, 5) == second
    ended = store.tasks.get(first.id)
    assert ended is not None
    assert store.tasks.save(ended.model_copy(update={"status": TaskStatus.QUEUED})) is None


def test_creating_at_once_leaves_one(store: Store, new_task: NewTask) -> None:
    made: list[Task | None] = []
    threads = [threading.Thread(target=lambda: made.append(store.tasks.create(new_task()))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(task is not None for task in made) == 1


def test_a_save_of_an_older_version_is_refused(store: Store, new_task: NewTask) -> None:
    task = new_task()
    store.tasks.create(task)
    saved = store.tasks.save(task.model_copy(update={"reason": "one"}))
    assert saved is not None
    assert saved.version == 1
    assert store.tasks.save(task.model_copy(update={"reason": "two"})) is None
    assert store.tasks.get(task.id) == saved


def test_due_and_look_ups(store: Store, new_task: NewTask) -> None:
    task = new_task(branch="minion/5-x", head_sha=CommitSha("c" * 40))
    store.tasks.create(task)
    assert store.tasks.due(NOW, 10) == [task.id]
    assert store.tasks.due(NOW - HOUR, 10) == []
    assert store.tasks.by_capability(task.capability) == task
    assert store.tasks.active_with_sha(1, CommitSha("c" * 40)) == [task]
    assert store.tasks.active_with_branch(1, "minion/5-x") == task
    assert store.tasks.counts() == {"queued": 1}


def test_the_ledger_allows_two_pushes(store: Store, new_task: NewTask) -> None:
    task = new_task()
    store.tasks.create(task)
    rounds = [task.model_copy(update={"round": number}) for number in (1, 2, 3)]

    def ask(which: Task) -> PushAllowed | PushDenied:
        return store.ledger.authorise(which, None, NOW, per_task=2, per_pull=6)

    assert [ask(rounds[0]), ask(rounds[0]), ask(rounds[1])] == [PushAllowed(1), PushAllowed(1), PushAllowed(2)]
    assert ask(rounds[2]) == PushDenied("the task has used its 2 of 2 pushes")
    assert ask(rounds[1]) == PushAllowed(2)
    store.ledger.record(task.id, 1, CommitSha("d" * 40), 7)
    assert [(push.round, push.sha) for push in store.ledger.pushes(task.id)] == [(1, "d" * 40), (2, None)]
    assert store.ledger.pushes_on_pull(1, 7) == 1


def test_asked_at_once_the_ledger_still_allows_two(store: Store, new_task: NewTask) -> None:
    task = new_task()
    store.tasks.create(task)
    answers: list[PushAllowed | PushDenied] = []

    def ask(number: int) -> None:
        which = task.model_copy(update={"round": number})
        answers.append(store.ledger.authorise(which, 7, NOW, per_task=2, per_pull=6))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(isinstance(answer, PushAllowed) for answer in answers) == 2


def test_a_pull_request_has_a_ceiling_and_an_ended_task_no_push(store: Store, new_task: NewTask) -> None:
    for number in range(3):
        task = new_task(number=number, round=1)
        store.tasks.create(task)
        store.ledger.authorise(task, 7, NOW, per_task=2, per_pull=3)
    late = new_task(number=99, round=1)
    store.tasks.create(late)
    assert isinstance(store.ledger.authorise(late, 7, NOW, per_task=2, per_pull=3), PushDenied)
    ended = new_task(number=100, round=1, status=TaskStatus.CANCELLED)
    store.tasks.create(ended)
    assert store.ledger.authorise(ended, None, NOW, per_task=2, per_pull=3) == PushDenied("the task has ended")


def test_leases_are_claimed_once(store: Store, new_task: NewTask) -> None:
    task = new_task(round=1)
    store.tasks.create(task)
    first = store.leases.offer(task, 1, "n1", NOW, NOW + HOUR)
    assert first is not None
    assert (first.fence, first.attempt) == (1, 1)
    claimed = store.leases.claim("n1", 100, "j1", NOW, NOW + HOUR)
    assert isinstance(claimed, Lease)
    assert claimed.claimed_at == NOW
    again = store.leases.claim("n1", 100, "j1", NOW, NOW + HOUR)
    assert isinstance(again, Lease), "its first answer may have been lost"
    assert store.leases.extend(task.id, 1, NOW + HOUR)
    assert store.leases.claim("n1", 100, "j1", NOW, NOW + HOUR) == "this OIDC token was used before"
    assert store.leases.claim("n1", 101, "j2", NOW, NOW + HOUR) == "run 100 holds the round"
    store.leases.forget(NOW)
    assert store.leases.claim("n1", 100, "j1", NOW, NOW + HOUR) == "this OIDC token was used before"
    assert isinstance(store.leases.claim("n1", 100, "j3", NOW, NOW + HOUR), Lease)
    assert store.leases.claim("nope", 100, "j4", NOW, NOW + HOUR) == "no round was offered under this nonce"
    second = store.leases.offer(task, 1, "n2", NOW, NOW + HOUR)
    assert second is not None
    assert (second.fence, second.attempt) == (2, 2)
    assert store.leases.claim("n1", 100, "j5", NOW, NOW + HOUR) == "the round is over"
    assert not store.leases.extend(task.id, 1, NOW + HOUR)
    assert store.leases.extend(task.id, 2, NOW + 2 * HOUR)


def test_time_that_the_app_was_down_is_not_held_against_a_runner(store: Store, new_task: NewTask) -> None:
    task = new_task(round=1)
    store.tasks.create(task)
    store.leases.offer(task, 1, "n1", NOW, NOW - HOUR)
    store.leases.offer(task, 1, "n2", NOW, NOW - HOUR)
    store.leases.allow_until(NOW + HOUR)
    old, new = store.leases.by_nonce("n1"), store.leases.by_nonce("n2")
    assert old is not None
    assert new is not None
    assert (old.expires_at, new.expires_at) == (NOW - HOUR, NOW + HOUR)
    store.leases.allow_until(NOW)
    assert store.leases.by_nonce("n2") == new


def test_a_result_is_taken_once(store: Store, new_task: NewTask) -> None:
    task = new_task(round=1)
    store.tasks.create(task)
    lease = store.leases.offer(task, 1, "n1", NOW, NOW + HOUR)
    assert lease is not None
    after = task.model_copy(update={"status": TaskStatus.PUBLISHING})
    assert store.leases.finish(after, lease.fence, "aa") == Finished(repeated=False)
    assert store.leases.finish(after, lease.fence, "aa") == Finished(repeated=True)
    assert isinstance(store.leases.finish(after, lease.fence, "bb"), ResultRefused)
    assert store.leases.offer(task, 2, "n2", NOW, NOW + HOUR) is None, "the task was read before the result came"
    as_it_is = store.tasks.get(task.id)
    assert as_it_is is not None
    other = store.leases.offer(as_it_is, 2, "n2", NOW, NOW + HOUR)
    assert other is not None
    stale = store.leases.finish(after, other.fence, "cc")
    assert stale == ResultRefused("the task changed meanwhile: send the result again", again=True)
    current = store.leases.current(task.id)
    assert current is not None
    assert not current.ended


def test_reservations_made_at_once_stay_within_the_limit(store: Store, new_task: NewTask) -> None:
    task = new_task()
    store.tasks.create(task)
    answers: list[Reserved | Unaffordable] = []

    def ask() -> None:
        answers.append(store.spend.reserve(task.id, "m", Decimal("0.4"), Decimal(1), NOW))

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    granted = [answer for answer in answers if isinstance(answer, Reserved)]
    assert len(granted) == 2
    assert store.spend.spent(task.id) == Decimal("0.8")
    store.spend.settle(granted[0].id, Tokens(input=10), Decimal("0.000000123"))
    assert store.spend.spent(task.id) == Decimal("0.400000123")
    assert store.spend.settled(task.id) == Decimal("0.000000123"), "what is only reserved is not told as spent"
    store.spend.add(task.id, "m", Tokens(), Decimal("0.1"), NOW)
    assert store.spend.reserve(task.id, "m", Decimal("0.9"), Decimal(1), NOW) == Unaffordable(Decimal("0.499999877"))


def test_trace_is_kept_once_in_order(store: Store, new_task: NewTask) -> None:
    task = new_task()
    events = [
        TraceEvent(seq=number, at="2026-01-05T12:00:00Z", kind="agent.text", text=str(number)) for number in (1, 2, 3)
    ]
    store.trace.append(task.id, 1, 1, events[:2])
    store.trace.append(task.id, 1, 1, events)
    assert [event.text for _, _, event in store.trace.read(task.id)] == ["1", "2", "3"]
    assert [event.text for _, _, event in store.trace.tail(task.id, 2)] == ["2", "3"]


def test_cursors(store: Store) -> None:
    assert store.cursors.get("x") is None
    store.cursors.set("x", "1")
    store.cursors.set("x", "2")
    assert store.cursors.get("x") == "2"


def test_a_slot_is_held_by_one_until_it_is_given_back(postgres: PrivatePostgres, clock: HandClock) -> None:
    store = open_store(postgres.new_database(), clock)
    first, second = Slots(AdvisoryLocks(store.database)), Slots(AdvisoryLocks(store.database))
    assert (first.take(), second.take()) == ("minion-0", "minion-1")
    assert "minion-1" not in list(first.dead())
    second.give_back()
    assert "minion-1" in list(first.dead())
    assert "minion-0" not in list(second.dead())
    first.give_back()
    store.close()


def test_the_databases_clock_puts_a_wrong_machine_right(postgres: PrivatePostgres, clock: HandClock) -> None:
    """The machine's clock is years off."""
    store = open_store(postgres.new_database(), clock)
    right = DatabaseClock(store.database, clock)
    assert abs(right.now() - datetime.now(UTC)) < timedelta(minutes=1)
    clock.pass_(seconds=10)
    assert right.now() > datetime.now(UTC), "asked again only after half a minute"
    store.close()
