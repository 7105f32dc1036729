"""The `on` of a workflow: what it listens to, and whether an event is that.

https://docs.github.com/en/actions/reference/workflows-and-actions/events-that-trigger-workflows
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from minion.hub.actions.globs import PatternError, any_included, included, pattern_regex
from minion.hub.actions.yaml_source import Entries, Item, Scalar, SourceError, plain
from minion.hub.actions.yaml_source import Sequence as YamlSequence

_PULL_REQUEST_WORDS = (
    "assigned unassigned labeled unlabeled opened edited closed reopened synchronize "
    "converted_to_draft locked unlocked enqueued dequeued milestoned demilestoned ready_for_review "
    "review_requested review_request_removed auto_merge_enabled auto_merge_disabled"
)
_PULL_REQUEST_TYPES = frozenset(_PULL_REQUEST_WORDS.split())
_ISSUE_WORDS = (
    "opened edited deleted transferred pinned unpinned closed reopened assigned unassigned labeled "
    "unlabeled locked unlocked milestoned demilestoned typed untyped"
)
_ISSUE_TYPES = frozenset(_ISSUE_WORDS.split())
_EDITS = frozenset({"created", "edited", "deleted"})
TYPES: Mapping[str, frozenset[str]] = {
    "pull_request": _PULL_REQUEST_TYPES,
    "pull_request_target": _PULL_REQUEST_TYPES,
    "pull_request_review": frozenset({"submitted", "edited", "dismissed"}),
    "pull_request_review_comment": _EDITS,
    "issues": _ISSUE_TYPES,
    "issue_comment": _EDITS,
    "check_run": frozenset({"created", "rerequested", "completed", "requested_action"}),
    "check_suite": frozenset({"completed"}),
    "workflow_run": frozenset({"completed", "requested", "in_progress"}),
}
DEFAULT_TYPES = {
    "pull_request": ("opened", "synchronize", "reopened"),
    "pull_request_target": ("opened", "synchronize", "reopened"),
}
# Known to GitHub, never raised by this hub: accepted, because a workflow may listen to several events.
_QUIET_WORDS = (
    "branch_protection_rule create delete deployment deployment_status discussion discussion_comment "
    "fork gollum image_version label merge_group milestone page_build public registry_package "
    "release status watch"
)
_QUIET = frozenset(_QUIET_WORDS.split())
_BRANCHES = frozenset({"branches", "branches-ignore"})
_PATHS = frozenset({"paths", "paths-ignore"})
_TAGS = frozenset({"tags", "tags-ignore"})
_KEYS: Mapping[str, frozenset[str]] = (
    {
        "push": _BRANCHES | _PATHS | _TAGS,
        "pull_request": _BRANCHES | _PATHS | {"types"},
        "pull_request_target": _BRANCHES | _PATHS | {"types"},
        "workflow_run": _BRANCHES | {"types", "workflows"},
        "repository_dispatch": frozenset({"types"}),
        "workflow_dispatch": frozenset({"inputs"}),
        "workflow_call": frozenset({"inputs", "outputs", "secrets"}),
    }
    | {name: frozenset({"types"}) for name in (*_QUIET, "issues", "issue_comment", "check_run", "check_suite")}
    | {name: frozenset({"types"}) for name in ("pull_request_review", "pull_request_review_comment")}
)


@dataclass(frozen=True)
class Trigger:
    """One event of `on`. Empty filters let everything through."""

    event: str
    line: int
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    body: Entries | None = None  # inputs, outputs and secrets are read by the workflow reader

    def of(self, name: str) -> tuple[str, ...]:
        return self.filters.get(name, ())


@dataclass(frozen=True)
class Occurrence:
    """An event as the filters see it. `changed` lists the changed paths when it is asked for."""

    event: str
    payload: Mapping[str, Any]
    ref: str
    changed: Callable[[], Sequence[str]]


def read_triggers(item: Item) -> dict[str, Trigger]:
    """The triggers by event name. Raises SourceError."""
    match item:
        case Scalar():
            return {item.text: _trigger(item.text, None, item.line)}
        case YamlSequence():
            names = [_scalar_text(entry) for entry in item.items]
            return {name: _trigger(name, None, entry.line) for name, entry in zip(names, item.items, strict=True)}
        case Entries():
            return {name: _trigger(name, value, item.key_lines[name]) for name, value in item}


def _scalar_text(item: Item) -> str:
    if not isinstance(item, Scalar):
        raise SourceError("A sequence or mapping was not expected", item.line)
    return item.text


def _trigger(name: str, value: Item | None, line: int) -> Trigger:
    if name == "schedule":
        return _schedule(value, line)
    if name not in _KEYS:
        raise SourceError(f"Unexpected value '{name}' in on", line)
    if value is None or (isinstance(value, Scalar) and value.value is None):
        return Trigger(name, line)
    if not isinstance(value, Entries):
        raise SourceError(f"on.{name} must be a mapping", value.line)
    value.expect_only(_KEYS[name], f"on.{name}")
    filters = {key: _strings(entry) for key, entry in value if key not in {"inputs", "outputs", "secrets"}}
    _check_filters(name, filters, value)
    return Trigger(name, line, filters, value)


def _strings(item: Item) -> tuple[str, ...]:
    if isinstance(item, YamlSequence):
        return tuple(_scalar_text(entry) for entry in item.items)
    return (_scalar_text(item),)


def _check_filters(name: str, filters: Mapping[str, tuple[str, ...]], found: Entries) -> None:
    for positive in ("branches", "tags", "paths"):
        if positive in filters and f"{positive}-ignore" in filters:
            raise SourceError(f"you may only define one of {positive} and {positive}-ignore for on.{name}", found.line)
    wrong = [kind for kind in filters.get("types", ()) if name in TYPES and kind not in TYPES[name]]
    if wrong:
        raise SourceError(f"Unexpected value '{wrong[0]}' in on.{name}.types", found.key_lines["types"])
    for key in _BRANCHES | _TAGS | _PATHS:
        for pattern in filters.get(key, ()):
            try:
                pattern_regex(pattern.removeprefix("!"))
            except PatternError as error:
                raise SourceError(str(error), found.key_lines[key]) from error
    if name == "workflow_run" and not filters.get("workflows"):
        raise SourceError("on.workflow_run needs workflows", found.line)


def _schedule(value: Item | None, line: int) -> Trigger:
    if not isinstance(value, YamlSequence):
        raise SourceError("on.schedule must be a list of cron entries", line)
    crons: list[str] = []
    for entry in value.items:
        if not isinstance(entry, Entries) or "cron" not in entry.items:
            raise SourceError("on.schedule needs cron", entry.line)
        entry.expect_only(frozenset({"cron", "timezone"}), "on.schedule")
        cron = str(plain(entry.items["cron"]))
        if len(cron.split()) != 5:
            raise SourceError(f"Invalid cron expression '{cron}'", entry.line)
        crons.append(cron)
    return Trigger("schedule", line, {"cron": tuple(crons)})


def matches(trigger: Trigger, occurrence: Occurrence) -> bool:
    """Whether this trigger's filters let the event through."""
    if not _type_matches(trigger, occurrence.payload):
        return False
    match trigger.event:
        case "push":
            return _push_matches(trigger, occurrence)
        case "pull_request" | "pull_request_target":
            base = str(occurrence.payload["pull_request"]["base"]["ref"])
            return _named(base, trigger, "branches") and _paths_match(trigger, occurrence)
        case "workflow_run":
            run = occurrence.payload["workflow_run"]
            names = trigger.of("workflows")
            return included(str(run["name"]), names) and _named(str(run["head_branch"]), trigger, "branches")
        case _:
            return True


def _type_matches(trigger: Trigger, payload: Mapping[str, Any]) -> bool:
    wanted = trigger.of("types") or DEFAULT_TYPES.get(trigger.event, ())
    return not wanted or str(payload.get("action")) in wanted


def _push_matches(trigger: Trigger, occurrence: Occurrence) -> bool:
    branch = occurrence.ref.removeprefix("refs/heads/")
    if branch != occurrence.ref:
        if _only(trigger, _TAGS, _BRANCHES):
            return False
        return _named(branch, trigger, "branches") and _paths_match(trigger, occurrence)
    if _only(trigger, _BRANCHES, _TAGS):
        return False
    return _named(occurrence.ref.removeprefix("refs/tags/"), trigger, "tags")


def _only(trigger: Trigger, some: frozenset[str], others: frozenset[str]) -> bool:
    return any(trigger.of(key) for key in some) and not any(trigger.of(key) for key in others)


def _named(name: str, trigger: Trigger, key: str) -> bool:
    positive, negative = trigger.of(key), trigger.of(f"{key}-ignore")
    if positive:
        return included(name, positive)
    return not included(name, negative)


def _paths_match(trigger: Trigger, occurrence: Occurrence) -> bool:
    positive, negative = trigger.of("paths"), trigger.of("paths-ignore")
    if positive:
        return any_included(occurrence.changed(), positive)
    if negative:
        return any(not included(path, negative) for path in occurrence.changed())
    return True
