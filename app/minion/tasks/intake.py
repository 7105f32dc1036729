"""What a person asked for: the first line of a comment, or a label."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection
from decimal import Decimal, InvalidOperation
from typing import Final

from minion.domain.commands import Command, Control, Misspelt, Start, Verb

_CALL: Final = re.compile(r"^ {0,3}/minion(?![\w-])[ \t]*(.*)$", re.IGNORECASE)
_WORD: Final = re.compile(r"^ {0,3}(/[\w-]{4,12})(?:\s|$)")
_LABEL: Final = "minion"
STATE_LABELS: Final = frozenset({"minion-working", "minion-needs-human", "minion-done"})
_TEXT_LIMIT: Final = 4_000
_MOST_USD: Final = Decimal(1000)

_STARTS: Final = frozenset({Verb.IMPLEMENT, Verb.FIX, Verb.ADDRESS, Verb.PLAN})
"""Each starts the blueprint of its name, where there is one."""


def command_in(body: str, blueprints: Collection[str]) -> Command | None:
    """The command on a comment's first line, or None where there is none.

    `/minion fix --max $3 only the linter`: verb or blueprint, options, text. For what starts work the rest of the
    comment joins the text.
    """
    first, _, rest = body.lstrip("\ufeff\r\n").partition("\n")
    match = _CALL.match(first.rstrip("\r"))
    if match is None:
        return _nearly(first)
    line = match.group(1).strip()
    if not line:
        return Control(Verb.HELP)
    return _command(line, rest.strip(), blueprints)


def label_command(label: str, default_blueprint: str, blueprints: Collection[str]) -> Command | None:
    """`minion` starts the repository's default blueprint, `minion:<blueprint>` that one; others are not for us."""
    name, colon, blueprint = label.partition(":")
    if name != _LABEL:
        return None
    if not colon:
        return Start(default_blueprint)
    if blueprint in blueprints:
        return Start(blueprint)
    return Misspelt(label, _nearest(blueprint, blueprints, prefix="minion:"), f"there is no blueprint `{blueprint}`")


def starts_with_label(label: str) -> bool:
    """Whether taking this label away means: stop."""
    return label.partition(":")[0] == _LABEL


def _nearly(first: str) -> Misspelt | None:
    word = _WORD.match(first)
    if word is None or difflib.SequenceMatcher(None, word.group(1).lower(), "/minion").ratio() < 0.8:
        return None
    return Misspelt(first.strip()[:200], "/minion help", "commands begin with `/minion`")


def _command(line: str, rest: str, blueprints: Collection[str]) -> Command:
    word, _, tail = line.partition(" ")
    name = word.lower().rstrip(":,.!")
    options = _options(tail.strip(), line)
    if isinstance(options, Misspelt):
        return options
    text, max_usd = options
    full = "\n".join(part for part in (text, rest) if part)[:_TEXT_LIMIT]
    verb = next((verb for verb in Verb if verb == name), None)
    if verb in _STARTS:
        return Start(verb.value, full, max_usd)
    if verb is not None:
        return _control(verb, text, max_usd, line)
    if name in blueprints:
        return Start(name, full, max_usd)
    known = [*(verb.value for verb in Verb), *blueprints]
    return Misspelt(f"/minion {line}"[:200], _nearest(name, known, prefix="/minion "), f"there is no command `{name}`")


def _control(verb: Verb, text: str, max_usd: Decimal | None, line: str) -> Command:
    if max_usd is not None:
        return Misspelt(f"/minion {line}"[:200], f"/minion {verb.value}", f"`{verb.value}` takes no `--max`")
    return Control(verb, text)


def _options(tail: str, line: str) -> tuple[str, Decimal | None] | Misspelt:
    """Options stand at the beginning or the end of the line; what is between is text."""
    words, max_usd = tail.split(), None
    index = 0
    kept: list[str] = []
    while index < len(words):
        name, equals, value = words[index].partition("=")
        if not name.startswith("--") or len(name) == 2:
            kept.append(words[index])
            index += 1
            continue
        if name != "--max":
            return Misspelt(f"/minion {line}"[:200], "--max $3", f"there is no option `{name[:40]}`")
        amount = value if equals else next(iter(words[index + 1 : index + 2]), "")
        max_usd = _dollars(amount)
        if max_usd is None:
            return Misspelt(f"/minion {line}"[:200], "--max $3", f"`{amount[:40]}` is not an amount in dollars")
        index += 1 if equals else 2
    return " ".join(kept), max_usd


def _dollars(amount: str) -> Decimal | None:
    """Plain digits, with cents: `$3`, `3.50`. No exponents, signs or other scripts' digits."""
    plain = amount.removeprefix("$")
    if not re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,2})?", plain):
        return None
    try:
        value = Decimal(plain)
    except InvalidOperation:
        return None
    return value if 0 < value <= _MOST_USD else None


def _nearest(name: str, known: Collection[str], prefix: str = "") -> str | None:
    close = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.5)
    return f"{prefix}{close[0]}" if close else None
