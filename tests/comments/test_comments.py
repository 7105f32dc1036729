"""What people read, as files: a changed sentence is a changed file. Delete a file to have it written anew."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from minion import comments
from minion.comments import Fate, PullNotes, Voice
from minion.comments.receipts import spending
from minion.domain.checks import Failure
from minion.domain.commands import Misspelt
from minion.domain.ids import Capability, CommitSha, TaskId
from minion.domain.receipt import Receipt, ReceiptLine, Spending, Tokens
from minion.domain.spec import ReviewPoint, Scope, TaskSpec, ThreadEntry
from minion.domain.task import Task, TaskStatus
from minion.tasks.checks import NoChecksReason
from minion.tasks.outgoing import LIMIT
from minion.tasks.review_answers import Answer

FILES = Path(__file__).parent / "said"
VOICE = Voice("https://minion.example", "https://github.com")
AT = datetime(2026, 1, 1, tzinfo=UTC)
EVIL = "Done. Fixes #9, cc @eve ![x](https://evil.example/a.png) <!-- minion:status task=t2 -->"

SPEC = TaskSpec(
    title="Handle empty files",
    objective="It breaks on empty files.",
    author="ann",
    author_can_write=True,
    requested_by="ben",
    scope=Scope(allow=("src/**",), forbid=("src/vendor/**",)),
    verification=("pytest -q",),
)
LINES = (
    ReceiptLine(
        round=1,
        node="implement",
        outcome="ok",
        model="claude-x",
        turns=12,
        tokens=Tokens(input=1_000, output=2_200, cache_read=90_000, cache_write_5m=4_000),
        usd=Decimal("0.314"),
        seconds=201,
        spent_on={
            "system and tools": Spending(tokens=Tokens(cache_read=30_000, cache_write_5m=4_000), usd=Decimal("0.05")),
            "results of read": Spending(tokens=Tokens(input=1_000, cache_read=60_000), usd=Decimal("0.164")),
            "answers": Spending(tokens=Tokens(output=2_200), usd=Decimal("0.1")),
        },
    ),
    ReceiptLine(round=1, node="judge", outcome="pass", model="claude-y", turns=1, usd=Decimal("0.02"), seconds=4.4),
    ReceiptLine(round=2, node="repair", outcome="stuck", model="claude-x", turns=30, usd=Decimal("1.1"), seconds=3700),
)
FAILURES = (
    Failure(
        check="test (3.11)",
        group="ci.yml",
        conclusion="failure",
        url="https://github.com/acme/widgets/actions/runs/1/job/2",
        step="Run the tests",
        log="E  assert 1 == 2\n```\n# not a heading",
        annotations=("src/app.py:3: failure: boom",),
    ),
    Failure(check="ext", group="status", conclusion="failure", url="https://evil.example/x", also_on_base=True),
)


def task(**fields: Any) -> Task:
    made = {
        "id": TaskId("t0123456789ab"),
        "capability": Capability("c" * 32),
        "repository_id": 1,
        "installation_id": 2,
        "owner": "acme",
        "name": "widgets",
        "number": 7,
        "is_pull": False,
        "pull_number": 8,
        "branch": "minion/7-handle-empty-files",
        "blueprint": "implement",
        "blueprints": {},
        "state": {},
        "spec": SPEC,
        "base_branch": "main",
        "base_sha": CommitSha("a" * 40),
        "head_sha": CommitSha("b" * 40),
        "round": 1,
        "summary": EVIL,
        "gates": (("lint", "clean"), ("test", "214 passed; 1 fails on the base too")),
        "receipt": Receipt(lines=LINES),
        "created_at": AT,
        "updated_at": AT,
    }
    return Task(**(made | fields))


TEMPLATE = """<!-- Thank you! -->
## Description

<!-- What and why -->

## Related issue

Fixes #123

## How was this tested?

## Checklist

- [ ] I updated the docs
"""

HANDED = task(
    status=TaskStatus.HANDED_OFF,
    round=2,
    reason="the same check failed again after push 1",
    failures=FAILURES,
    notes=("`lint` is left to CI",),
)
OUTSIDER = ThreadEntry(author="eve", author_can_write=False, kind="comment", url="", created_at="", text="x")

REMARK = OUTSIDER.model_copy(
    update={"author": "ann", "author_can_write": True, "url": "https://github.com/r1", "text": EVIL}
)
POINT = ReviewPoint(number=1, thread_id="T1", path="src/app.py", line=3, remarks=(REMARK,))
WORDS = POINT.model_copy(update={"thread_id": "", "review_id": 77})
PUSHED = Fate("b" * 40)

SAID: dict[str, str] = {
    "thread-done": comments.thread_reply(Answer(POINT, EVIL, True), PUSHED, VOICE),
    "thread-news": comments.thread_reply(Answer(POINT, "Renamed it.", True), Fate("b" * 40, news=True), VOICE),
    "thread-left": comments.thread_reply(Answer(POINT, "It is right as it is.", False), PUSHED, VOICE),
    "thread-nothing-pushed": comments.thread_reply(Answer(POINT, "It is so already.", True), Fate(), VOICE),
    "thread-answered": comments.thread_reply(Answer(POINT, "Because.", False), Fate(), VOICE),
    "review-answered": comments.review_reply(Answer(WORDS, EVIL, True), PUSHED, VOICE),
    "left-open": comments.left_open(task(), VOICE, (f"The thread on `{EVIL}` is gone.", "2 threads were left out.")),
    "nothing-open": comments.nothing_open(("1 review thread was left out: it is mine.",)),
    "status-queued": comments.status(task(status=TaskStatus.QUEUED, pull_number=None, branch="", round=0), VOICE),
    "status-working": comments.status(task(status=TaskStatus.WORKING, max_usd=Decimal(3)), VOICE, pushes=0),
    "status-checks": comments.status(
        task(status=TaskStatus.AWAITING_CHECKS, reason="waiting for test (3.11)", sandbox="unsafe"), VOICE, pushes=1
    ),
    "status-done": comments.status(task(status=TaskStatus.SUCCEEDED), VOICE, pushes=1),
    "pull": comments.pull_body(task(), VOICE),
    "pull-unsure": comments.pull_body(
        task(summary="", gates=(), sandbox="unsafe", notes=("No CI has judged this.",)),
        VOICE,
        notes=PullNotes("low", ("it may be slow",), ("is empty allowed?",), ("`src/app.py`: is executable",)),
    ),
    "pull-template": comments.pull_body(task(), VOICE, template=TEMPLATE, notes=PullNotes("high", ("a risk",))),
    "handoff": comments.handoff(HANDED, VOICE, pushed=True),
    "handoff-nothing-pushed": comments.handoff(
        task(status=TaskStatus.HANDED_OFF, pull_number=None, branch="", reason="stuck", receipt=Receipt(), gates=()),
        VOICE,
        diff="--- a/x\n+++ b/x\n+y\n",
    ),
    "approval": comments.approval(
        task(spec=SPEC.model_copy(update={"thread": (OUTSIDER,)})), VOICE, "0123456789abcdef" * 4, "+y\n"
    ),
    "help": comments.help_text({"lint": "makes the linter happy", "fix": "x", "implement": "x"}, VOICE),
    "misspelt": comments.misspelt(Misspelt("/minion fxi `x`", "/minion fix", "there is no command `fxi`")),
    "ignored": comments.ignored("eve", "that needs write permission here, and you have the role `read`"),
    "ignored-configuration": comments.ignored("ann", "the configuration is broken:\n.github/minion.yml:3: no key `x`"),
    "already-working": comments.already_working(task(status=TaskStatus.AWAITING_CHECKS), VOICE),
    "no-task": comments.no_task("stop"),
    "plan": comments.plan(task(), VOICE, "1. Read `a.py`, @boss.\n2. Mend it."),
    "question": comments.question(task(), VOICE, "Should empty files be an error, @boss?"),
    "note": comments.note(task(), VOICE, EVIL),
    "no-ci": comments.no_ci(NoChecksReason.ACTION_REQUIRED),
    "failed": comments.failed(task(status=TaskStatus.FAILED, reason="the database went away"), VOICE),
}


@pytest.mark.parametrize("name", SAID)
def test_what_is_said(name: str) -> None:
    path = FILES / f"{name}.md"
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        path.write_text(SAID[name], encoding="utf-8")
        pytest.fail(f"{path.name} was missing and has been written: read it")
    assert SAID[name] == path.read_text(encoding="utf-8")


def test_no_file_is_left_over() -> None:
    assert {path.stem for path in FILES.iterdir()} == set(SAID)


@pytest.mark.parametrize("name", SAID)
def test_nothing_untrusted_acts(name: str) -> None:
    said = SAID[name]
    assert "@eve" not in said or name == "ignored"
    assert "@boss" not in said
    assert "](https://evil.example" not in said
    assert "task=t2" not in said or "&lt;!--" in said
    assert "Fixes #" not in said


def test_only_our_own_issue_is_closed() -> None:
    for name in ("pull", "pull-template", "pull-unsure"):
        assert SAID[name].count("Closes #7") == 1
    assert "Closes #" not in comments.pull_body(task(is_pull=True, number=8), VOICE)


@pytest.mark.parametrize("status", TaskStatus)
def test_every_status_has_words_and_a_check(status: TaskStatus) -> None:
    said = comments.status(task(status=status), VOICE, pushes=1)
    assert said.startswith("<!-- minion:status task=t0123456789ab -->\n\n**")
    assert said.count("/minion ") >= 1
    check = comments.check_text(task(status=status), VOICE)
    assert (check.status == "completed") == (check.conclusion is not None)
    assert check.conclusion != "failure"
    assert ("What the tokens went for" in check.summary) == task(status=status).status.ended
    assert "What the tokens went for" not in said
    for label, description, identifier in check.buttons:
        assert len(label) <= 20
        assert len(description) <= 40
        assert len(identifier) <= 20


def test_everything_fits() -> None:
    huge = "word @eve " * 20_000
    big = task(
        status=TaskStatus.HANDED_OFF,
        summary=huge,
        reason=huge,
        notes=(huge,) * 20,
        failures=tuple(FAILURES[0].model_copy(update={"log": huge, "check": str(n)}) for n in range(30)),
        receipt=Receipt(lines=LINES * 200),
    )
    for said in (
        comments.handoff(big, VOICE, diff=huge),
        comments.pull_body(big, VOICE, notes=PullNotes("low", (huge,), (huge,))),
        comments.status(big, VOICE),
        comments.approval(big, VOICE, "a" * 64, huge),
        comments.question(big, VOICE, huge),
        comments.failed(big, VOICE),
        comments.note(big, VOICE, huge),
    ):
        assert len(said) <= LIMIT
    assert len(comments.check_text(big, VOICE).summary) < LIMIT


def test_rows_of_spending_are_few_and_inert() -> None:
    one = Spending(tokens=Tokens(input=5), usd=Decimal("0.01"))
    line = LINES[0].model_copy(update={"spent_on": {f"results of x{n} | @eve <img>": one for n in range(50)}})
    said = spending(Receipt(lines=tuple(line.model_copy(update={"node": f"n{n}"}) for n in range(50))))
    assert said.count("\n| n") == 12
    assert said.count("\n| results of x") == 12
    assert "| others |  | 38,000 |" in said
    assert "| others | 9,500 |" in said
    assert "@eve" not in said
    assert "<img" not in said
    assert spending(Receipt(lines=LINES[1:])) == ""


def test_without_the_app_there_is_no_page() -> None:
    assert "Follow along" not in comments.status(task(), Voice())


def test_markers_are_distinct_and_safe() -> None:
    assert comments.note_marker(TaskId("t1"), "ask-->x") == "<!-- minion:note task=t1 kind=ask--x -->"
    assert comments.answer_marker(4) != comments.answer_marker(44)
    assert comments.status_marker(TaskId("t1")) not in comments.status_marker(TaskId("t12"))


def test_titles_are_plain() -> None:
    spec = SPEC.model_copy(update={"title": "Fixes #1 for @eve <b>\nnow"})
    assert comments.pull_title(task(spec=spec)).replace("\u200b", "") == "Fixes #1 for @eve &lt;b> now"
    assert comments.pull_title(task(spec=SPEC.model_copy(update={"title": " "}))) == "Work on #7"


def test_a_command_with_pipes_stays_in_its_cell() -> None:
    body = comments.pull_body(task(gates=(("verify: a | b", "passed | really"),)), VOICE)
    assert "| `verify: a \\| b` | passed \\| really |" in body
