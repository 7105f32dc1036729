"""Searching with ripgrep."""

from __future__ import annotations

import io
import subprocess
import tempfile
import threading
from pathlib import Path

from .texts import MAX_LINE, Answer, Options, Refused, located, shown, similar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO

MAX_OUTPUT = 400_000
WITHIN_S = 30


def search(options: Options, request: Answer) -> Answer:
    """Ripgrep's lines `path NUL line:text` (`line-text` around a hit, `--` between), or with `files` the paths;
    `pattern` is a regular expression.

    `looked_at` is how many files there are to look at, told only where nothing was found.
    """
    if options.rg is None:
        raise Refused("search is not available here: ripgrep is not installed")
    folder = located(options, request.get("path", "."))
    if not folder.exists():
        raise Refused(f"{request.get('path')} does not exist{similar(options, folder)}")
    if "\0" in request.get("pattern", "") or any("\0" in glob for glob in request.get("globs", [])):
        raise Refused("a pattern cannot hold a NUL character")
    where = folder_argument(options, folder)
    output, total = _ripgrep(options, [*rg_flags(request), "--", *rg_subject(request), where])
    lines = [line.removeprefix("./") for line in output.decode(errors="replace").split("\n") if line]
    found = {"lines": lines[: request.get("limit", 200)], "total": total}
    return found if total else {**found, "looked_at": _candidates(options, request, where)}


def _candidates(options: Options, request: Answer, where: str) -> int:
    return _ripgrep(options, [*_common(request), "--files", "--", where])[1]


def _ripgrep(options: Options, arguments: list[str]) -> tuple[bytes, int]:
    """(the first lines, how many lines there are); what is beyond is counted, not kept."""
    with tempfile.TemporaryFile() as errors:
        child = _started([str(options.rg), *arguments], options.root, errors)
        late = threading.Timer(WITHIN_S, child.kill)
        late.start()
        try:
            kept, total = _drained(child)
        finally:
            late.cancel()
        if child.wait() < 0:
            raise Refused(f"the search took more than {WITHIN_S} s; narrow it with path or glob")
        if child.returncode > 1 and not total:
            errors.seek(0)
            raise Refused(errors.read(2_000).decode(errors="replace").strip() or "the search failed")
        return kept, total


def _started(command: list[str], root: Path, errors: IO[bytes]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            command, cwd=root, env={}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors
        )
    except UnicodeEncodeError as error:
        raise Refused("the pattern is not valid Unicode") from error
    except OSError as error:  # E2BIG: execve(2) takes at most 128 KiB for one argument
        raise Refused(f"the search could not be started: {error.strerror}") from error


def _drained(child: subprocess.Popen[bytes]) -> tuple[bytes, int]:
    kept, total = bytearray(), 0
    with child.stdout or io.BytesIO() as stream:
        while data := stream.read(65_536):
            kept += data[: max(0, MAX_OUTPUT - len(kept))]
            total += data.count(b"\n")
    return bytes(kept), total


def folder_argument(options: Options, folder: Path) -> str:
    return "./" if folder == options.root else shown(options, folder)


def _common(request: Answer) -> list[str]:
    flags = ["--color=never", "--hidden", "--glob=!.git", "--no-messages", "--sort=path", "--no-config"]
    # a working copy's `.git` is a file: without this ripgrep would not read .gitignore in every version
    flags += ["--no-require-git"]
    return [*flags, *(f"--glob={glob}" for glob in request.get("globs", []))]


def rg_flags(request: Answer) -> list[str]:
    flags = _common(request)
    if request.get("files"):
        return [*flags, "--files"]
    width = f"--max-columns={MAX_LINE // 4}"
    flags += ["--line-number", "--no-heading", "--with-filename", "--null", width, "--max-columns-preview"]
    flags += ["--ignore-case"] if request.get("ignore_case") else []
    flags += ["--multiline"] if "\\n" in request.get("pattern", "") else []
    return [*flags, f"--context={request.get('context', 0)}"]


def rg_subject(request: Answer) -> list[str]:
    return [] if request.get("files") else [request["pattern"]]
