"""What the runner says to the App and to the job's log."""

from __future__ import annotations

import io
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal

import pytest
from tests.runner.conftest import AppStub

from minion.adapters.control_plane import HttpControlPlane
from minion.domain.changeset import ChangeSet
from minion.domain.config import RepositoryConfiguration
from minion.domain.errors import Outage
from minion.domain.ids import CommitSha, TaskId
from minion.domain.protocol import ClaimRefused, EventReply, RoundGrant, RoundResult
from minion.domain.secret import Secret
from minion.domain.spec import TaskSpec
from minion.domain.trace import TraceEvent
from minion.runner.actions_log import ActionsLog
from minion.runner.journal import Journal
from minion.runner.oidc import request_token
from minion.runner.stream import TraceStream

SHA = CommitSha("a" * 40)
EVENTS, RESULT = "/api/v1/rounds/t1/events", "/api/v1/rounds/t1/result"


def grant() -> RoundGrant:
    return RoundGrant(
        task_id=TaskId("t1"),
        round=1,
        attempt=1,
        fence=3,
        run_token="run-token",
        repository="o/r",
        number=5,
        clone_url="http://localhost/o/r.git",
        clone_token="clone-token",
        base_branch="main",
        base_sha=SHA,
        head_sha=SHA,
        spec=TaskSpec(title="t", objective="o", author="ann", author_can_write=True, requested_by="ann"),
        blueprints={},
        state={},
        configuration=RepositoryConfiguration(),
        models={},
        model_base_url="http://localhost/model",
        usd_left=Decimal(1),
        wall_left_s=60,
        follow_url="http://localhost/tasks/x",
    )


@pytest.fixture
def plane(app: AppStub) -> Iterator[HttpControlPlane]:
    control = HttpControlPlane(app.url, patience_s=3)
    yield control
    control.close()


def until(reached: Callable[[], bool], seconds: float = 5) -> None:
    ends = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < ends, "not reached in time"
        time.sleep(0.01)


def test_a_claim_gives_the_round(app: AppStub, plane: HttpControlPlane) -> None:
    app.standing["/api/v1/claim"] = (200, grant().model_dump(mode="json"))
    assert plane.claim("oidc", "nonce") == grant()
    assert app.bodies("/api/v1/claim")[0] | {"minion_version": ""} == {
        "oidc_token": "oidc",
        "nonce": "nonce",
        "minion_version": "",
    }


def test_a_refused_claim_is_a_value(app: AppStub, plane: HttpControlPlane) -> None:
    app.standing["/api/v1/claim"] = (409, {"reason": "the lease is held by run 8"})
    assert plane.claim("oidc", "nonce") == ClaimRefused(reason="the lease is held by run 8")


def test_a_stumbling_app_is_asked_again(app: AppStub, plane: HttpControlPlane) -> None:
    app.queued[RESULT] = [(502, {}), (503, {})]
    app.standing[RESULT] = (200, {"accepted": True})
    assert plane.finish(grant(), result()).accepted
    sent = app.bodies(RESULT)
    assert len(sent) == 3
    assert sent[0] == sent[2]


def test_an_absent_app_is_an_outage() -> None:
    with pytest.raises(Outage, match="did not answer"):
        HttpControlPlane("http://127.0.0.1:9", patience_s=0.5).claim("oidc", "nonce")


def test_the_run_token_goes_with_every_later_call(app: AppStub, plane: HttpControlPlane) -> None:
    app.standing[EVENTS] = (200, {"lease_s": 60})
    plane.send(grant(), [])
    assert app.requests[0][1]["Authorization"] == "Bearer run-token"
    assert app.requests[0][2] == {"fence": 3, "events": []}


@pytest.mark.parametrize("status", [401, 403, 409])
def test_a_fenced_off_round_is_told_to_stop(app: AppStub, plane: HttpControlPlane, status: int) -> None:
    app.standing[EVENTS] = (status, {"detail": "fence 3 is old"})
    assert "fence 3 is old" in (plane.send(grant(), []).cancel or "")
    app.standing[RESULT] = (status, {"detail": "fence 3 is old"})
    assert plane.finish(grant(), result()).reason == "fence 3 is old"


def result() -> RoundResult:
    changes = ChangeSet(base_sha=SHA)
    return RoundResult(fence=3, state={}, change_set=changes, digest=changes.digest(), sandbox="bubblewrap")


class Receiver:
    """The App's side of a stream: keeps what came, in order; `fail` makes it unreachable."""

    def __init__(self) -> None:
        self.calls = 0
        self.came: list[int] = []
        self.fail = False
        self.cancel: str | None = None

    def __call__(self, events: Sequence[TraceEvent]) -> EventReply:
        self.calls += 1
        if self.fail:
            raise Outage("down")
        self.came += [event.seq for event in events]
        return EventReply(cancel=self.cancel, lease_s=60)


def test_events_arrive_once_and_in_order_whatever_happens() -> None:
    receiver = Receiver()
    stream = TraceStream(receiver, flush_s=0.01, heartbeat_s=60)
    journal = Journal([stream.listen])
    stream.start()
    receiver.fail = True
    threads = [threading.Thread(target=lambda: [journal.emit("agent.text") for _ in range(150)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    until(lambda: receiver.calls >= 2)
    receiver.fail = False
    stream.close()
    assert receiver.came == list(range(1, 601))


def test_much_text_goes_in_several_calls_that_the_app_takes() -> None:
    sizes: list[int] = []
    came: list[int] = []

    def receive(events: Sequence[TraceEvent]) -> EventReply:
        sizes.append(sum(len(event.model_dump_json()) for event in events))
        came.extend(event.seq for event in events)
        return EventReply(lease_s=60)

    stream = TraceStream(receive, flush_s=0.01, heartbeat_s=60)
    journal = Journal([stream.listen])
    for _ in range(200):
        journal.emit("setup.output", text="\x1b" * 20_000)
    stream.start()
    stream.close()
    assert came == list(range(1, 201))
    assert max(sizes) < 4 * 1024 * 1024


def test_a_quiet_round_still_beats_and_hears_the_word_to_stop() -> None:
    receiver = Receiver()
    receiver.cancel = "the issue was closed"
    stream = TraceStream(receiver, flush_s=0.01, heartbeat_s=0.03)
    stream.start()
    until(lambda: stream.cancelled is not None)
    stream.close()
    assert stream.cancelled == "the issue was closed"
    assert receiver.came == []


def test_no_line_of_untrusted_text_is_a_command() -> None:
    out = io.StringIO()
    log = ActionsLog(out)
    journal = Journal([log.listen])
    journal.emit("node.started", node="im\nplement::")
    journal.emit("agent.text", text="hello\n::set-output name=x::y\n::add-mask::a\n##[error]no")
    journal.emit("node.finished", node="implement", text="::error::x", data={"outcome": "ok"})
    log.notice("100% done\n::error::x")
    assert [line for line in _heard(out.getvalue()) if not line.startswith("::notice")] == [
        "::group::im%0Aplement::",
        "::endgroup::",
    ]
    assert "::notice title=minion::100%25 done%0A::error::x" in out.getvalue()


def _heard(text: str) -> list[str]:
    """The commands that a runner would obey: nothing between a stop and its own token."""
    heard: list[str] = []
    token = None
    for line in text.splitlines():
        if token is not None:
            token = None if line == f"::{token}::" else token
        elif found := re.fullmatch(r"::stop-commands::(\w{32})", line):
            token = found[1]
        elif line.startswith(("::", "##[")):
            heard.append(line)
    assert token is None
    return heard


def test_two_texts_never_share_a_token() -> None:
    out = io.StringIO()
    journal = Journal([ActionsLog(out).listen])
    for _ in range(20):
        journal.emit("agent.text", text="x")
    assert len(set(re.findall(r"::stop-commands::(\w+)", out.getvalue()))) == 20


def test_the_job_proves_itself_to_this_app_only(app: AppStub) -> None:
    app.queued["/token?api-version=2.0&audience=https%3A%2F%2Fm.example"] = [(503, {}), (200, {"value": "jwt"})]
    token = request_token(f"{app.url}/token?api-version=2.0", Secret("bearer"), "https://m.example")
    assert token.reveal() == "jwt"
    assert app.requests[-1][1]["Authorization"] == "bearer bearer"


def test_a_job_without_the_permission_is_told_so(app: AppStub) -> None:
    app.standing["/token?audience=a"] = (403, {})
    with pytest.raises(Outage, match="id-token: write"):
        request_token(f"{app.url}/token", Secret("b"), "a")
