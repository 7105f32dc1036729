"""Who is measured: how each is started, and in which words the model speaks to it."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.bench import project
from tests.bench.child import ENVIRONMENT, MINION, ROOT
from tests.bench.peers import vocabularies as words
from tests.bench.peers.vocabularies import Turn, Vocabulary, call, spoken

PEERS = ROOT / ".cache" / "peers"
HERE = Path(__file__).parent
MODEL = "claude-sonnet-4-5-20250929"
"""One that all of them know; nothing that is measured depends on it."""
NODE = Path(shutil.which("node") or "/usr/bin/node").parent
KEY = "sk-bench"


@dataclass(frozen=True)
class Stage:
    """One run: the goal, the model's address, and an empty home."""

    goal: str
    url: str
    home: Path


def python_of(home: Path) -> Path:
    """The environment whose `python3` the commands of every client find, also in a box that shows version managers'
    tools: else one would run a machine's Python, with all that its site-packages start, and another a bare one."""
    return home / ".pyenv" / "versions" / "bench"


@dataclass(frozen=True)
class Launch:
    argv: Sequence[str | Path]
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Client:
    """`program` is what has to be there. `talk` are conversations beside the transcript's (`server.Run`); the result is
    in the folder, or for `on_branch` on a branch."""

    name: str
    program: Path
    vocabulary: Vocabulary
    launch: Callable[[Stage], Launch]
    talk: Sequence[Mapping[str, Any]] = ()
    on_branch: bool = False

    @property
    def installed(self) -> bool:
        return self.program.exists()

    def environment(self, stage: Stage, launch: Launch) -> dict[str, str]:
        asked = {"HOME": str(stage.home), "ANTHROPIC_BASE_URL": stage.url, "ANTHROPIC_API_KEY": KEY}
        path = f"{python_of(stage.home) / 'bin'}:{ENVIRONMENT['PATH']}:{NODE}"
        return {**ENVIRONMENT, "PATH": path, **asked, **launch.environment}


def _floor(stage: Stage) -> Launch:
    return Launch([sys.executable, HERE / "floor.py", stage.url, stage.goal])


def _minion(*options: str) -> Callable[[Stage], Launch]:
    return lambda stage: Launch([MINION, "run", stage.goal, "--json", *options])


def _claude(*options: str) -> Callable[[Stage], Launch]:
    quiet = {"IS_SANDBOX": "1", "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_AUTOUPDATER": "1"}
    flags: list[str] = ["--output-format", "json", "--dangerously-skip-permissions", *options]
    return lambda stage: Launch([CLAUDE, "-p", stage.goal, *flags, "--model", MODEL], quiet)


def _pi(stage: Stage) -> Launch:
    models = {"providers": {"anthropic": {"baseUrl": stage.url}}}
    folder = stage.home / ".pi" / "agent"
    folder.mkdir(parents=True)
    (folder / "models.json").write_text(json.dumps(models))
    argv: list[str | Path] = [
        PI,
        "-p",
        "--no-session",
        "--provider",
        "anthropic",
        "--model",
        MODEL,
        "--thinking",
        "off",
        stage.goal,
    ]
    return Launch(argv, {"PI_OFFLINE": "1", "PI_SKIP_VERSION_CHECK": "1"})


def _opencode(stage: Stage) -> Launch:
    provider = {"anthropic": {"options": {"baseURL": f"{stage.url}/v1", "apiKey": KEY}}}
    settings = {"provider": provider, "permission": "allow", "autoupdate": False, "share": "disabled"}
    quiet = {"OPENCODE_CONFIG_CONTENT": json.dumps(settings), "OPENCODE_DISABLE_MODELS_FETCH": "1"}
    argv: list[str | Path] = [OPENCODE, "run", "--model", f"anthropic/{MODEL}", stage.goal]
    return Launch(argv, quiet | {"OPENCODE_DISABLE_AUTOUPDATE": "1", "OPENCODE_DISABLE_LSP_DOWNLOAD": "1"})


def _mini(stage: Stage) -> Launch:
    quiet = {
        "MSWEA_CONFIGURED": "true",
        "MSWEA_COST_TRACKING": "ignore_errors",
        "MSWEA_SILENT_STARTUP": "1",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "ANTHROPIC_API_BASE": stage.url,
    }
    flags: list[str | Path] = [
        "-y",
        "--exit-immediately",
        "-m",
        f"anthropic/{MODEL}",
        "-o",
        stage.home / "trajectory.json",
    ]
    return Launch([MINI, "-t", stage.goal, *flags], quiet)


def _openhands(stage: Stage) -> Launch:
    quiet = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "OPENHANDS_SUPPRESS_BANNER": "1"}
    return Launch([OPENHANDS, HERE / "openhands_run.py", stage.url, KEY, stage.goal], quiet)


CLAUDE = PEERS / "claude" / "node_modules" / ".bin" / "claude"
PI = PEERS / "pi" / "node_modules" / ".bin" / "pi"
OPENCODE = PEERS / "opencode" / "node_modules" / ".bin" / "opencode"
MINI = PEERS / "mini" / "bin" / "mini"
OPENHANDS = PEERS / "openhands" / "bin" / "python"

_FOUND = {**project.FOUND, "kind": "bug", "objective": "Mend the bug", "paths": []}
_VERDICT: Turn = call("verdict", verdict="pass", summary="Fine.", reasons=[])
_AROUND = (
    {"tool": "verdict", "turns": [_VERDICT]},
    {"contains": "Decide whether this is one narrow change", "turns": [project.finish(output=_FOUND)]},
)
_OURS = spoken(words.minion, words.MINION_END)

CLIENTS = (
    Client("floor", HERE / "floor.py", spoken(words.floor), _floor),
    Client("minion one-agent", MINION, _OURS, _minion("--blueprint", "one-agent"), on_branch=True),
    Client("minion implement", MINION, _OURS, _minion(), talk=_AROUND, on_branch=True),
    Client("Claude Code", CLAUDE, spoken(words.claude_code), _claude()),
    Client("Claude Code --bare", CLAUDE, spoken(words.claude_code), _claude("--bare")),
    Client("pi", PI, spoken(words.pi), _pi),
    Client("mini-swe-agent", MINI, spoken(words.mini, words.MINI_END), _mini),
    Client("opencode", OPENCODE, spoken(words.opencode), _opencode),
    Client("OpenHands SDK", OPENHANDS, spoken(words.openhands, words.OPENHANDS_END), _openhands),
)
