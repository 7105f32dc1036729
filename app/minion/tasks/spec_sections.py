"""The parts of an issue that say what to do: an issue form's sections, or front matter."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from minion.domain.spec import Scope, Unclear
from minion.tasks.verification import marked

_HEADING: Final = re.compile(r"^#{2,4}[ \t]+(.+?)[ \t]*#*[ \t]*$")
_FENCE: Final = re.compile(r"^ {0,3}(`{3,}|~{3,})")
_BULLET: Final = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+(?:\[[ xX]\]\s+)?")
_EMPTY: Final = frozenset({"", "_no response_", "n/a", "none"})
_FRONT: Final = re.compile(r"\A---[ \t]*\n(.*?)\n---[ \t]*(?:\n|\Z)", re.DOTALL)
_FRONT_LIMIT: Final = 8_000
_ANCHOR: Final = re.compile(r"(?:^|[\s\[,{:-])&\w", re.MULTILINE)
MOST_ITEMS: Final = 50
ITEM_LIMIT: Final = 1_000
_BRANCH_LIMIT: Final = 250
KEYS: Final = frozenset({"objective", "scope", "verification", "constraints", "when_unclear", "branch"})


@dataclass(frozen=True)
class Sections:
    """What was found; `rest` is the text that belongs to none of them."""

    objective: str = ""
    scope: Scope = field(default_factory=Scope)
    verification: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    when_unclear: Unclear = "ask"
    branch: str = ""
    rest: str = ""


def read_sections(body: str) -> Sections:
    """Reads a cleaned body. Front matter counts only when it is a mapping of our keys; otherwise it is text."""
    front = _FRONT.match(body)
    data = _mapping(front.group(1)) if front else None
    if front is None or data is None:
        return _from_headings(body)
    below = _from_headings(body[front.end() :])
    return Sections(
        objective=_one(data.get("objective")) or below.objective,
        scope=_scope_of(data.get("scope")) or below.scope,
        verification=_checks(data.get("verification")) or below.verification,
        constraints=_several(data.get("constraints")) or below.constraints,
        when_unclear=_unclear(_one(data.get("when_unclear"))) if "when_unclear" in data else below.when_unclear,
        branch=_branch(_one(data.get("branch"))) or below.branch,
        rest=below.rest,
    )


# --- front matter


def _mapping(source: str) -> Mapping[str, Any] | None:
    if len(source) > _FRONT_LIMIT or _ANCHOR.search(source):
        return None
    try:
        data = YAML(typ="safe", pure=True).load(source)
    except (YAMLError, ValueError, RecursionError, TypeError, AttributeError, KeyError):
        return None  # a person's text that is no YAML is text
    if not isinstance(data, dict) or not data or not set(data) <= KEYS:
        return None
    return data


def _one(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _several(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple(_items(value))
    if isinstance(value, list):
        return tuple(str(item)[:ITEM_LIMIT] for item in value[:MOST_ITEMS] if isinstance(item, str | int | float))
    return ()


def _checks(value: Any) -> tuple[str, ...]:
    """Commands keep their marks: what is in backticks or a fenced block will be run."""
    return tuple(_lines(marked(value))) if isinstance(value, str) else _several(value)


def _scope_of(value: Any) -> Scope | None:
    if isinstance(value, dict):
        return Scope(allow=_several(value.get("allow")), forbid=_several(value.get("forbid")))
    allowed = _several(value)
    return Scope(allow=allowed) if allowed else None


# --- headings


def _from_headings(body: str) -> Sections:
    found: dict[str, str] = {}
    rest: list[str] = []
    for heading, text in _split(body):
        name = _name(heading)
        if name is None:
            rest.append(f"### {heading}\n\n{text}".strip() if heading else text)
        elif text.strip().lower() not in _EMPTY:
            found[name] = f"{found[name]}\n{text}" if name in found else text
    return Sections(
        objective=found.get("objective", "").strip(),
        scope=_scope(found),
        verification=_checks(found.get("verification", "")),
        constraints=tuple(_items(found.get("constraints", ""))),
        when_unclear=_unclear(found.get("when unclear", "")),
        branch=_branch(found.get("branch", "")),
        rest="\n\n".join(part for part in (text.strip() for text in rest) if part),
    )


def _split(body: str) -> Iterator[tuple[str, str]]:
    """(heading, text below it); the text before the first heading has an empty one. Fenced lines are no headings."""
    heading, lines, fence = "", [], ""
    for line in body.split("\n"):
        if mark := _FENCE.match(line):
            fence = "" if fence and mark.group(1).startswith(fence) else fence or mark.group(1)
        match = None if fence else _HEADING.match(line)
        if match is None:
            lines.append(line)
            continue
        yield heading, "\n".join(lines).strip("\n")
        heading, lines = match.group(1), []
    yield heading, "\n".join(lines).strip("\n")


_NAMES: Final[Sequence[tuple[str, str]]] = (
    (r"^(objective|goal|task)$", "objective"),
    (r"(forbid|forbidden|not allowed|must not change|out of scope|off[- ]limits)", "forbid"),
    (r"^(scope|paths)\b|^(allowed|in[- ]scope)", "scope"),
    (r"^(verification|verify|acceptance( criteria)?|done when)$", "verification"),
    (r"^(constraints?|rules)$", "constraints"),
    (r"^((begin|start)( at| from| on)?( the)? )?branch$", "branch"),
    (r"^(when|if) (anything is |it is |something is )?unclear$", "when unclear"),
)


def _name(heading: str) -> str | None:
    text = heading.strip().strip(":?").lower()
    return next((name for pattern, name in _NAMES if re.search(pattern, text)), None)


def _scope(found: Mapping[str, str]) -> Scope:
    """Lines are allowed patterns; `forbid:` or a leading `!` forbids. `allow:` may stand before several."""
    allow: list[str] = []
    forbid: list[str] = list(_patterns(found.get("forbid", "")))
    target = allow
    for item in _items(found.get("scope", "")):
        key, colon, value = item.partition(":")
        word = key.strip("* ").lower()
        if colon and word in ("allow", "allowed", "only", "forbid", "forbidden", "not"):
            target = forbid if word in ("forbid", "forbidden", "not") else allow
            target.extend(_patterns(value))
        elif item.startswith("!"):
            forbid.extend(_patterns(item[1:]))
        else:
            target.extend(_patterns(item))
    return Scope(allow=tuple(allow), forbid=tuple(forbid))


def _patterns(text: str) -> Iterator[str]:
    """Comma or line separated; only what looks like a path: prose in a scope section is no pattern."""
    for piece in re.split(r"[,\n]", text):
        pattern = _BULLET.sub("", piece).strip().strip("`\"'").removeprefix("./")
        if pattern and not re.search(r"\s", pattern) and len(pattern) <= 300:
            yield pattern


def _items(text: str) -> Iterator[str]:
    """One item for each bullet or line; a fenced block's lines are items, the fence is not."""
    for item in _lines(text):
        if not _FENCE.match(item):
            yield item[1:-1] if item.count("`") == 2 and item[0] == item[-1] == "`" else item


def _lines(text: str) -> Iterator[str]:
    for line in text.split("\n")[: MOST_ITEMS * 2]:
        item = _BULLET.sub("", line).strip()
        if item and item.lower() not in _EMPTY:
            yield item[:ITEM_LIMIT]


def _branch(text: str) -> str:
    """The first line, without quotes."""
    return next(_items(text), "").strip("`\"' ")[:_BRANCH_LIMIT]


def _unclear(text: str) -> Unclear:
    """Anything else asks."""
    word = text.strip().lower()
    if re.search(r"declin|stop|do nothing|give up", word):
        return "decline"
    return "choose" if re.search(r"best|choose|decide|judge?ment|assum|narrow", word) else "ask"
