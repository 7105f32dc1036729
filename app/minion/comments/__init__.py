"""Every word that people read on GitHub, as pure functions. What others wrote goes through `minion.tasks.outgoing`.

House rules: first line says what happened, then what to do; short; no exclamation marks; commands in backticks.
"""

from __future__ import annotations

from minion.comments.answers import (
    already_working,
    failed,
    help_text,
    ignored,
    misspelt,
    no_ci,
    no_task,
    note,
    plan,
    question,
)
from minion.comments.approvals import approval
from minion.comments.buttons import CheckText, check_text
from minion.comments.handoffs import handoff
from minion.comments.pulls import PullNotes, pull_body, pull_task, pull_title
from minion.comments.receipts import receipt
from minion.comments.reviews import (
    Fate,
    answered_reviews,
    left_open,
    nothing_open,
    review_marker,
    review_reply,
    thread_reply,
)
from minion.comments.statuses import status
from minion.comments.troubles import trouble
from minion.comments.voice import Voice, answer_marker, note_marker, status_marker

__all__ = [
    "CheckText",
    "Fate",
    "PullNotes",
    "Voice",
    "already_working",
    "answer_marker",
    "answered_reviews",
    "approval",
    "check_text",
    "failed",
    "handoff",
    "help_text",
    "ignored",
    "left_open",
    "misspelt",
    "no_ci",
    "no_task",
    "note",
    "note_marker",
    "nothing_open",
    "plan",
    "pull_body",
    "pull_task",
    "pull_title",
    "question",
    "receipt",
    "review_marker",
    "review_reply",
    "status",
    "status_marker",
    "thread_reply",
    "trouble",
]
