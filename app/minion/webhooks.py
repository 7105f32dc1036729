"""Webhook deliveries without I/O: is it GitHub's, and what does it say?

`verify` and `parse` are the whole door. Nothing behind it sees a payload. Shapes:
https://docs.github.com/en/webhooks/webhook-events-and-payloads
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from minion.domain.events import (
    ButtonPressed,
    ChangesRequested,
    ChecksChanged,
    Commented,
    Event,
    Ignored,
    InstallationChanged,
    ItemChanged,
    ItemClosed,
    ItemText,
    Labeled,
    Unlabeled,
)
from minion.domain.ids import CommitSha, Login, RepositoryRef
from minion.domain.secret import Secret

_PREFIX: Final = "sha256="
_LARGEST_ID: Final = 2**63 - 1
_HEX: Final = frozenset("0123456789abcdef")


@dataclass(frozen=True)
class Malformed:
    """A delivery whose body is not what GitHub documents; `problem` says where."""

    problem: str


class _BadPayloadError(ValueError):
    """Carries the problem from a reader to `parse`; never leaves this module."""


def verify(body: bytes, signature_256: str | None, secrets: Sequence[Secret]) -> bool:
    """Whether `X-Hub-Signature-256` is the HMAC of the raw body under one of the secrets.

    No secret, no signature or a `sha1=` one: False.
    https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
    """
    if signature_256 is None or not signature_256.startswith(_PREFIX):
        return False
    given = signature_256.removeprefix(_PREFIX).encode("utf-8", "replace")
    # every secret is tried, so that the time says nothing about which one fits
    matches = [hmac.compare_digest(_mac(body, secret), given) for secret in secrets if secret]
    return any(matches)


def _mac(body: bytes, secret: Secret) -> bytes:
    return hmac.digest(secret.reveal().encode(), body, "sha256").hex().encode()


def parse(event: str, payload: bytes) -> Event | Malformed:
    """What the delivery says. `event` is `X-GitHub-Event`; `payload` the verified raw body (JSON)."""
    handler = _HANDLERS.get(event)
    if handler is None:
        return Ignored(f"event {event!r} is not handled")
    try:
        document = json.loads(payload)
    except (ValueError, RecursionError) as error:
        return Malformed(f"the body is not JSON: {type(error).__name__}")
    if not isinstance(document, dict):
        return Malformed("the body is not a JSON object")
    try:
        return handler(document)
    except _BadPayloadError as error:
        return Malformed(str(error))


# --- readers of one value


def _at(document: Mapping[str, Any], path: str) -> Any:
    value: Any = document
    for key in path.split("."):
        if not isinstance(value, dict) or key not in value:
            raise _BadPayloadError(f"{path} is missing")
        value = value[key]
    return value


def _text(document: Mapping[str, Any], path: str) -> str:
    value = _at(document, path)
    if not isinstance(value, str):
        raise _BadPayloadError(f"{path} is not a string")
    return _clean(value)


def _text_or_empty(document: Mapping[str, Any], path: str) -> str:
    try:
        value = _at(document, path)
    except _BadPayloadError:
        return ""
    return _clean(value) if isinstance(value, str) else ""


def _clean(value: str) -> str:
    """Lone surrogates, which JSON may escape, cannot be stored or sent: they become `?`."""
    return value.encode("utf-8", "replace").decode("utf-8")


def _integer(document: Mapping[str, Any], path: str) -> int:
    value = _at(document, path)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _LARGEST_ID:
        raise _BadPayloadError(f"{path} is not an id")
    return value


def _sha(document: Mapping[str, Any], path: str) -> CommitSha:
    value = _text(document, path)
    if len(value) not in (40, 64) or not set(value) <= _HEX:
        raise _BadPayloadError(f"{path} is not a commit sha")
    return CommitSha(value)


def _repository(document: Mapping[str, Any]) -> RepositoryRef:
    return RepositoryRef(
        id=_integer(document, "repository.id"),
        owner=_text(document, "repository.owner.login"),
        name=_text(document, "repository.name"),
        installation_id=_integer(document, "installation.id"),
    )


def _actor(document: Mapping[str, Any]) -> Login:
    return Login(_text(document, "sender.login"))


def _item_text(document: Mapping[str, Any], key: str) -> ItemText:
    return ItemText(title=_text_or_empty(document, f"{key}.title"), body=_text_or_empty(document, f"{key}.body"))


# --- one handler for each event


def _issues(document: Mapping[str, Any]) -> Event:
    issue = _at(document, "issue")
    is_pull = isinstance(issue, dict) and bool(issue.get("pull_request"))
    return _item(document, "issue", is_pull)


def _pull_request(document: Mapping[str, Any]) -> Event:
    return _item(document, "pull_request", is_pull=True)


_CHANGES: Final = frozenset(
    {"reopened", "edited", "synchronize", "ready_for_review", "converted_to_draft", "transferred"}
)


def _item(document: Mapping[str, Any], key: str, is_pull: bool) -> Event:
    action = _text(document, "action")
    repository, number = _repository(document), _integer(document, f"{key}.number")
    match action:
        case "labeled":
            return _labeled(document, key, is_pull)
        case "unlabeled":
            return Unlabeled(repository, number, _text(document, "label.name"), _actor(document))
        case "closed" | "deleted":
            return ItemClosed(repository, number, _actor(document))
        case _ if action in _CHANGES:
            return ItemChanged(repository, number)
        case _:
            return Ignored(f"{key} was {action}")


def _labeled(document: Mapping[str, Any], key: str, is_pull: bool) -> Labeled:
    return Labeled(
        repository=_repository(document),
        number=_integer(document, f"{key}.number"),
        is_pull=is_pull,
        label=_text(document, "label.name"),
        actor=_actor(document),
        actor_id=_integer(document, "sender.id"),
        actor_is_bot=_text_or_empty(document, "sender.type") == "Bot",
        item=_item_text(document, key),
    )


def _issue_comment(document: Mapping[str, Any]) -> Event:
    if (action := _text(document, "action")) != "created":
        return Ignored(f"a comment was {action}")
    issue = _at(document, "issue")
    is_pull = isinstance(issue, dict) and bool(issue.get("pull_request"))
    return _commented(document, item="issue", text="comment", is_pull=is_pull)


def _review_comment(document: Mapping[str, Any]) -> Event:
    if (action := _text(document, "action")) != "created":
        return Ignored(f"a review comment was {action}")
    return _commented(document, item="pull_request", text="comment", is_pull=True)


def _review(document: Mapping[str, Any]) -> Event:
    if (action := _text(document, "action")) != "submitted":
        return Ignored(f"a review was {action}")
    if _text_or_empty(document, "review.body").lstrip().startswith("/minion"):
        return _commented(document, item="pull_request", text="review", is_pull=True)
    if _text_or_empty(document, "review.state").lower() == "changes_requested":
        return _changes_requested(document)
    return ItemChanged(_repository(document), _integer(document, "pull_request.number"))


def _changes_requested(document: Mapping[str, Any]) -> ChangesRequested:
    return ChangesRequested(
        repository=_repository(document),
        number=_integer(document, "pull_request.number"),
        review_id=_integer(document, "review.id"),
        actor=Login(_text(document, "review.user.login")),
        actor_id=_integer(document, "review.user.id"),
        actor_is_bot=_text_or_empty(document, "review.user.type") == "Bot",
    )


def _commented(document: Mapping[str, Any], *, item: str, text: str, is_pull: bool) -> Commented:
    return Commented(
        repository=_repository(document),
        number=_integer(document, f"{item}.number"),
        is_pull=is_pull,
        comment_id=_integer(document, f"{text}.id"),
        in_review=item == "pull_request",
        body=_text_or_empty(document, f"{text}.body"),
        actor=Login(_text(document, f"{text}.user.login")),
        actor_id=_integer(document, f"{text}.user.id"),
        actor_is_bot=_text_or_empty(document, f"{text}.user.type") == "Bot",
        item=_item_text(document, item),
    )


def _check_run(document: Mapping[str, Any]) -> Event:
    if _text(document, "action") == "requested_action":
        return ButtonPressed(
            repository=_repository(document),
            external_id=_text_or_empty(document, "check_run.external_id"),
            identifier=_text(document, "requested_action.identifier"),
            actor=_actor(document),
            app_id=_integer(document, "check_run.app.id"),
        )
    return ChecksChanged(_repository(document), _sha(document, "check_run.head_sha"))


def _changed_checks(path: str) -> Callable[[Mapping[str, Any]], Event]:
    return lambda document: ChecksChanged(_repository(document), _sha(document, path))


def _installation(document: Mapping[str, Any]) -> Event:
    return InstallationChanged(_integer(document, "installation.id"), _text(document, "action"))


_HANDLERS: Final[Mapping[str, Callable[[Mapping[str, Any]], Event]]] = {
    "issues": _issues,
    "issue_comment": _issue_comment,
    "pull_request": _pull_request,
    "pull_request_review": _review,
    "pull_request_review_comment": _review_comment,
    "check_run": _check_run,
    "check_suite": _changed_checks("check_suite.head_sha"),
    "status": _changed_checks("sha"),
    "workflow_run": _changed_checks("workflow_run.head_sha"),
    "workflow_job": _changed_checks("workflow_job.head_sha"),
    "installation": _installation,
    "installation_repositories": _installation,
}

HANDLED_EVENTS: Final = frozenset(_HANDLERS)
"""The names of `X-GitHub-Event` that `parse` understands: those that the App's manifest asks for, and the two about
installations, which come unasked."""
