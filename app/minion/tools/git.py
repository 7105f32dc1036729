"""What the tools for reading history share: git in the box, on a repository that is read-only there.

The repository's configuration is ours, without hooks and drivers; what is given here outranks it all the same
(https://git-scm.com/docs/git#Documentation/git.txt-GITCONFIGCOUNT), so that a tree's own could do nothing either.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from minion.ports.sandbox import BoxCommand
from minion.tools.base import ToolResult
from minion.tools.bench import ToolBench
from minion.tools.limits import GIT_HEAD, GIT_SECONDS, GIT_TAIL
from minion.tools.outputs import OutputStore, kept_whole, labelled, plain

_ARGUMENT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./~^@{}+-]{0,199}")
_OVERRIDES = {
    "core.hooksPath": "/dev/null",
    "core.fsmonitor": "false",
    "core.attributesFile": "/dev/null",
    "core.pager": "cat",
    "diff.external": "",
    "log.showSignature": "false",
    "color.ui": "false",
}
_ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C.UTF-8",
}


def git(bench: ToolBench, arguments: Sequence[str], nothing: str) -> ToolResult:
    """What git says, labelled as what others wrote; `nothing` where it says nothing."""
    said = run(bench, arguments)
    if isinstance(said, ToolResult):
        return said
    text = kept_whole(said, OutputStore(bench.output_dir), GIT_HEAD, GIT_TAIL) if said else nothing
    return ToolResult(labelled(f"git {arguments[0]}", text))


def run(bench: ToolBench, arguments: Sequence[str]) -> str | ToolResult:
    """Standard output, or the refusal."""
    overrides = [part for name, value in _OVERRIDES.items() for part in ("-c", f"{name}={value}")]
    result = bench.sandbox.run(
        BoxCommand(["git", "--no-pager", *overrides, *arguments], timeout_s=GIT_SECONDS, env=_ENVIRONMENT)
    )
    if result.timed_out:
        return ToolResult(f"git took more than {GIT_SECONDS} s; ask for less", error=True)
    if result.exit_code != 0:
        words = plain(result.stderr).strip() or f"exit code {result.exit_code}"
        return ToolResult(f"git {arguments[0]}: {words[:1_000]}", error=True)
    return plain(result.stdout).strip("\n")


def bad_name(text: str) -> ToolResult | None:
    """None where it can be the name of a commit: https://git-scm.com/docs/gitrevisions, without spaces and `:`."""
    if _ARGUMENT.fullmatch(text) and ".." not in text:
        return None
    return ToolResult(f"{text[:100]!r} is no name of a commit; give a hash, HEAD, or such as HEAD~3", error=True)


def bad_path(text: str) -> ToolResult | None:
    """None where execve(2) and git take it as a path."""
    if "\0" in text or len(text) > 4_000 or any("\ud800" <= character <= "\udfff" for character in text):
        return ToolResult("there is no such path", error=True)
    return None


def paths(path: str) -> list[str]:
    return ["--", path] if path else []
