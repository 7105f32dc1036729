"""The files behind GITHUB_OUTPUT, GITHUB_ENV, GITHUB_PATH, GITHUB_STATE and GITHUB_STEP_SUMMARY.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#environment-files
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

MAX_SUMMARY = 1024 * 1024
_BLOCKED_ENV = frozenset({"NODE_OPTIONS"})


class FileCommandError(ValueError):
    """The file does not follow the format; the text goes to the log."""


@dataclass(frozen=True)
class FileCommands:
    """One step's files, in a directory of their own."""

    directory: Path

    def create(self) -> None:
        self.directory.mkdir(parents=True)
        for path in self.variables().values():
            Path(path).touch()

    def variables(self) -> Mapping[str, str]:
        names = ("OUTPUT", "ENV", "PATH", "STATE", "STEP_SUMMARY")
        return {f"GITHUB_{name}": str(self.directory / name.lower()) for name in names}

    def outputs(self) -> dict[str, str]:
        return parse_pairs(self._text("output"), "output")

    def state(self) -> dict[str, str]:
        return parse_pairs(self._text("state"), "state")

    def env(self) -> dict[str, str]:
        pairs = parse_pairs(self._text("env"), "env")
        for name in pairs:
            if name.upper() in _BLOCKED_ENV:
                raise FileCommandError(f"Can't store {name} output parameter using '$GITHUB_ENV' command.")
        return pairs

    def paths(self) -> list[str]:
        return [line for line in self._text("path").splitlines() if line.strip()]

    def summary(self) -> str:
        path = self.directory / "step_summary"
        size = path.stat().st_size if path.is_file() else 0
        if size > MAX_SUMMARY:
            limit = "supports content up to a size of 1024k"
            raise FileCommandError(f"$GITHUB_STEP_SUMMARY upload aborted, {limit}, got {size // 1024}k.")
        return self._text("step_summary")

    def _text(self, name: str) -> str:
        path = self.directory / name
        # A step may have put anything in its place: only a plain file counts.
        return (
            path.read_text(encoding="utf-8-sig", errors="replace") if path.is_file() and not path.is_symlink() else ""
        )


def parse_pairs(text: str, command: str) -> dict[str, str]:
    """`name=value` lines and `name<<DELIMITER` blocks. Raises FileCommandError."""
    pairs: dict[str, str] = {}
    lines = iter(text.replace("\r\n", "\n").split("\n"))
    for line in lines:
        if not line:
            continue
        equals, heredoc = line.find("="), line.find("<<")
        if equals >= 0 and (heredoc < 0 or equals < heredoc):
            name, value = line[:equals], line[equals + 1 :]
        elif heredoc >= 0:
            name, delimiter = line[:heredoc], line[heredoc + 2 :]
            value = _block(lines, delimiter, command)
        else:
            raise _invalid(command, f"Invalid format '{line}'")
        if not name:
            raise _invalid(command, f"Invalid format '{line}'. Name must not be empty")
        pairs[name] = value
    return pairs


def _block(lines: Iterator[str], delimiter: str, command: str) -> str:
    if not delimiter:
        raise _invalid(command, "Invalid format. Delimiter must not be empty")
    body: list[str] = []
    for line in lines:
        if line == delimiter:
            return "\n".join(body)
        body.append(line)
    raise _invalid(command, f"Invalid value. Matching delimiter not found '{delimiter}'")


def _invalid(command: str, detail: str) -> FileCommandError:
    return FileCommandError(f"Unable to process file command '{command}' successfully.\n{detail}")
