"""Every bound of what a tool shows or takes, in one place; docs/tools.md is written from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

READ_LINES: Final = 2_000
READ_CHARACTERS: Final = 60_000
READ_LINE: Final = 2_000
FILE_BYTES: Final = 20_000_000
IMAGE_BYTES: Final = 3_750_000
IMAGE_PIXELS: Final = 8_000
FOLDER_NAMES: Final = 500
SEARCH_LINES: Final = 200
SEARCH_LINES_MOST: Final = 1_000
SEARCH_LINE: Final = 500
SEARCH_HEAD: Final = 20_000
SEARCH_TAIL: Final = 5_000
SEARCH_SECONDS: Final = 30
SHELL_HEAD: Final = 5_000
SHELL_TAIL: Final = 5_000
SHELL_COMMAND: Final = 120_000
BESIDE_HEAD: Final = 1_500
BESIDE_TAIL: Final = 2_500
FAILURES_FROM: Final = 4_000
FAILURES: Final = 20
FAILURES_CHARACTERS: Final = 4_000
EDIT_PLACES: Final = 20
EDIT_COMPARED: Final = 500_000
HISTORY_CHECKS: Final = 60
GIT_HEAD: Final = 20_000
GIT_TAIL: Final = 4_000
GIT_LOG: Final = 100
GIT_BLAME: Final = 400
GIT_SECONDS: Final = 20
WEB_BYTES: Final = 200_000
WEB_CHARACTERS: Final = 40_000
WEB_SECONDS: Final = 10
WEB_REDIRECTS: Final = 5


@dataclass(frozen=True)
class Limit:
    """`beyond`: what becomes of the rest."""

    tool: str
    what: str
    most: int
    unit: str
    beyond: str


LIMITS: Final[tuple[Limit, ...]] = (
    Limit("read", "lines of one call", READ_LINES, "lines", "the answer says where to go on"),
    Limit("read", "text of one call", READ_CHARACTERS, "characters", "the answer says where to go on"),
    Limit("read", "one line", READ_LINE, "characters", "cut, and the answer says how much is missing"),
    Limit("read", "names of a folder", FOLDER_NAMES, "names", "counted"),
    Limit("read", "an image", IMAGE_BYTES, "bytes", "refused, with its size"),
    Limit("read", "an image, a side", IMAGE_PIXELS, "pixels", "refused, with its size"),
    Limit("read, edit, write", "a file", FILE_BYTES, "bytes", "refused, with ways to see parts of it"),
    Limit("search", "lines, unless asked for more", SEARCH_LINES, "lines", "counted"),
    Limit("search", "lines, whatever is asked for", SEARCH_LINES_MOST, "lines", "counted"),
    Limit("search", "one line", SEARCH_LINE, "characters", "cut"),
    Limit("search", "the answer", SEARCH_HEAD + SEARCH_TAIL, "characters", "cut in the middle"),
    Limit("search", "the search", SEARCH_SECONDS, "seconds", "refused"),
    Limit("edit", "places named in the answer", EDIT_PLACES, "places", "counted"),
    Limit(
        "edit", "a file that is compared with itself before", EDIT_COMPARED, "characters", "taken as changed all over"
    ),
    Limit("shell", "each of stdout and stderr", SHELL_HEAD + SHELL_TAIL, "characters", "cut in the middle, kept whole"),
    Limit(
        "shell", "the same, below failures", BESIDE_HEAD + BESIDE_TAIL, "characters", "cut in the middle, kept whole"
    ),
    Limit("shell", "the command", SHELL_COMMAND, "bytes", "refused; to be written as a script"),
    Limit("shell", "output without failures put first", FAILURES_FROM, "characters", "failures are put first"),
    Limit("shell", "failures put first", FAILURES, "failures", "counted"),
    Limit("shell", "text of the failures put first", FAILURES_CHARACTERS, "characters", "each is cut to its share"),
    Limit("git.log", "commits", GIT_LOG, "commits", "the answer says so"),
    Limit("git.blame", "lines", GIT_BLAME, "lines", "the answer says where to go on"),
    Limit("git.*", "the answer", GIT_HEAD + GIT_TAIL, "characters", "cut in the middle, kept whole"),
    Limit("git.*", "the command", GIT_SECONDS, "seconds", "stopped, and told"),
    Limit("ci.history", "commits of the base branch, and of the pull request", 5, "commits", "not read"),
    Limit("ci.history", "checks of one answer", HISTORY_CHECKS, "checks", "counted; to be asked for by name"),
    Limit("web", "a page as it comes", WEB_BYTES, "bytes", "left off, and told"),
    Limit("web", "a page as it is shown", WEB_CHARACTERS, "characters", "cut in the middle, kept whole"),
    Limit("web", "a page, redirects included", WEB_SECONDS, "seconds", "refused"),
    Limit("web", "redirects", WEB_REDIRECTS, "redirects", "refused"),
)
