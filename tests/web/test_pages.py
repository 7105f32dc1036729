"""Pages, probes and headers."""

from __future__ import annotations

from decimal import Decimal

from minion.blueprint.recording import Recording, load_recording
from minion.blueprint.state import NodeResult, Unfit
from minion.domain.receipt import Receipt, ReceiptLine, Spending, Tokens
from minion.domain.task import TaskStatus
from minion.domain.trace import TraceEvent
from minion.orchestrator.engines import restored

from .conftest import App


def test_the_page_of_a_task_shows_its_life_and_escapes_it(app: App) -> None:
    tokens = Tokens(input=1234)
    spent_on = {"results of <script>": Spending(tokens=tokens, usd=Decimal("0.0123"))}
    line = ReceiptLine(round=1, node="build", outcome="ok", model="m", turns=3, tokens=tokens, spent_on=spent_on)
    task = app.new_task(receipt=Receipt(lines=(line,)))
    event = TraceEvent(seq=1, at="2026-01-05T12:00:01Z", kind="agent.text", text="<script>alert(1)</script>")
    app.store.trace.append(task.id, 1, 1, [event])
    page = app.client.get(f"/tasks/{task.capability}")
    assert page.status_code == 200
    assert "Mend &lt;b&gt;it&lt;/b&gt;" in page.text
    assert "&lt;script&gt;" in page.text
    assert "<script" not in page.text
    assert "1,234" in page.text
    assert "results of &lt;script&gt;" in page.text
    assert "$0.0123" in page.text
    assert 'http-equiv="refresh"' in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert page.headers["cache-control"] == "no-store"


def test_an_ended_task_does_not_refresh(app: App) -> None:
    task = app.new_task(status=TaskStatus.HANDED_OFF, reason="red checks")
    page = app.client.get(f"/tasks/{task.capability}").text
    assert 'http-equiv="refresh"' not in page
    assert "red checks" in page


def test_the_change_that_waits_for_approval_is_shown(app: App) -> None:
    task = app.new_task(status=TaskStatus.AWAITING_APPROVAL)
    app.store.cursors.set(f"diff:{task.id}", "+<b>x = 1</b>")
    assert "+&lt;b&gt;x = 1&lt;/b&gt;" in app.client.get(f"/tasks/{task.capability}").text


def test_an_unknown_capability_is_404(app: App) -> None:
    assert app.client.get("/tasks/" + "0" * 32).status_code == 404
    assert app.client.get("/docs").status_code == 404
    assert app.client.get("/openapi.json").status_code == 404


def test_the_recording_of_a_task_can_be_replayed(app: App) -> None:
    task = app.new_task()
    found = restored(task)
    assert not isinstance(found, Unfit)
    engine, state = found
    token = "ghp_" + "k3J9sLq0ZpW7xVbN2mRtYc5HdFgA8eUi1oQw"
    told = NodeResult(outcome="ok", output={"exit_code": 0, "text": f"made with {token}"}, wall_s=12)
    task = app.new_task(number=77, state=engine.apply(state, told).model_dump(mode="json"))
    answer = app.client.get(f"/tasks/{task.capability}/recording")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/jsonl")
    assert answer.headers["cache-control"] == "no-store"
    made = load_recording(answer.content, source="r")
    assert isinstance(made, Recording)
    assert [str(step) for step in made.steps] == ["tiny.build: ok"]
    assert made.header.ended is None
    assert token not in answer.text
    assert f"/tasks/{task.capability}/recording" in app.client.get(f"/tasks/{task.capability}").text


def test_there_is_no_recording_of_nothing_or_of_what_no_longer_loads(app: App) -> None:
    assert app.client.get("/tasks/" + "0" * 32 + "/recording").status_code == 404
    task = app.new_task(state={"nonsense": 1})
    answer = app.client.get(f"/tasks/{task.capability}/recording")
    assert answer.status_code == 409
    assert "not a state" in answer.text


def test_probes_metrics_and_style(app: App) -> None:
    app.new_task()
    assert app.client.get("/healthz").json() == {"status": "ok"}
    assert app.client.get("/readyz").status_code == 200
    assert 'minion_tasks{status="working"} 1.0' in app.client.get("/metrics").text
    assert app.client.get("/static/minion.css").headers["content-type"].startswith("text/css")
    assert app.client.get("/").status_code == 200
    with app.store.database.write() as connection:
        connection.exec_driver_sql("DELETE FROM alembic_version")
    assert app.client.get("/readyz").status_code == 503
