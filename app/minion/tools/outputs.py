"""Long outputs, made fit for a model: labelled, without terminal codes, cut in the middle, kept whole in a file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from minion.ports.sandbox import BoxResult
from minion.tools.failures import Failures, failures_in
from minion.tools.limits import BESIDE_HEAD, BESIDE_TAIL, FAILURES_FROM, SHELL_HEAD, SHELL_TAIL

# CSI, OSC (ended by BEL or ST), and two-character escapes (ECMA-48, https://ecma-international.org/publications-and-standards/standards/ecma-48/).
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[PX^_][^\x1b]*\x1b\\|[ -/]*[0-~])")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2066-\u2069]")


def plain(data: bytes) -> str:
    """Text without terminal codes; of a line that was overwritten by carriage returns only the last state remains."""
    text = _ANSI.sub("", data.decode("utf-8", errors="replace")).replace("\r\n", "\n")
    lines = (line.rstrip("\r").rsplit("\r", 1)[-1] for line in text.split("\n"))
    return _CONTROL.sub("", "\n".join(lines))


def cut_middle(text: str, head: int = SHELL_HEAD, tail: int = SHELL_TAIL) -> str:
    if len(text) <= head + tail:
        return text
    return f"{text[:head]}\n[… {len(text) - head - tail} characters left out …]\n{text[-tail:]}"


_RUN = re.compile(r"([^\w\s])\1{99,}")
_RUN_KEPT = 20
_FOLDED_UP_TO = 400_000
"""Characters: looking for runs in more than that takes a while, and most of it is cut anyway."""


def folded(text: str) -> str:
    """Of a hundred or more equal marks in a row (dots, dashes) the first, and how many follow."""
    if len(text) > _FOLDED_UP_TO:
        return text
    return _RUN.sub(lambda run: f"{run[0][:_RUN_KEPT]}[… {len(run[0]) - _RUN_KEPT} more]", text)


LONGEST = 60_000
_HIDDEN = re.compile(
    "[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufe00-\ufe0f\U000e0000-\U000e007f\U000e0100-\U000e01ef]"
)
"""Zero-width, bidirectional, tag and variation-selector characters (https://www.unicode.org/reports/tr36/)."""


def without_hidden(text: str) -> str:
    """Without characters that people cannot see."""
    return _CONTROL.sub("", _HIDDEN.sub("", text))


def labelled(path: str, text: str) -> str:
    """Without characters that people cannot see, and wrapped so that nothing inside can pretend to be outside."""
    seen, hidden = _HIDDEN.subn("", text)
    notes = [f"[{hidden} invisible characters taken out]"] if hidden else []
    notes += [f"[cut: {len(seen) - LONGEST} more characters]"] if len(seen) > LONGEST else []
    inside = seen[:LONGEST].replace("</untrusted", "<\u200b/untrusted")
    return "\n".join([f'<untrusted source="{path}">', inside, *notes, "</untrusted>"])


class OutputStore:
    """Numbers the whole texts and keeps them as `<directory>/<number>.txt`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def keep(self, text: str) -> Path:
        self._directory.mkdir(parents=True, exist_ok=True)
        number = sum(1 for _ in self._directory.glob("*.txt")) + 1
        while True:  # calls that run at the same time count the same files
            path = self._directory / f"{number:04}.txt"
            try:
                with path.open("x", encoding="utf-8") as file:
                    file.write(text)
            except FileExistsError:
                number += 1
            else:
                return path


def kept_whole(text: str, store: OutputStore, head: int, tail: int) -> str:
    """Cut in the middle where it is too long, with the name of the file that holds all of it."""
    if len(text) <= head + tail:
        return text
    return f"{cut_middle(text, head, tail)}\nThe whole output: read {store.keep(text)}"


def label(result: BoxResult, store: OutputStore) -> str:
    """The result of a command as the model reads it: where it failed at length, the failures first."""
    whole = {"stdout": plain(result.stdout).strip("\n"), "stderr": plain(result.stderr).strip("\n")}
    streams = {name: folded(text) for name, text in whole.items() if text}
    longest = max(map(len, streams.values()), default=0)
    failures = _failures(*whole.values()) if result.exit_code != 0 and longest > FAILURES_FROM else None
    head, tail = (SHELL_HEAD, SHELL_TAIL) if failures is None else (BESIDE_HEAD, BESIDE_TAIL)
    shown = {name: cut_middle(text, head, tail) for name, text in streams.items()}
    parts = _parts(_status(result), None if failures is None else failures.shown(), shown)
    if longest > head + tail:
        path = store.keep("".join(f"=== {name}\n{text}\n" for name, text in whole.items()))
        parts.append(f"The whole output: read {path}")
    return "\n".join(parts)


def _parts(status: str, failures: str | None, shown: Mapping[str, str]) -> list[str]:
    """One stream alone needs no end: its name stands beside the status."""
    match list(shown.items()):
        case [(name, text)] if failures is None:
            return [f"{status}, {name}:", text]
        case []:
            return [f"{status}, no output"]
        case several:
            tagged = [f"<{name}>\n{text}\n</{name}>" for name, text in several]
            return [status, *([] if failures is None else [failures]), *tagged]


def _failures(stdout: str, stderr: str) -> Failures | None:
    return failures_in(stdout) or failures_in(stderr)


def _status(result: BoxResult) -> str:
    if result.timed_out:
        return f"timed out after {result.seconds:.0f} s and was killed, with everything it had started"
    if result.exit_code < 0:
        return f"killed by signal {-result.exit_code}"
    return f"exit code {result.exit_code}"
