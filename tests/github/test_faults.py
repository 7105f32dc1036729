"""What GitHub does on a bad day."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from minion.adapters.github import GitHubApp
from minion.domain.errors import Outage

from .conftest import REPO, World

ITEM = "GET /repos/*/issues/*"


@pytest.fixture
def number(world: World) -> int:
    return int(world.ann.open_issue(REPO, "It breaks")["number"])


def test_reads_are_tried_again(world: World, number: int) -> None:
    world.hub.knobs.fail(ITEM, 502, times=2)
    assert world.github.item(world.repo, number) is not None


def test_an_outage_is_an_outage(world: World, number: int) -> None:
    world.hub.knobs.fail(ITEM, 503, times=20)
    with pytest.raises(Outage) as caught:
        world.github.item(world.repo, number)
    assert caught.value.retry_at is not None
    assert caught.value.retry_at > world.clock.now()


def test_a_github_that_does_not_answer_is_left_alone_for_a_while(world: World, number: int) -> None:
    world.hub.knobs.fail(ITEM, 502, times=9)
    for _ in range(3):
        with pytest.raises(Outage, match="does not answer"):
            world.github.item(world.repo, number)
    with pytest.raises(Outage, match="has not been answering") as caught:
        world.github.item(world.repo, number)
    assert caught.value.retry_at is not None
    assert caught.value.retry_at > world.clock.now() + timedelta(seconds=20)
    world.clock.offset = timedelta(seconds=31)
    assert world.github.item(world.repo, number) is not None


def test_refusals_are_answers(world: World) -> None:
    for _ in range(5):
        assert world.github.item(world.repo, 999) is None
    assert world.github.item(world.repo, world.ann.open_issue(REPO, "x")["number"]) is not None


@pytest.mark.parametrize("retry_after", [None, 5])
def test_secondary_limits_wait_at_least_a_minute_and_are_not_slept_through(
    world: World, number: int, retry_after: int | None
) -> None:
    world.hub.knobs.secondary_limit(ITEM, retry_after=retry_after)
    began = time.monotonic()
    with pytest.raises(Outage) as caught:
        world.github.item(world.repo, number)
    assert time.monotonic() - began < 2
    assert caught.value.retry_at is not None
    assert caught.value.retry_at >= world.clock.now() + timedelta(seconds=58)
    assert world.github.item(world.repo, number) is not None


def test_primary_limits_end_at_the_reset(world: World, number: int) -> None:
    reset = int(time.time()) + 1234
    world.hub.knobs.primary_limit(ITEM, reset=reset)
    with pytest.raises(Outage) as caught:
        world.github.item(world.repo, number)
    assert caught.value.retry_at is not None
    assert abs(caught.value.retry_at.timestamp() - reset) <= 2


def test_a_refused_token_is_dropped_and_minted_once_more(world: World, number: int) -> None:
    assert world.github.item(world.repo, number) is not None
    world.hub.knobs.fail(ITEM, 401, message="Bad credentials")
    before = len(mints(world))
    assert world.github.item(world.repo, number) is not None
    assert len(mints(world)) == before + 1


def test_an_expired_token_is_renewed_before_it_is_used(world: World, number: int) -> None:
    assert world.github.item(world.repo, number) is not None
    before = len(mints(world))
    world.clock.offset = timedelta(minutes=56)
    world.hub.knobs.clock_offset_s = 56 * 60
    assert world.github.item(world.repo, number) is not None
    assert world.github.item(world.repo, number) is not None
    assert len(mints(world)) == before + 1


@pytest.mark.parametrize("minutes", [-10, 10])
def test_a_wrong_clock_of_ours_is_corrected_by_githubs_date(
    world: World, number: int, minutes: int, make_gate: Callable[..., GitHubApp]
) -> None:
    world.clock.offset = timedelta(minutes=minutes)
    gate = make_gate(world.hub, world.app, world.clock)
    assert gate.installation(world.repo.installation_id).item(world.repo, number) is not None


def test_a_late_answer_is_an_outage_within_the_timeout(
    world: World, number: int, make_gate: Callable[..., GitHubApp]
) -> None:
    gate = make_gate(world.hub, world.app, world.clock, timeout_s=0.5, attempts=2)
    github = gate.installation(world.repo.installation_id)
    assert github.item(world.repo, number) is not None
    world.hub.knobs.slow(ITEM, 3.0, times=2)
    began = time.monotonic()
    with pytest.raises(Outage):
        github.item(world.repo, number)
    assert time.monotonic() - began < 2.5


def test_a_late_answer_to_a_comment_makes_one_comment(
    world: World, number: int, make_gate: Callable[..., GitHubApp]
) -> None:
    gate = make_gate(world.hub, world.app, world.clock, timeout_s=0.7)
    github = gate.installation(world.repo.installation_id)
    world.hub.knobs.slow("POST /repos/*/issues/*/comments", 1.5)
    github.upsert_comment(world.repo, number, "<!-- m -->", "hello")
    assert len(world.ann.comments(REPO, number)) == 1


def test_failed_deliveries_are_found_and_asked_for_again(world: World) -> None:
    since = world.clock.now() - timedelta(minutes=5)
    world.ann.open_issue(REPO, "Nobody listens")
    assert world.hub.settle()
    failed = world.gate.failed_deliveries(since)
    assert failed
    assert {delivery["guid"] for delivery in world.hub.list_deliveries()} >= {one.guid for one in failed}
    with answering() as url:
        world.hub.set_webhook("minion", url)
        for one in failed:
            world.gate.redeliver(one.id)
        assert world.hub.settle()
    assert world.gate.failed_deliveries(since) == []
    world.gate.redeliver(987654321)


class answering:  # noqa: N801 -- reads as a word in `with`
    """A webhook receiver that says 202."""

    def __enter__(self) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(202)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base class's name
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=self._server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self._server.server_port}/"

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def mints(world: World) -> list[object]:
    return [one for one in world.hub.verdict()["requests"] if str(one).count("access_tokens")]
