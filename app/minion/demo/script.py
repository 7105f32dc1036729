"""What the scripted model says: worked out from two releases, so that no code of the project is kept here. Pure."""

from __future__ import annotations

import base64
import gzip
import shlex
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any

from minion.demo.changes import CarryFile, Change, DeleteFile, EditFile, Replacement, Tree, WriteFile, changes_between
from minion.demo.pair import Pair
from minion.demo.release_notes import headline, new_lines

Json = dict[str, Any]
HELD_BACK = (".github/", "PKG-INFO")
LONG_TEST_LIST = 8
PIECE = 100_000


def title(pair: Pair, before: Tree, after: Tree) -> str:
    """The issue's title: the first thing that the later release's notes say."""
    found = headline(new_lines(before.get(pair.notes, b""), after.get(pair.notes, b"")), pair.after)
    words = found.replace("``", "`") or f"Bring in the changes of {pair.after}"
    return words if len(words) <= 120 else words[:117].rsplit(" ", 1)[0] + "..."


def issue_body(pair: Pair) -> str:
    lines = [f"`{pair.package}` {pair.before} does not do this yet.", ""]
    if pair.proving:
        lines += ["These tests should pass afterwards:", ""]
        lines += [f"- `{test}`" for test in pair.proving[:LONG_TEST_LIST]]
        if len(pair.proving) > LONG_TEST_LIST:
            lines.append(f"- and {len(pair.proving) - LONG_TEST_LIST} more in the same files")
    lines += ["", "Keep everything else as it is."]
    return "\n".join(lines)


def script(pair: Pair, before: Tree, after: Tree, *, mended: bool) -> Json:
    """The conversations of a whole task. Round 1 leaves the release notes out; round 2 adds them if `mended`."""
    changes = changes_between(_visible(before), _visible(after))
    work = [change for change in changes if change.path != pair.notes]
    notes = [change for change in changes if change.path == pair.notes] or [_added_notes(pair, before, after)]
    repair = _mend(notes[0]) if mended else _miss(pair)
    return {
        "conversations": [
            _conversation("triage", "Decide whether this is one narrow change", _triage(pair)),
            _conversation("implement", "Carry out the spec", _implement(pair, work)),
            {"name": "judge", "match": {"tool": ["verdict"]}, "turns": [_pass()]},
            _conversation("repair", "Make the failing checks pass", repair),
        ]
    }


def _visible(tree: Tree) -> dict[str, bytes]:
    return {path: data for path, data in tree.items() if not path.startswith(HELD_BACK) and path != ".gitignore"}


def _conversation(name: str, goal: str, turns: Sequence[Json]) -> Json:
    return {"name": name, "match": {"tool": ["finish"], "contains": [goal]}, "turns": list(turns)}


def _triage(pair: Pair) -> list[Json]:
    output = {
        "fit": "do",
        "kind": "feature",
        "objective": "Carry out the change that the issue names.",
        "paths": [],
        "done_when": "The tests that the issue names pass, and no other test fails.",
        "question": "",
    }
    return [
        {
            "text": "I look at what there is.",
            "calls": [
                _call("search", files=True, glob="*.py"),
                _call("search", pattern="def test_", glob="*.py", limit=40),
            ],
        },
        {"calls": [_finish(f"One narrow change to {pair.package}, with tests that decide.", output=output)]},
    ]


def _implement(pair: Pair, changes: Sequence[Change]) -> list[Json]:
    tests = [change for change in changes if _about_tests(change)]
    code = [change for change in changes if not _about_tests(change)]
    known = [change.path for change in changes if isinstance(change, EditFile) or _overwrites(change)]
    turns: list[Json] = []
    if known:
        turns.append(
            {"text": "First the files around the change.", "calls": [_call("read", path=path) for path in known]}
        )
    if tests:
        turns.append(
            {"text": "The tests that should hold.", "calls": [call for change in tests for call in _calls(change)]}
        )
        turns.append({"calls": [_run_tests(pair)]})
    if code:
        turns.append({"text": "Now the code.", "calls": [call for change in code for call in _calls(change)]})
    turns.append({"calls": [_run_tests(pair)]})
    turns.append({"calls": [_call("verify")]})
    turns.append(
        {"calls": [_finish(_summary(changes), verified="The tests that the issue names pass, as do the others.")]}
    )
    return turns


def _mend(change: Change) -> list[Json]:
    return [
        {"text": "What failed?", "calls": [_call("task", names=["checks.failures"]), _call("read", path=change.path)]},
        {"text": "The release notes lack an entry.", "calls": _calls(change)},
        {"calls": [_finish(f"Added the entry to {change.path}.", verified="The entry follows those before it.")]},
    ]


def _miss(pair: Pair) -> list[Json]:
    """A plausible repair that does not do: the entry goes into a file of its own."""
    path = f"RELEASE-{pair.after}.md"
    content = f"# {pair.after}\n\nSee the commit.\n"
    return [
        {"text": "What failed?", "calls": [_call("task", names=["checks.failures"])]},
        {"text": "Release notes are wanted.", "calls": [_call("write", path=path, content=content)]},
        {"calls": [_finish(f"Added {path}.", verified="The gates pass.", confidence="low")]},
    ]


def _added_notes(pair: Pair, before: Tree, after: Tree) -> EditFile:
    """For a project without release notes of its own: an entry on top of the file that the demo added."""
    entry = f"# Changelog\n\n## {pair.after}\n\n- {title(pair, before, after)}.\n"
    return EditFile(pair.notes, (Replacement("# Changelog\n", entry),))


def _about_tests(change: Change) -> bool:
    return any(part.startswith("test") for part in change.path.split("/"))


def _overwrites(change: Change) -> bool:
    return isinstance(change, WriteFile) and change.exists


def _calls(change: Change) -> list[Json]:
    match change:
        case EditFile(path, replacements):
            return [_call("edit", path=path, edits=[{"old": r.old, "new": r.new} for r in replacements])]
        case WriteFile(path, content):
            return [_call("write", path=path, content=content)]
        case DeleteFile(path):
            return [_call("shell", command=f"rm -- {shlex.quote(path)}")]
        case CarryFile(path, data):
            return [_call("shell", command=command) for command in _unpacking(path, data)]


def _unpacking(path: str, data: bytes) -> list[str]:
    """Commands that write the bytes, each shorter than what one argument of a process may be (128 KiB on Linux)."""
    packed = base64.b64encode(gzip.compress(data, mtime=0)).decode()
    part = shlex.quote(f"{path}.part")
    pieces = [packed[start : start + PIECE] for start in range(0, len(packed), PIECE)]
    sending = [f"printf %s {piece} >> {part}" for piece in pieces]
    folder = shlex.quote(str(PurePosixPath(path).parent))
    return [f"mkdir -p -- {folder}", *sending, f"base64 -d {part} | gunzip > {shlex.quote(path)} && rm {part}"]


def _run_tests(pair: Pair) -> Json:
    chosen = " ".join(f"'{test}'" for test in pair.proving[:LONG_TEST_LIST])
    return _call("shell", command=f".github/ci/test.sh {chosen}".strip(), timeout=600)


def _summary(changes: Sequence[Change]) -> str:
    return f"Changed {', '.join(change.path for change in changes[:6])}{' and more' if len(changes) > 6 else ''}."


def _pass() -> Json:
    return {"calls": [_call("verdict", verdict="pass", summary="It does what the issue asks for.", reasons=[])]}


def _finish(summary: str, *, verified: str = "Read only.", confidence: str = "high", **more: Any) -> Json:
    return _call(
        "finish",
        status="done",
        summary=summary,
        verified_how=verified,
        confidence=confidence,
        risks=[],
        open_questions=[],
        **more,
    )


def _call(name: str, **arguments: Any) -> Json:
    return {"name": name, "input": arguments}
