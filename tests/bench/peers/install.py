"""The peers, from the package indexes into `.cache/peers`: `python -m tests.bench.peers.install [NAME...]`.

Each is installed twice and the second time is kept, when what it needs lies in the package manager's cache. Minion too,
by the action of this checkout.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.bench.child import ROOT
from tests.bench.peers.clients import PEERS

KEPT = PEERS / "installs.json"
NEWEST = ("python3.13", "python3.12", "python3")


@dataclass(frozen=True)
class Installed:
    """`version` as its package says, megabytes of its folder, seconds with a warm cache."""

    version: str
    mb: float
    seconds: float


def _npm(package: str, version: str) -> Callable[[Path], str]:
    def install(folder: Path) -> str:
        npm = ["npm", "install", "--no-audit", "--no-fund", "--silent", "--prefix", str(folder)]
        _run([*npm, f"{package}@{version}"])
        installed = folder / "node_modules" / package
        if (installed / "install.cjs").is_file():  # npm may hold scripts of packages back
            _run(["node", str(installed / "install.cjs")])
        found: str = json.loads((installed / "package.json").read_text())["version"]
        return found

    return install


def _pip(*packages: str, needs: str = "python3") -> Callable[[Path], str]:
    def install(folder: Path) -> str:
        _run([_python(needs), "-m", "venv", str(folder)])
        _run([str(folder / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", *packages])
        name = packages[0].split("==")[0]
        code = f"import importlib.metadata as m; print(m.version({name!r}))"
        return _run([str(folder / "bin" / "python"), "-c", code]).strip()

    return install


def _action(folder: Path) -> str:
    """As a runner does it that has neither minion nor uv."""
    folder.mkdir()
    action = ROOT / "action"
    told = {"ACTION_PATH": action, "RUNNER_TEMP": folder, "GITHUB_OUTPUT": folder / "output", "SANDBOX": "unsafe"}
    place = {**told, "PATH": f"{sys.base_prefix}/bin:/usr/bin:/bin"}
    _run(["env", *(f"{name}={value}" for name, value in place.items()), "bash", str(action / "install.sh")])
    return _run([str(folder / "minion-venv" / "bin" / "minion"), "--version"]).split()[-1]


RECIPES: dict[str, tuple[str, Callable[[Path], str]]] = {
    "minion": ("minion", _action),
    "Claude Code": ("claude", _npm("@anthropic-ai/claude-code", "2.1.329")),
    "pi": ("pi", _npm("@mariozechner/pi-coding-agent", "0.73.1")),
    "mini-swe-agent": (
        "mini",
        _pip("mini-swe-agent==2.4.6", "mcp>=2"),
    ),  # its litellm imports mcp and does not ask for it
    "opencode": ("opencode", _npm("opencode-ai", "1.18.33")),
    "OpenHands SDK": ("openhands", _pip("openhands-sdk==1.58.0", "openhands-tools==1.58.0", needs="python3.12")),
}
"""By name: the folder below `.cache/peers`, and what fills it."""


def install(names: Sequence[str]) -> dict[str, Installed | str]:
    """What came of it, by name; the last line of the reason where it could not be had."""
    results = {name: _timed(name) for name in names}
    known = json.loads(KEPT.read_text()) if KEPT.is_file() else {}
    good = {name: asdict(found) for name, found in results.items() if isinstance(found, Installed)}
    KEPT.write_text(json.dumps(known | good, indent=2) + "\n")
    return results


def installs() -> dict[str, Installed]:
    """What was found out when they were installed."""
    known = json.loads(KEPT.read_text()) if KEPT.is_file() else {}
    return {name: Installed(**found) for name, found in known.items()}


def _timed(name: str) -> Installed | str:
    folder, recipe = RECIPES[name]
    target = PEERS / folder
    PEERS.mkdir(parents=True, exist_ok=True)
    try:
        if not target.exists():
            _into(target, recipe)
        with tempfile.TemporaryDirectory(dir=PEERS) as scratch:
            began = time.perf_counter()
            version = recipe(Path(scratch) / "again")
            return Installed(version, _megabytes(target), time.perf_counter() - began)
    except (subprocess.CalledProcessError, FileNotFoundError) as error:
        said = getattr(error, "stderr", None) or str(error)
        return [line for line in said.strip().splitlines() if line][-1]


def _into(target: Path, recipe: Callable[[Path], str]) -> None:
    """Whole or not at all."""
    try:
        recipe(target)
    except BaseException:
        shutil.rmtree(target, ignore_errors=True)
        raise


def _megabytes(folder: Path) -> float:
    said = _run(["du", "-sm", "--apparent-size", str(folder)])
    return float(said.split()[0])


def _python(wanted: str) -> str:
    """`python3` is this one; a later one is looked for by name."""
    return sys.executable if wanted == "python3" else shutil.which(wanted) or wanted


def _run(command: Sequence[str]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def main() -> None:
    for name, found in install(sys.argv[1:] or list(RECIPES)).items():
        print(f"{name}: {found}")  # noqa: T201


if __name__ == "__main__":
    main()
