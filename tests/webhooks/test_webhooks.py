"""Deliveries: whose they are and what they say. Attacks 1 and 12."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minion.domain.events import (
    ButtonPressed,
    ChangesRequested,
    ChecksChanged,
    Commented,
    Ignored,
    InstallationChanged,
    ItemChanged,
    ItemClosed,
    ItemText,
    Labeled,
    Unlabeled,
)
from minion.domain.ids import RepositoryRef
from minion.domain.secret import Secret
from minion.webhooks import HANDLED_EVENTS, Malformed, parse, verify

BODY = b'{"action": "labeled"}'
REPO = RepositoryRef(7, "acme", "widgets", 55)
SHA = "ab" * 20


def sign(body: bytes, secret: str, algorithm: str = "sha256") -> str:
    return f"{algorithm}={hmac.new(secret.encode(), body, algorithm).hexdigest()}"


def test_a_true_signature_under_any_of_the_secrets() -> None:
    secrets = (Secret("old"), Secret("new"))
    assert verify(BODY, sign(BODY, "new"), secrets)
    assert verify(BODY, sign(BODY, "old"), secrets)


@pytest.mark.parametrize(
    "signature",
    [
        None,
        "",
        "sha256=",
        sign(BODY, "wrong"),
        sign(BODY + b" ", "new"),
        sign(BODY, "new", "sha1"),
        sign(BODY, "new").removeprefix("sha256="),
        sign(BODY, "new").replace("sha256=", "sha1="),
        sign(BODY, "new").upper(),
        sign(BODY, "new") + "00",
        sign(BODY, ""),
        "sha256=\udcff",
    ],
)
def test_everything_else_is_refused(signature: str | None) -> None:
    assert not verify(BODY, signature, (Secret("new"),))


def test_without_a_secret_nothing_is_true() -> None:
    assert not verify(BODY, sign(BODY, ""), ())
    assert not verify(BODY, sign(BODY, ""), (Secret(""),))


def delivery(**more: Any) -> dict[str, Any]:
    return {
        "repository": {"id": 7, "name": "widgets", "owner": {"login": "acme"}},
        "installation": {"id": 55},
        "sender": {"login": "ann", "id": 3, "type": "User"},
        **more,
    }


ISSUE = {"number": 4, "title": "T", "body": "B"}
COMMENT = {"id": 9, "body": "/minion fix", "user": {"login": "ann", "id": 3, "type": "User"}}

CASES: list[tuple[str, dict[str, Any], object]] = [
    (
        "issues",
        delivery(action="labeled", issue=ISSUE, label={"name": "minion"}),
        Labeled(REPO, 4, False, "minion", "ann", 3, False, ItemText("T", "B")),  # type: ignore[arg-type]
    ),
    (
        "pull_request",
        delivery(action="labeled", pull_request=ISSUE | {"body": None}, label={"name": "minion"}),
        Labeled(REPO, 4, True, "minion", "ann", 3, False, ItemText("T", "")),  # type: ignore[arg-type]
    ),
    (
        "issues",
        delivery(action="unlabeled", issue=ISSUE, label={"name": "minion"}),
        Unlabeled(REPO, 4, "minion", "ann"),  # type: ignore[arg-type]
    ),
    ("issues", delivery(action="closed", issue=ISSUE), ItemClosed(REPO, 4, "ann")),  # type: ignore[arg-type]
    ("issues", delivery(action="edited", issue=ISSUE), ItemChanged(REPO, 4)),
    ("issues", delivery(action="opened", issue=ISSUE), Ignored("issue was opened")),
    ("pull_request", delivery(action="synchronize", pull_request=ISSUE), ItemChanged(REPO, 4)),
    (
        "issue_comment",
        delivery(action="created", issue=ISSUE | {"pull_request": {"url": "x"}}, comment=COMMENT),
        Commented(REPO, 4, True, 9, False, "/minion fix", "ann", 3, False, ItemText("T", "B")),  # type: ignore[arg-type]
    ),
    ("issue_comment", delivery(action="edited", issue=ISSUE, comment=COMMENT), Ignored("a comment was edited")),
    (
        "pull_request_review_comment",
        delivery(action="created", pull_request=ISSUE, comment=COMMENT),
        Commented(REPO, 4, True, 9, True, "/minion fix", "ann", 3, False, ItemText("T", "B")),  # type: ignore[arg-type]
    ),
    (
        "pull_request_review",
        delivery(action="submitted", pull_request=ISSUE, review=COMMENT | {"body": "nice"}),
        ItemChanged(REPO, 4),
    ),
    (
        "pull_request_review",
        delivery(action="submitted", pull_request=ISSUE, review=COMMENT | {"body": "", "state": "changes_requested"}),
        ChangesRequested(REPO, 4, 9, "ann", 3, False),  # type: ignore[arg-type]
    ),
    (
        "pull_request_review",
        delivery(action="submitted", pull_request=ISSUE, review=COMMENT | {"body": "", "state": "approved"}),
        ItemChanged(REPO, 4),
    ),
    (
        "pull_request_review",
        delivery(action="dismissed", pull_request=ISSUE, review=COMMENT | {"body": "", "state": "changes_requested"}),
        Ignored("a review was dismissed"),
    ),
    (
        "pull_request_review",
        delivery(action="submitted", pull_request=ISSUE, review=COMMENT | {"state": "changes_requested"}),
        Commented(REPO, 4, True, 9, True, "/minion fix", "ann", 3, False, ItemText("T", "B")),  # type: ignore[arg-type]
    ),
    (
        "pull_request_review",
        delivery(action="submitted", pull_request=ISSUE, review=COMMENT),
        Commented(REPO, 4, True, 9, True, "/minion fix", "ann", 3, False, ItemText("T", "B")),  # type: ignore[arg-type]
    ),
    (
        "check_run",
        delivery(
            action="requested_action",
            check_run={"external_id": "t1", "head_sha": SHA, "app": {"id": 12}},
            requested_action={"identifier": "stop"},
        ),
        ButtonPressed(REPO, "t1", "stop", "ann", 12),  # type: ignore[arg-type]
    ),
    ("check_run", delivery(action="completed", check_run={"head_sha": SHA}), ChecksChanged(REPO, SHA)),  # type: ignore[arg-type]
    ("check_suite", delivery(action="completed", check_suite={"head_sha": SHA}), ChecksChanged(REPO, SHA)),  # type: ignore[arg-type]
    ("status", delivery(sha=SHA, state="success"), ChecksChanged(REPO, SHA)),  # type: ignore[arg-type]
    ("workflow_run", delivery(action="completed", workflow_run={"head_sha": SHA}), ChecksChanged(REPO, SHA)),  # type: ignore[arg-type]
    ("workflow_job", delivery(action="queued", workflow_job={"head_sha": SHA}), ChecksChanged(REPO, SHA)),  # type: ignore[arg-type]
    ("installation", {"action": "suspend", "installation": {"id": 55}}, InstallationChanged(55, "suspend")),
    ("installation_repositories", {"action": "added", "installation": {"id": 55}}, InstallationChanged(55, "added")),
    ("star", delivery(action="created"), Ignored("event 'star' is not handled")),
]


@pytest.mark.parametrize(("event", "payload", "expected"), CASES)
def test_what_a_delivery_says(event: str, payload: dict[str, Any], expected: object) -> None:
    assert parse(event, json.dumps(payload).encode()) == expected


def test_all_handled_events_have_a_case() -> None:
    assert {event for event, _, _ in CASES} - {"star"} == HANDLED_EVENTS


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff",
        b'"' + b"x" * 10 + b'"',
        b"[" * 100_000,
        b'{"action": "created"}',
        json.dumps(delivery(action="created", issue=ISSUE, comment=COMMENT | {"id": True})).encode(),
        json.dumps(delivery(action="created", issue=ISSUE, comment=COMMENT | {"id": -1})).encode(),
        json.dumps(delivery(action="created", issue=ISSUE, comment=COMMENT | {"id": 2**64})).encode(),
        json.dumps(delivery(action="created", issue="x", comment=COMMENT)).encode(),
        json.dumps(delivery(action="created", issue=ISSUE, comment=COMMENT) | {"installation": None}).encode(),
    ],
)
def test_malformed_bodies_are_a_value(body: bytes) -> None:
    assert isinstance(parse("issue_comment", body), Malformed)


def test_a_sha_is_a_sha() -> None:
    assert isinstance(parse("status", json.dumps(delivery(sha="main; rm")).encode()), Malformed)


def test_lone_surrogates_do_not_reach_the_database() -> None:
    payload = json.dumps(delivery(action="created", issue=ISSUE, comment=COMMENT | {"body": "a\ud800b"})).encode()
    event = parse("issue_comment", payload)
    assert isinstance(event, Commented)
    assert event.body.encode() == b"a?b"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=5),
    max_leaves=12,
)
PLACES = ["action", "issue", "pull_request", "comment", "review", "check_run", "label", "sender", "installation", "sha"]


@given(
    st.sampled_from(sorted(HANDLED_EVENTS)),
    st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()),
)
def test_whatever_comes_there_is_a_value(event: str, body: bytes) -> None:
    parse(event, body)


@given(st.sampled_from(CASES), st.sampled_from(PLACES), JSON)
def test_damaged_deliveries_are_a_value(case: tuple[str, dict[str, Any], object], place: str, value: Any) -> None:
    event, payload, _ = case
    parse(event, json.dumps(payload | {place: value}).encode())


@given(st.binary(max_size=100), st.text(max_size=80))
def test_only_the_digest_verifies(body: bytes, signature: str) -> None:
    expected = "sha256=" + hmac.new(b"s", body, hashlib.sha256).hexdigest()
    assert verify(body, signature, (Secret("s"),)) == (signature == expected)
