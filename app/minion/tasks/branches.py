"""The name of a task's branch."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_SLUG_LENGTH: Final = 40
_PREFIX: Final = "minion/"
_PART: Final = re.compile(r"[A-Za-z0-9_+][A-Za-z0-9_+.@-]*", re.ASCII)
_LONGEST: Final = 200
_NUMBERED: Final = re.compile(r"^minion/(\d{1,18})-[a-z0-9-]+$")


def branch_name(number: int, title: str, attempt: int = 1) -> str:
    """`minion/<number>-<slug>`: ASCII letters, digits and single hyphens, so that no shell, URL or ref rule bites.

    `attempt` > 1 gives another name where a person keeps the first one.
    """
    slug = _slug(title) or "task"
    return f"{_PREFIX}{number}-{slug}" + (f"-{attempt}" if attempt > 1 else "")


def is_branch_name(name: str) -> bool:
    """Whether it is one that git takes (https://git-scm.com/docs/git-check-ref-format) and that stands in a URL as it
    is: what people name in an issue is not trusted to be either."""
    parts = name.split("/")
    plain = all(_PART.fullmatch(part) and not part.endswith((".", ".lock")) for part in parts)
    return plain and ".." not in name and len(name) <= _LONGEST


def number_of(branch: str) -> int | None:
    """The issue that a branch of ours is for."""
    match = _NUMBERED.match(branch)
    return int(match.group(1)) if match else None


def _slug(title: str) -> str:
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode("ascii").lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    if len(words) <= _SLUG_LENGTH:
        return words
    return words[: _SLUG_LENGTH + 1].rpartition("-")[0].strip("-") or words[:_SLUG_LENGTH]
