"""Writing: exact edits and whole files, refused where they would break a sound syntax."""

from __future__ import annotations

import ast
import difflib
import json
import os
import re
from pathlib import Path

from .texts import MAX_FILE, Answer, Options, Refused, Text, contents, cut, digest, lines_of, located, shown

MAX_COMPARED = 500_000
MOST_PLACES = 8
MOST_CANDIDATES = 2_000
LONGEST_COMPARED = 400
_NUMBERED = re.compile(r"^ *\d+\t", re.MULTILINE)


def edit(options: Options, request: Answer) -> Answer:
    """Applies `edits` [{old, new, all}] in order, all or none. `expect` is the SHA-256 that the caller read."""
    real = located(options, request["path"], writing=True)
    data = contents(options, real, request["path"])
    unchanged(data, request)
    stored = Text(data, request["path"])
    text = stored.text
    for number, change in enumerate(request["edits"], 1):
        text = applied(text, change, f"edit {number}: " if len(request["edits"]) > 1 else "", crlf=stored.crlf)
    if text == stored.text:
        raise Refused("the edits change nothing")
    refuse_broken(real, stored.text, text)
    return {**saved(options, real, stored.stored(text)), **compared(stored.text, text)}


def unchanged(data: bytes, request: Answer) -> None:
    if digest(data) != request["expect"]:
        raise Refused(f"{request['path']} has changed since it was read; read it again")


def applied(text: str, change: Answer, label: str, *, crlf: bool = False) -> str:
    old, new = change["old"], change["new"]
    if crlf:
        old = old.replace("\r\n", "\n")
    if not old:
        raise Refused(f"{label}old is empty; to make a new file use write")
    count = text.count(old)
    if count == 0:
        raise Refused(f"{label}old was not found. {nearest(text, old)}")
    if count > 1 and not change.get("all"):
        raise Refused(f"{label}old occurs {count} times, {places(text, old)}; add lines around it, or set all: true")
    if len(text) + count * (len(new) - len(old)) > MAX_FILE:
        raise Refused(f"{label}the file would have more than {MAX_FILE} characters")
    return text.replace(old, new)


def places(text: str, old: str) -> str:
    """`in lines 3, 9 and 2 more`."""
    found: list[int] = []
    at = text.find(old)
    while at >= 0 and len(found) <= MOST_PLACES:
        found.append(text.count("\n", 0, at) + 1)
        at = text.find(old, at + len(old))
    more = text.count(old) - MOST_PLACES
    listed = ", ".join(map(str, found[:MOST_PLACES]))
    return f"from lines {listed}" + (f" and {more} more" if more > 0 else "")


def nearest(text: str, old: str) -> str:
    """Where the text that was meant probably is: the same but for line numbers or white space, else the likest line."""
    plain = _NUMBERED.sub("", old)
    if plain != old and plain in text:
        return "It begins its lines with numbers, which are not in the file: leave them out."
    lines, wanted = text.split("\n"), [line.strip() for line in old.strip("\n").split("\n")]
    bare = [line.strip() for line in lines]
    for at in range(len(bare) - len(wanted) + 1):
        if bare[at] == wanted[0] and bare[at : at + len(wanted)] == wanted:
            return "Only white space differs from " + exactly(lines, at, len(wanted))
    key = max(wanted, key=len)
    close = difflib.get_close_matches(key[:LONGEST_COMPARED], candidates(bare, key), n=1, cutoff=0.6)
    if not close:
        return "Nothing like it is in the file; read it again."
    at = max(0, bare.index(close[0]) - wanted.index(key))
    return "The nearest place is " + exactly(lines, at, max(3, min(len(wanted), 20)))


def candidates(bare: list[str], key: str) -> list[str]:
    """Lines of about the same length: so few and so short that comparing them takes a moment at the most."""
    size = min(len(key), LONGEST_COMPARED)
    fit = (line for line in dict.fromkeys(bare) if size // 2 <= len(line) <= min(2 * size, LONGEST_COMPARED))
    return [line for line, _ in zip(fit, range(MOST_CANDIDATES), strict=False)]


def exactly(lines: list[str], at: int, count: int) -> str:
    """To be copied: without line numbers."""
    part = lines[at : at + count]
    where = f"lines {at + 1}-{at + len(part)}" if len(part) > 1 else f"line {at + 1}"
    return f"{where}, exactly:\n" + "\n".join(cut(line) for line in part)


def write(options: Options, request: Answer) -> Answer:
    """Makes a file, or replaces the one whose SHA-256 is `expect`."""
    real = located(options, request["path"], writing=True)
    text = request["text"]
    if real.exists():
        data = contents(options, real, request["path"])
        if request.get("expect") is None:
            raise Refused(f"{request['path']} exists and was not read; read it first")
        unchanged(data, request)
        stored = Text(data, request["path"])
        refuse_broken(real, stored.text, text)
        facts = {"created": False, "note": "", "hunks": compared(stored.text, text)["hunks"]}
        return {**saved(options, real, stored.stored(text)), **facts}
    problem = syntax_problem(real, text)
    data = encoded(text)
    real.parent.mkdir(parents=True, exist_ok=True)
    facts = {"created": True, "note": problem or "", "hunks": [[0, 0, 1, len(lines_of(text))]]}
    return {**saved(options, real, data), **facts}


def saved(options: Options, real: Path, data: bytes) -> Answer:
    """Through a new file and a rename, so that a reader never sees half and a hard link elsewhere stays as it was."""
    mode = real.stat().st_mode & 0o777 if real.exists() else 0o644
    beside = real.with_name(f".minion-{os.urandom(8).hex()}")
    try:
        with beside.open("xb") as stream:
            stream.write(data)
        beside.chmod(mode)
        beside.replace(real)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    return {"real": shown(options, real), "sha": digest(data), "size": len(data)}


def encoded(text: str) -> bytes:
    try:
        data = text.encode()
    except UnicodeEncodeError as error:
        raise Refused("the content is not valid Unicode") from error
    if len(data) > MAX_FILE:
        raise Refused(f"the content has {len(data)} bytes; the most is {MAX_FILE}")
    return data


def compared(before: str, after: str) -> Answer:
    """`hunks`: [first old line, old lines, first new line, new lines] of each change; of big files one over all."""
    if max(len(before), len(after)) > MAX_COMPARED:
        return {"hunks": [[1, before.count("\n") + 1, 1, after.count("\n") + 1]]}
    rows = list(difflib.unified_diff(lines_of(before), lines_of(after), lineterm="", n=2))[2:]
    return {"hunks": hunks(rows)}


def hunks(rows: list[str]) -> list[list[int]]:
    found: list[list[int]] = []
    old = new = 0
    inside = False
    for row in rows:
        if row.startswith("@@"):
            old, new = (int(number) for number in re.findall(r"[-+](\d+)", row)[:2])
        if row.startswith(("@@", " ")):
            old, new, inside = old + (row[0] == " "), new + (row[0] == " "), False
            continue
        if not inside:
            found.append([old, 0, new, 0])
        inside = True
        added = row.startswith("+")
        found[-1][3 if added else 1] += 1
        old, new = old + (not added), new + added
    return found


# --- syntax


def refuse_broken(real: Path, before: str, after: str) -> None:
    problem = syntax_problem(real, after)
    if problem is not None and syntax_problem(real, before) is None:
        raise Refused(f"this would break the file's syntax, which is sound now: {problem}")


def syntax_problem(real: Path, text: str) -> str | None:
    """None for sound text and for languages that are not checked."""
    try:
        match real.suffix:
            case ".py" | ".pyi":
                ast.parse(text)
            case ".json":
                json.loads(text)
            case ".toml":
                import tomllib

                tomllib.loads(text)
            case ".js" | ".mjs" | ".cjs":
                from .scripts import javascript_problem

                return javascript_problem(text)
            case _:
                pass
    except SyntaxError as error:
        return f"line {error.lineno}: {error.msg}"
    except (ValueError, RecursionError, MemoryError) as error:
        return str(error)[:300] or type(error).__name__
    return None
