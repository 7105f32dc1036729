"""A working copy of a commit on a server, with a token that is never written down."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from minion.adapters.workspace.safe_git import GitFailed, SafeGit, forced, new_repository
from minion.adapters.workspace.worktree import GitWorkspace
from minion.domain.errors import AccessLost, Outage
from minion.domain.secret import Secret

BASE_REF = "refs/minion/base"
_DENIED = (
    "authentication failed",
    "error: 401",
    "error: 403",
    "could not read username",
    "repository not found",
    "not found",
)
_NO_SUCH_SHA = ("not our ref", "couldn't find remote ref", "unadvertised object")


@dataclass(frozen=True)
class CloneSource:
    """`url` without credentials. `environment` adds to git's: a proxy or certificates, where the machine needs them."""

    url: str
    sha: str
    token: Secret | None = None
    depth: int = 50
    timeout_s: float = 600.0
    environment: Mapping[str, str] = field(default_factory=dict)


def clone(source: CloneSource, root: Path, private: Path, compared_with: str | None = None) -> GitWorkspace:
    """Files at `root` (new or empty), the repository under `private`. Raises `Outage`, or `AccessLost` when refused.

    `compared_with` is the commit where the task began: rules and commands are read there (`GitWorkspace.read_at_base`),
    and gates are compared with it (`GitWorkspace.tree_at`). It may be gone.
    """
    safe = new_repository(private, root)
    if compared_with not in {None, source.sha}:
        with contextlib.suppress(AccessLost):
            _fetch_with_patience(safe, replace(source, sha=str(compared_with), depth=1))
    _fetch_with_patience(safe, source)
    workspace = GitWorkspace(root, safe, source.sha, compared_with)
    workspace.materialise()
    return workspace


def _fetch_with_patience(safe: SafeGit, source: CloneSource) -> None:
    for attempt in Retrying(
        stop=stop_after_attempt(4),
        wait=wait_random_exponential(0.5, max=10),
        retry=retry_if_exception_type(Outage),
        reraise=True,
    ):
        with attempt:
            _fetch(safe, source)


def _fetch(safe: SafeGit, source: CloneSource) -> None:
    try:
        _fetch_refs(safe, source, f"+{source.sha}:{BASE_REF}", f"--depth={source.depth}")
    except GitFailed as error:
        words = error.words.casefold()
        if any(sign in words for sign in _NO_SUCH_SHA):
            _fetch_everything(safe, source)
        elif any(sign in words for sign in _DENIED):
            raise AccessLost(f"{source.url} cannot be read: {error.words}") from error
        else:
            raise


def _fetch_everything(safe: SafeGit, source: CloneSource) -> None:
    """For servers that do not serve a commit by its id."""
    _fetch_refs(safe, source, "+refs/heads/*:refs/remotes/origin/*", "+refs/pull/*/head:refs/remotes/pull/*")
    try:
        safe.run("update-ref", BASE_REF, f"{source.sha}^{{commit}}")
    except GitFailed as error:
        raise AccessLost(f"{source.url} has no commit {source.sha}") from error


def _fetch_refs(safe: SafeGit, source: CloneSource, *arguments: str) -> None:
    refs = [argument for argument in arguments if not argument.startswith("--")]
    options = [argument for argument in arguments if argument.startswith("--")]
    env = {**source.environment, **forced(_header(source))}
    command = ("fetch", "--quiet", "--no-tags", "--no-auto-gc", "--no-write-fetch-head", *options, source.url, *refs)
    safe.run(*command, env=env, timeout_s=source.timeout_s)


def _header(source: CloneSource) -> dict[str, str]:
    """Sent to this server alone (https://git-scm.com/docs/git-config#Documentation/git-config.txt-httpextraHeader)."""
    parts = urlsplit(source.url)
    if source.token is None or parts.scheme not in {"http", "https"}:
        return {}
    credentials = base64.b64encode(f"x-access-token:{source.token.reveal()}".encode()).decode()
    return {f"http.{parts.scheme}://{parts.netloc}/.extraHeader": f"Authorization: Basic {credentials}"}
