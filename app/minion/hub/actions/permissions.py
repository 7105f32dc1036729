"""`permissions` of a workflow or job.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#permissions
"""

from __future__ import annotations

from collections.abc import Mapping

from minion.hub.actions.reading import entries, is_absent, literal
from minion.hub.actions.yaml_source import Item, Scalar, SourceError

_SCOPE_WORDS = (
    "actions artifact-metadata attestations checks contents deployments discussions id-token issues "
    "models packages pages pull-requests repository-projects security-events statuses"
)
_SCOPES = _SCOPE_WORDS.split()
_LEVELS = {"id-token": ("write", "none"), "models": ("read", "none")}
_ANY_LEVEL = ("read", "write", "none")
# The restricted default of new organisations and repositories.
DEFAULT: Mapping[str, str] = {"contents": "read", "packages": "read"}


def read_permissions(item: Item | None) -> Mapping[str, str] | None:
    """Scope → read | write, scopes that are not named or `none` left out; None when the key is absent."""
    if item is None:
        return None
    if is_absent(item):
        return {}
    if isinstance(item, Scalar):
        return _all(item)
    granted: dict[str, str] = {}
    found = entries(item, "permissions", item.line)
    found.expect_only(frozenset(_SCOPES), "permissions")
    for scope, value in found:
        level = literal(value, f"permissions.{scope}")
        if level not in _LEVELS.get(scope, _ANY_LEVEL):
            raise SourceError(f"Unexpected value '{level}' in permissions.{scope}", value.line)
        if level != "none":
            granted[scope] = level
    return granted


def _all(item: Scalar) -> Mapping[str, str]:
    levels = {"read-all": "read", "write-all": "write"}
    if item.text not in levels:
        raise SourceError(f"Unexpected value '{item.text}' in permissions", item.line)
    level = levels[item.text]
    scopes = [scope for scope in _SCOPES if level in _LEVELS.get(scope, _ANY_LEVEL)]
    return dict.fromkeys(scopes, level)


def effective(workflow: Mapping[str, str] | None, job: Mapping[str, str] | None, *, from_fork: bool) -> dict[str, str]:
    """What a job may do. Runs for pull requests from forks only read.
    https://docs.github.com/en/actions/concepts/security/github_token"""
    chosen = job if job is not None else workflow if workflow is not None else DEFAULT
    if not from_fork:
        return dict(chosen)
    return {scope: "read" for scope in chosen if scope != "id-token"}


def for_token(granted: Mapping[str, str]) -> dict[str, str]:
    """Permission names of an installation token: underscores, and no id-token."""
    api = {scope.replace("-", "_"): level for scope, level in granted.items() if scope != "id-token"}
    return {"metadata": "read", **api}
