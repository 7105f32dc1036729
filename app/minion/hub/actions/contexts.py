"""The contexts that expressions see.

https://docs.github.com/en/actions/reference/workflows-and-actions/contexts
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from minion.hub.actions.expression_syntax import ExpressionError
from minion.hub.actions.expression_values import Value, to_text
from minion.hub.actions.host import RepositoryInfo
from minion.hub.actions.records import RunRecord


def ref_names(ref: str) -> tuple[str, str]:
    """(ref_name, ref_type) of a full ref; pull requests have the name `N/merge` and the type branch."""
    if ref.startswith("refs/tags/"):
        return ref.removeprefix("refs/tags/"), "tag"
    return ref.removeprefix("refs/heads/").removeprefix("refs/pull/"), "branch"


def github_context(base_url: str, repository: RepositoryInfo, run: RunRecord) -> dict[str, Value]:
    """What is known before any job starts."""
    cause = run.cause
    name, kind = ref_names(cause.ref)
    pull_request = cause.payload.get("pull_request") if cause.event.startswith("pull_request") else None
    sender = cause.payload.get("sender") or {}
    return {
        "event": dict(cause.payload),
        "event_name": cause.event,
        "ref": cause.ref,
        "ref_name": name,
        "ref_type": kind,
        "ref_protected": False,
        "sha": cause.sha,
        "head_ref": pull_request["head"]["ref"] if pull_request else "",
        "base_ref": pull_request["base"]["ref"] if pull_request else "",
        "actor": cause.actor,
        "actor_id": to_text(sender.get("id")),
        "triggering_actor": run.triggering_actor or cause.actor,
        "repository": repository.full_name,
        "repository_id": str(repository.id),
        "repository_owner": repository.owner,
        "repository_owner_id": str(repository.owner_id),
        "repository_visibility": "private" if repository.private else "public",
        "repositoryUrl": f"git://{base_url.partition('://')[2]}/{repository.full_name}.git",
        "run_id": str(run.id),
        "run_number": str(run.number),
        "run_attempt": str(run.attempt),
        "retention_days": "90",
        "secret_source": "None" if run.from_fork else "Actions",
        "server_url": base_url,
        "api_url": f"{base_url}/api/v3",
        "graphql_url": f"{base_url}/api/graphql",
        "workflow": run.workflow_name,
        "workflow_ref": f"{repository.full_name}/{run.workflow_path}@{cause.ref}",
        "workflow_sha": cause.sha,
    }


def hash_files(workspace: Path, arguments: list[Value]) -> str:
    """SHA-256 over the SHA-256 of each matching file in order of path; "" when nothing matches.
    https://docs.github.com/en/actions/reference/workflows-and-actions/expressions#hashfiles"""
    found: set[Path] = set()
    for pattern in (to_text(argument).strip() for argument in arguments):
        matches = set(matching_files(workspace, pattern.removeprefix("!")))
        found = found - matches if pattern.startswith("!") else found | matches
    if not found:
        return ""
    whole = hashlib.sha256()
    for path in sorted(found):
        whole.update(hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()


def matching_files(root: Path, pattern: str) -> list[Path]:
    """Files below `root` that a glob names; a directory stands for everything in it."""
    relative = pattern.removeprefix(f"{root}/").removeprefix("./")
    if relative.startswith("/") or ".." in Path(relative).parts:
        raise ExpressionError(f"'{pattern}' is outside of the workspace")
    matches = [root] if relative in {"", "."} else list(root.glob(relative.rstrip("/")))
    if relative.endswith("**"):
        matches += list(root.glob(f"{relative}/*"))
    files = {path for match in matches for path in ([match] if match.is_file() else match.rglob("*")) if path.is_file()}
    return sorted(files)


def secret_context(secrets: Mapping[str, str], token: str) -> dict[str, Value]:
    """GITHUB_TOKEN is always there, whatever the repository's secrets are."""
    return {**secrets, "GITHUB_TOKEN": token}
