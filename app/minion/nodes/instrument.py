"""Getting a machine-readable report out of a command, where its kind is known."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

RUN_BY = (
    r"^\s*(?:\w+=\S+\s+)*(?:(?:uv|poetry|pdm|hatch|pipenv)\s+run\s+)?(?:(?:\S*/)?python[\d.]*\s+-m\s+)?(?:[\w./-]*/)?"
)
_PYTEST = re.compile(RUN_BY + r"(?:pytest|py\.test)(?=\s|$)")
_RUFF = re.compile(RUN_BY + r"ruff\s+check(?=\s|$)")
SHELL = re.compile(r"[|<>`\n]|\$\(")


READ_FROM_STDOUT = frozenset({"sarif", "json", "lines"})
LISTS = frozenset({"lines"})
"""What is printed is for people as well."""


@dataclass(frozen=True)
class Script:
    """`text` is for `bash -c`. The report comes after `mark` in stdout, or is all of stdout where `mark` is empty."""

    text: str
    kind: str | None = None
    mark: str = ""

    def split(self, stdout: str) -> tuple[str, str | None]:
        """(what people read, the report)"""
        if self.kind is None:
            return stdout, None
        if self.kind in LISTS and not self.mark:
            return stdout, stdout
        if not self.mark:
            return "", stdout
        shown, found, report = stdout.rpartition(self.mark)
        return (shown.rstrip(), report.strip() or None) if found else (stdout, None)


def instrument(command: str, parse: str | None) -> Script:
    """The command with its report asked for, or as it is. The exit code stays the command's own.

    Only the last of commands joined by `&&` or `;` is looked at, and nothing that has pipes or redirections.
    """
    last = re.split(r"&&|;", command)[-1]
    if SHELL.search(command):
        return Script(command, parse if parse in READ_FROM_STDOUT else None)
    if _PYTEST.search(last) and "--junit" not in last and parse in {None, "junit"}:
        return _with_file(command, "--junitxml")
    if _RUFF.search(last) and "--output-format" not in last and parse in {None, "ruff"}:
        return Script(f"{command} --output-format=json", "ruff")
    return Script(command, parse if parse in READ_FROM_STDOUT else None)


def _with_file(command: str, option: str) -> Script:
    """The report goes to a file of the box's own /tmp and is printed after a mark that nobody can guess."""
    mark = f"===report-{secrets.token_hex(12)}==="
    text = (
        f'report=$(mktemp); {command} {option}="$report"; code=$?; '
        f"printf '\\n%s\\n' '{mark}'; cat \"$report\"; exit $code"
    )
    return Script(text, "junit", mark)
