"""The boxed file server: one file, standard library only, run inside the box as `python -I -S server.py WORKSPACE`.

Each line of its input is a request, each line of its output an answer, both JSON objects. Paths are relative to the
workspace or absolute. A symbolic link may lead anywhere: there is nothing else in the box to reach; writing is refused
outside the workspace, and `real` in the answers says which file it really was.
"""

from __future__ import annotations

import ast
import base64
import difflib
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

Answer = dict[str, Any]

MAX_FILE = 20_000_000
MAX_IMAGE = 5_000_000
MAX_LINE = 2_000
MAX_COMPARED = 500_000
MAX_SEARCH_OUTPUT = 400_000
SEARCH_WITHIN_S = 30
IMAGES = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif"}
BOM = b"\xef\xbb\xbf"


class Refused(Exception):  # noqa: N818 -- an answer, not an accident
    """The request cannot be served; the message is for the model."""


class Options:
    """The command line: WORKSPACE [--rg=PATH] [--readable=PATH]..."""

    def __init__(self, arguments: list[str]) -> None:
        self.root = Path(arguments[0]).resolve()
        flags = [argument.split("=", 1) for argument in arguments[1:]]
        self.rg = next((value for name, value in flags if name == "--rg"), None)
        self.readable = tuple(Path(value).resolve() for name, value in flags if name == "--readable")


# --- paths and bytes


def located(options: Options, path: str, writing: bool = False) -> Path:
    real = (options.root / path).resolve()
    folders = (options.root,) if writing else (options.root, *options.readable)
    if not any(real.is_relative_to(folder) for folder in folders):
        raise Refused(f"{path} is outside the workspace")
    return real


def shown(options: Options, real: Path) -> str:
    """The path as the model should see it: relative in the workspace, else absolute."""
    return str(real.relative_to(options.root) if real.is_relative_to(options.root) else real)


def contents(real: Path, path: str) -> bytes:
    if real.is_dir():
        raise Refused(f"{path} is a folder; list it with search and files: true")
    if not real.is_file():
        raise Refused(f"{path} is not an ordinary file" if real.exists() else f"{path} does not exist")
    size = real.stat().st_size
    if size > MAX_FILE:
        raise Refused(f"{path} has {size} bytes; the most that can be opened is {MAX_FILE}")
    with real.open("rb") as stream:
        return stream.read(MAX_FILE + 1)


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def image_type(data: bytes) -> str | None:
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for magic, kind in IMAGES.items() if data.startswith(magic)), None)


class Text:
    """A text file's characters with how they were stored, so that writing changes nothing else."""

    def __init__(self, data: bytes, path: str) -> None:
        if b"\0" in data[:8192]:
            raise Refused(f"{path} is a binary file")
        self.bom = data.startswith(BOM)
        body = data[len(BOM) :] if self.bom else data
        try:
            self.text, self.encoding = body.decode("utf-8"), "utf-8"
        except UnicodeDecodeError:
            self.text, self.encoding = body.decode("latin-1"), "latin-1"
        self.crlf = "\r\n" in self.text and self.text.count("\r\n") == self.text.count("\n")
        if self.crlf:
            self.text = self.text.replace("\r\n", "\n")

    def stored(self, text: str) -> bytes:
        if self.crlf:
            text = text.replace("\r\n", "\n").replace("\n", "\r\n")
        try:
            body = text.encode(self.encoding)
        except UnicodeEncodeError as error:
            raise Refused(f"the file is {self.encoding}; it cannot hold {error.object[error.start]!r}") from error
        return BOM + body if self.bom else body


# --- reading


def stat(options: Options, request: Answer) -> Answer:
    real = located(options, request["path"])
    return {"real": shown(options, real), "exists": real.exists(), "folder": real.is_dir()}


def read(options: Options, request: Answer) -> Answer:
    """Lines `start` (from 1) to `start + count - 1`, each cut at 2,000 characters; or an image, as base64."""
    real = located(options, request["path"])
    data = contents(real, request["path"])
    facts = {"real": shown(options, real), "sha": digest(data), "size": len(data)}
    kind = image_type(data)
    if kind is not None:
        if len(data) > MAX_IMAGE:
            raise Refused(
                f"{request['path']} is an image of {len(data)} bytes; the most that can be shown is {MAX_IMAGE}"
            )
        return {**facts, "kind": "image", "media_type": kind, "base64": base64.b64encode(data).decode()}
    text = notebook(data) if real.suffix == ".ipynb" else Text(data, request["path"]).text
    lines = text.splitlines()
    first = max(1, request.get("start", 1))
    part = [cut(line) for line in lines[first - 1 : first - 1 + request.get("count", 2000)]]
    return {**facts, "kind": "text", "lines": part, "start": first, "total": len(lines)}


def cut(line: str) -> str:
    return line if len(line) <= MAX_LINE else f"{line[:MAX_LINE]} … [{len(line) - MAX_LINE} more characters]"


def notebook(data: bytes) -> str:
    """The cells of a Jupyter notebook as text (https://nbformat.readthedocs.io/en/latest/format_description.html)."""
    try:
        cells = json.loads(data)["cells"]
        return "\n".join(line for number, cell in enumerate(cells, 1) for line in cell_lines(number, cell))
    except (ValueError, KeyError, TypeError, AttributeError):
        return data.decode(errors="replace")


def cell_lines(number: int, cell: Answer) -> list[str]:
    outputs = [joined(out.get("text") or out.get("data", {}).get("text/plain", "")) for out in cell.get("outputs", [])]
    shown_outputs = [f"[output]\n{out}" for out in outputs if out]
    return [f"# --- cell {number} ({cell['cell_type']})", joined(cell["source"]), *shown_outputs]


def joined(value: str | list[str]) -> str:
    return value if isinstance(value, str) else "".join(value)


# --- searching


def search(options: Options, request: Answer) -> Answer:
    """Ripgrep's lines `path:line:text`, or with `files` the paths; `pattern` is a regular expression."""
    if options.rg is None:
        raise Refused("search is not available here: ripgrep is not installed")
    folder = located(options, request.get("path", "."))
    if not folder.exists():
        raise Refused(f"{request.get('path')} does not exist")
    command = [options.rg, *rg_flags(request), "--", *rg_subject(request), folder_argument(options, folder)]
    try:
        done = subprocess.run(
            command,
            cwd=options.root,
            env={},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SEARCH_WITHIN_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise Refused(f"the search took more than {SEARCH_WITHIN_S} s; narrow it with path or glob") from error
    if done.returncode > 1 and not done.stdout:
        raise Refused(done.stderr.decode(errors="replace").strip()[:2000] or "the search failed")
    return found(done.stdout, request.get("limit", 200))


def folder_argument(options: Options, folder: Path) -> str:
    return "./" if folder == options.root else shown(options, folder)


def rg_flags(request: Answer) -> list[str]:
    flags = ["--color=never", "--hidden", "--glob=!.git", "--no-messages", "--sort=path", "--no-config"]
    flags += [f"--glob={glob}" for glob in request.get("globs", [])]
    if request.get("files"):
        return [*flags, "--files"]
    flags += [
        "--line-number",
        "--no-heading",
        "--with-filename",
        f"--max-columns={MAX_LINE // 4}",
        "--max-columns-preview",
    ]
    flags += ["--ignore-case"] if request.get("ignore_case") else []
    flags += ["--multiline"] if "\\n" in request.get("pattern", "") else []
    return [*flags, f"--context={request.get('context', 0)}"]


def rg_subject(request: Answer) -> list[str]:
    return [] if request.get("files") else [request["pattern"]]


def found(output: bytes, limit: int) -> Answer:
    lines = [line.removeprefix("./") for line in output[:MAX_SEARCH_OUTPUT].decode(errors="replace").splitlines()]
    total = output.count(b"\n")
    return {"lines": lines[:limit], "total": total}


# --- writing


def edit(options: Options, request: Answer) -> Answer:
    """Applies `edits` [{old, new, all}] in order, all or none. `expect` is the SHA-256 that the caller read."""
    real = located(options, request["path"], writing=True)
    data = contents(real, request["path"])
    unchanged(data, request)
    stored = Text(data, request["path"])
    text = stored.text
    for number, change in enumerate(request["edits"], 1):
        text = applied(text, change, f"edit {number}: " if len(request["edits"]) > 1 else "")
    if text == stored.text:
        raise Refused("the edits change nothing")
    refuse_broken(real, stored.text, text)
    rows = difference(stored.text, text)
    return {**saved(options, real, stored.stored(text)), "diff": shortened(rows), "hunks": hunks(rows)}


def unchanged(data: bytes, request: Answer) -> None:
    if digest(data) != request["expect"]:
        raise Refused(f"{request['path']} has changed since it was read; read it again")


def applied(text: str, change: Answer, label: str) -> str:
    old, new = change["old"], change["new"]
    if not old:
        raise Refused(f"{label}old is empty; to make a new file use write")
    count = text.count(old)
    if count == 0:
        raise Refused(f"{label}old was not found. {nearest(text, old)}")
    if count > 1 and not change.get("all"):
        raise Refused(f"{label}old occurs {count} times; add lines around it, or set all: true")
    return text.replace(old, new)


def nearest(text: str, old: str) -> str:
    """Where the text that was meant probably is: the same but for white space, else the likest first line."""
    lines, wanted = text.split("\n"), [line.strip() for line in old.strip("\n").split("\n")]
    bare = [line.strip() for line in lines]
    for at in range(len(bare) - len(wanted) + 1):
        if bare[at : at + len(wanted)] == wanted:
            return "Only white space differs here:\n" + numbered(lines, at, len(wanted))
    close = difflib.get_close_matches(max(wanted, key=len), bare[:20_000], n=1, cutoff=0.6)
    if not close:
        return "Nothing like it is in the file; read it again."
    at = max(0, bare.index(close[0]) - wanted.index(max(wanted, key=len)))
    return "The nearest place is:\n" + numbered(lines, at, max(3, min(len(wanted), 20)))


def numbered(lines: list[str], at: int, count: int) -> str:
    return "\n".join(f"{number:6}\t{cut(line)}" for number, line in enumerate(lines[at : at + count], at + 1))


def write(options: Options, request: Answer) -> Answer:
    """Makes a file, or replaces the one whose SHA-256 is `expect`."""
    real = located(options, request["path"], writing=True)
    text, note = request["text"], ""
    if real.exists():
        data = contents(real, request["path"])
        if request.get("expect") is None:
            raise Refused(f"{request['path']} exists and was not read; read it first")
        unchanged(data, request)
        stored = Text(data, request["path"])
        refuse_broken(real, stored.text, text)
        changed = hunks(difference(stored.text, text)) if len(text) < MAX_COMPARED else whole(stored.text, text)
        return {**saved(options, real, stored.stored(text)), "created": False, "note": note, "hunks": changed}
    problem = syntax_problem(real, text)
    real.parent.mkdir(parents=True, exist_ok=True)
    facts = {"created": True, "note": problem or "", "hunks": [[0, 0, 1, len(text.splitlines())]]}
    return {**saved(options, real, text.encode()), **facts}


def saved(options: Options, real: Path, data: bytes) -> Answer:
    """Through a new file and a rename, so that a reader never sees half and a hard link elsewhere stays as it was."""
    mode = real.stat().st_mode & 0o777 if real.exists() else 0o644
    handle, name = tempfile.mkstemp(dir=real.parent, prefix=".minion-")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        Path(name).chmod(mode)
        Path(name).replace(real)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return {"real": shown(options, real), "sha": digest(data), "size": len(data)}


def difference(before: str, after: str) -> list[str]:
    """The rows of a unified diff, without its heading."""
    return list(difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=2))[2:]


def whole(before: str, after: str) -> list[list[int]]:
    return [[1, before.count("\n") + 1, 1, after.count("\n") + 1]]


def shortened(rows: list[str]) -> str:
    return "\n".join(cut(row) for row in rows)[:6000]


def hunks(rows: list[str]) -> list[list[int]]:
    """[first old line, old lines, first new line, new lines] of each change in the rows, without context."""
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
                tomllib.loads(text)
            case _:
                pass
    except SyntaxError as error:
        return f"line {error.lineno}: {error.msg}"
    except (ValueError, RecursionError) as error:
        return str(error)[:300]
    return None


# --- the loop

OPERATIONS = {"stat": stat, "read": read, "search": search, "edit": edit, "write": write}
_CONTROL = re.compile(r"[\ud800-\udfff]")


def answer(options: Options, line: str) -> Answer:
    try:
        request = json.loads(line)
        return {"ok": True, **OPERATIONS[request["op"]](options, request)}
    except Refused as refusal:
        return {"ok": False, "error": str(refusal)}
    except OSError as error:
        return {"ok": False, "error": f"{error.strerror}: {error.filename or ''}".rstrip(": ")}
    except (ValueError, KeyError, TypeError) as error:
        return {"ok": False, "error": f"not a valid request: {type(error).__name__}: {error}"}


def main() -> None:
    options = Options(sys.argv[1:])
    for line in sys.stdin:
        sys.stdout.write(_CONTROL.sub("\N{REPLACEMENT CHARACTER}", json.dumps(answer(options, line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
