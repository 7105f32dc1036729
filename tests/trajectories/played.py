"""`minion run` as a process on a real project, against a model that plays an agent; and what that model was shown."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.cli.conftest import git
from tests.snapshots import compare
from tests.trajectories.projects import NPM_CACHE, Project

from minion.scripted.script import Script
from minion.scripted.server import ScriptedModel

SNAPSHOTS: Final = Path(__file__).parent / "snapshots"
Json = dict[str, Any]

_CHANGING: Final = (
    (re.compile(r"/tmp/[\w.-]+(?:/[\w.-]+)*/"), "<tmp>/"),
    (re.compile(r"\b\d+(?:\.\d+)? ?m?s\b"), "<time>"),
    (re.compile(r"\bin \d+\.\d+s\b"), "in <time>"),
    (re.compile(r"Start at .*"), "Start at <time>"),
    (re.compile(r"0x[0-9a-f]{6,}"), "<address>"),
    (re.compile(r"\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{8,64}\b"), "<sha>"),
)
_LONG: Final = 3_000


def call(name: str, **arguments: Any) -> Json:
    return {"name": name, "input": arguments}


def edit(path: str, *pairs: tuple[str, str]) -> Json:
    return call("edit", path=path, edits=[{"old": old, "new": new} for old, new in pairs])


def finish(summary: str, **more: Any) -> Json:
    said = {"status": "done", "summary": summary, "verified_how": "The tests, red before and green now."}
    return call("finish", **{**said, "confidence": "high", "risks": [], "open_questions": [], **more})


def script(objective: str, paths: Sequence[str], work: Sequence[Json]) -> Script:
    """Triage of a bug, `work` as the turns of who mends it, and a judge that passes it."""
    output = {"fit": "do", "kind": "bug", "objective": objective, "paths": list(paths), "done_when": "", "question": ""}
    verdict = call("verdict", verdict="pass", summary="It does what was asked.", reasons=[])
    return Script.of(
        {
            "conversations": [
                {"name": "judge", "match": {"tool": ["verdict"]}, "turns": [{"calls": [verdict]}]},
                {
                    "name": "triage",
                    "match": {"contains": ["Decide whether"]},
                    "turns": [{"calls": [finish("One narrow bug.", output=output)]}],
                },
                {"name": "work", "match": {"tool": ["edit"]}, "turns": list(work)},
            ],
            "min_cacheable_tokens": 1024,
        }
    )


@dataclass(frozen=True)
class Played:
    """A run that has ended: what it said, and every request that reached the model."""

    said: Json
    code: int
    errors: str
    requests: Sequence[Json]
    repository: Path

    def file(self, path: str) -> str:
        """As the branch has it."""
        return git(self.repository, "show", f"{self.said['branch']}:{path}")

    def session(self, tool: str) -> list[Json]:
        """The requests of the sessions that offer a tool."""
        bodies = [request["body"] for request in self.requests]
        return [body for body in bodies if tool in {offered["name"] for offered in body["tools"]}]

    def answers(self, tool: str = "edit") -> list[list[str]]:
        """What each turn of a session was answered, as text by call."""
        last = self.session(tool)[-1]["messages"]
        return [[_text(block) for block in message["content"]] for message in last[2:] if message["role"] == "user"]

    def tokens(self) -> Mapping[str, int]:
        found: Mapping[str, int] = self.said["receipt"]["tokens"]
        return found


def play(task: str, project: Project, played: Script, tmp_path: Path) -> Played:
    """The project in a new repository, with the home of somebody whose npm has its packages."""
    repository = tmp_path / "project"
    for path, text in project.files.items():
        (repository / path).parent.mkdir(parents=True, exist_ok=True)
        (repository / path).write_text(text)
    git(tmp_path, "init", "--quiet", "--initial-branch=main", "project")
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--message", "the release before")
    home = tmp_path / "home"
    home.mkdir()
    (home / ".npm").symlink_to(NPM_CACHE)
    with ScriptedModel(played) as model:
        environment = {"PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin", "HOME": str(home)}
        environment |= {"ANTHROPIC_BASE_URL": model.url, "ANTHROPIC_API_KEY": "sk-key", "LANG": "C.UTF-8"}
        done = subprocess.run(
            [sys.executable, "-m", "minion", "run", task, "--repo", str(repository), "--json"],
            capture_output=True,
            text=True,
            check=False,
            env=environment | dict(project.environment),
            timeout=170,
        )
    said = json.loads(done.stdout) if done.stdout else {}
    ended = Played(said, done.returncode, done.stderr, model.requests, repository)
    assert ended.session("edit"), f"no agent was asked to change anything: {said} {done.stderr}"
    (tmp_path / "seen.txt").write_text(seen(ended))
    (tmp_path / "said.json").write_text(done.stdout)
    return ended


# --- what the model saw


def seen(played: Played, tool: str = "edit") -> str:
    """The whole conversation of a session as its model had it, without what differs from run to run."""
    bodies = played.session(tool)
    names = ", ".join(offered["name"] for offered in bodies[-1]["tools"])
    lines = [f"tools: {names}", *(line for message in bodies[-1]["messages"] for line in _message(message))]
    text = "\n".join(lines) + "\n"
    for pattern, word in _CHANGING:
        text = pattern.sub(word, text)
    return re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE)


def check(name: str, told: str) -> None:
    compare(SNAPSHOTS / f"{name}.txt", told, "what the model saw")


def _message(message: Json) -> Iterator[str]:
    for block in message["content"]:
        match block["type"]:
            case "tool_use":
                yield f"\n>>> {block['name']} {json.dumps(block['input'], ensure_ascii=False)}"
            case "tool_result":
                yield f"\n<<< {'ERROR ' if block.get('is_error') else ''}\n{_short(_text(block))}"
            case _:
                yield f"\n=== {message['role']}\n{_short(_text(block))}"


def _text(block: Json) -> str:
    content = block.get("content", block.get("text", ""))
    return content if isinstance(content, str) else "\n".join(_text(inner) for inner in content)


def _short(text: str) -> str:
    """Of long files the beginning and the end: a snapshot is for reading."""
    if len(text) <= _LONG:
        return text
    return f"{text[:1200]}\n[... {len(text) - 2400} characters ...]\n{text[-1200:]}"
