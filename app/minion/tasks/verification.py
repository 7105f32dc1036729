"""How a task says that it is verified: commands, which are run, and facts, which a judge looks at."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

MOST_COMMANDS: Final = 10
LONGEST_COMMAND: Final = 500

_PASSES: Final = (
    r"(?:(?:now|still|must|should|has to)\s+)*(?:pass(?:es)?|succeeds?|works?|is (?:green|clean)"
    r"|exits? (?:with )?(?:code )?0|ends? with 0|runs?(?: cleanly| through)?|(?:reports?|finds?|prints?) nothing)"
)
_IN_CODE: Final = re.compile(rf"(?:(?:run|execute):?\s+)?`([^`\n]+)`(?:\s+{_PASSES})?\s*[.!;]?", re.IGNORECASE)
_AT_PROMPT: Final = re.compile(r"`?\$\s+([^`\n]+?)`?")
_PROGRAM: Final = re.compile(r"(?:[A-Za-z_]\w*=\S*\s+)*[\w.~+-][\w./~+-]*(?:\s|$)")
_FENCE: Final = re.compile(r"^ {0,3}(`{3,}|~{3,})")


def commands(verification: Sequence[str]) -> tuple[str, ...]:
    """The lines that are commands, each once, the first ten: a whole line in backticks (`passes` may follow), or one
    that begins with `$`. A word that is no program's name, as in `parse()`, makes it a fact."""
    found = (command for line in verification if (command := _command(line)) is not None)
    return tuple(dict.fromkeys(found))[:MOST_COMMANDS]


def facts(verification: Sequence[str]) -> tuple[str, ...]:
    """All other lines."""
    run = set(commands(verification))
    return tuple(line for line in verification if _command(line) not in run)


def marked(text: str) -> str:
    """Lines of a fenced block as commands in backticks; what ends in a backslash goes on in the next line."""
    return "\n".join(_marked(text.split("\n")))


def _marked(lines: Sequence[str]) -> Iterator[str]:
    fence, begun = "", ""
    for line in lines:
        if mark := _FENCE.match(line):
            fence = "" if fence and mark.group(1).startswith(fence) else fence or mark.group(1)
            continue
        if not fence:
            yield line
            continue
        begun += line.strip()
        if begun.endswith("\\"):
            begun = begun[:-1]
            continue
        if begun and not begun.startswith("#"):
            yield begun if "`" in begun else f"`{begun.removeprefix('$ ')}`"
        begun = ""


def _command(line: str) -> str | None:
    found = _AT_PROMPT.fullmatch(line.strip()) or _IN_CODE.fullmatch(line.strip())
    if found is None:
        return None
    command = found.group(1).strip().removeprefix("$ ").strip()
    return command if len(command) <= LONGEST_COMMAND and _PROGRAM.match(command) else None
