"""What CI gives to code on `minion/**` branches: the secrets and cloud identities of workflows that such a push starts.

A pull request of the bot is run by the repository's own CI before a person merges it, so this is what a captured round
could reach (https://docs.github.com/en/actions/reference/security/secure-use).
"""

from __future__ import annotations

import fnmatch
import re
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from minion.doctor.report import Finding, State

AREA: Final = "exposure"
SAMPLE_BRANCH: Final = "minion/1-sample"
SECRET = re.compile(r"secrets\.([A-Za-z_][A-Za-z0-9_]*)|secrets\[\s*'([^']+)'\s*\]")


def examine_exposure(repository: Path) -> list[Finding]:
    """One finding for each workflow of the checkout that a push to `minion/**`, or its pull request, would start."""
    folder = repository / ".github" / "workflows"
    files = sorted([*folder.glob("*.yml"), *folder.glob("*.yaml")])
    return [finding for path in files if (finding := _workflow(path)) is not None]


def _workflow(path: Path) -> Finding | None:
    text = path.read_text(encoding="utf-8", errors="replace")
    try:
        parsed = YAML(typ="safe", pure=True).load(text)
    except YAMLError:
        return Finding(
            AREA, path.name, State.WARNING, "not readable as YAML", "see what it gives to minion/** branches"
        )
    if not isinstance(parsed, dict) or not _started(parsed.get("on", parsed.get(True))):
        return None
    given = sorted({first or second for first, second in SECRET.findall(text)} - {"GITHUB_TOKEN"})
    if re.search(r"id-token:\s*write", text):
        given.append("an OIDC identity (id-token: write)")
    if not given:
        return Finding(AREA, path.name, State.OK, "runs on minion/** branches, with no secret")
    return Finding(
        AREA,
        path.name,
        State.WARNING,
        f"runs on minion/** branches with: {', '.join(given)}",
        "keep them out of it, or put them into a protected environment; let no cloud trust `repo:OWNER/NAME:*`",
    )


def _started(on: Any) -> bool:
    if isinstance(on, str):
        return on in {"push", "pull_request"}
    if isinstance(on, list):
        return bool({"push", "pull_request"} & set(on))
    if not isinstance(on, dict):
        return False
    return "pull_request" in on or ("push" in on and _push_matches(on["push"]))


def _push_matches(push: Any) -> bool:
    if not isinstance(push, dict):
        return True
    if "branches" in push:
        return any(fnmatch.fnmatch(SAMPLE_BRANCH, str(pattern)) for pattern in push["branches"] or ())
    if "branches-ignore" in push:
        return not any(fnmatch.fnmatch(SAMPLE_BRANCH, str(pattern)) for pattern in push["branches-ignore"] or ())
    return "tags" not in push and "tags-ignore" not in push
