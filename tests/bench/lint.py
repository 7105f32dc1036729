"""What an edit waits for its linter, beside running the same tool on the same files directly, without a box.

Cold: the first question to a server that has just started, with the start of the box in it. Warm: as at an edit, each
time on new content, since what is known is not asked again. Batches are the lint gate's: so many changed files.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.child import ENVIRONMENT, ROOT
from tests.bench.figure import Beside, Failed, Figure, Result

from minion.adapters.sandbox import BoxSettings, Bubblewrap
from minion.nodes.lint.desk import LintDesk, LintMemory
from minion.nodes.lint.plan import plan

COUNTS = (1, 10, 100)
WITHIN_S = 60.0
NPM = ROOT / ".cache" / "lint-tests"


@dataclass(frozen=True)
class _Tool:
    """A linter with a file for it; `direct` is the command that people would type."""

    name: str
    suffix: str
    configuration: dict[str, str]
    direct: Callable[[Path], Sequence[str | Path]]

    def text(self, number: int) -> str:
        """Two findings in some 60 lines; new content for each number."""
        comment = "#" if self.suffix == "py" else "//"
        body = "\n".join(f"{comment} line {line}" for line in range(60))
        unused = f"import os as unused{number}\n" if self.suffix == "py" else f"const unused{number} = 1;\n"
        return f"{comment} file {number}\n{unused}{body}\n"


RUFF = _Tool(
    "ruff",
    "py",
    {"pyproject.toml": "[tool.ruff.lint]\nselect = ['E', 'F', 'W', 'B', 'UP']\n"},
    lambda _: [Path(sys.executable).parent / "ruff", "check", "--no-cache", "--output-format=json"],
)
ESLINT = _Tool(
    "eslint",
    "js",
    {"eslint.config.js": 'module.exports = [{rules: {"no-unused-vars": "error", eqeqeq: "error"}}];\n'},
    lambda folder: [folder / "node_modules" / ".bin" / "eslint", "--format=json"],
)


def measure(runs: int = 5) -> list[Result]:
    results = _of(RUFF, runs)
    if not (NPM / "node_modules" / "eslint").is_dir():
        return [*results, Failed("lint: eslint", "eslint is not installed; `pytest tests/nodes/lint` installs it")]
    return [*results, *_of(ESLINT, runs)]


def _of(tool: _Tool, runs: int) -> list[Result]:
    with tempfile.TemporaryDirectory(prefix="minion-lint-") as name:
        folder = Path(name).resolve()
        _prepare(tool, folder)
        cold = [_cold(tool, folder, run) for run in range(runs)]
        return [_figure(f"lint: {tool.name}, 1 file, cold", cold, 5.0), *_warm(tool, folder, runs)]


def _prepare(tool: _Tool, folder: Path) -> None:
    for name, text in tool.configuration.items():
        (folder / name).write_text(text)
    if tool.suffix == "js":
        shutil.copytree(NPM / "node_modules", folder / "node_modules", symlinks=True)


def _cold(tool: _Tool, folder: Path, run: int) -> tuple[float, float]:
    paths = _files(tool, folder, 1, run)
    desk = _desk(tool, folder)
    try:
        return _asked(desk, paths), _direct(tool, folder, paths)
    finally:
        desk.close()


def _warm(tool: _Tool, folder: Path, runs: int) -> list[Result]:
    desk = _desk(tool, folder)
    try:
        desk.warm(_files(tool, folder, 1, 0))
        _asked(desk, _files(tool, folder, 1, 1))
        return [_batch(tool, folder, desk, count, runs) for count in COUNTS]
    finally:
        desk.close()


def _batch(tool: _Tool, folder: Path, desk: LintDesk, count: int, runs: int) -> Result:
    times = []
    for run in range(runs):
        paths = _files(tool, folder, count, 1000 * (count + run))
        times.append((_asked(desk, paths), _direct(tool, folder, paths)))
    return _figure(
        f"lint: {tool.name}, {count} file{'s' if count > 1 else ''}, warm", times, 0.7 if count == 1 else 1.0
    )


def _figure(name: str, times: Sequence[tuple[float, float]], below: float) -> Result:
    ours, direct = (tuple(one[place] for one in times) for place in (0, 1))
    return Figure(name, "s", ours, below=below, beside=Beside("the command, no box", direct))


def _files(tool: _Tool, folder: Path, count: int, first: int) -> list[str]:
    paths = [f"file{number}.{tool.suffix}" for number in range(count)]
    for number, path in enumerate(paths, first):
        (folder / path).write_text(tool.text(number))
    return paths


def _desk(tool: _Tool, folder: Path) -> LintDesk:
    box = Bubblewrap(BoxSettings(workspace=folder, tool_cache=(Path(sys.prefix),)))
    found = plan(sorted(tool.configuration), tool.configuration.get)
    return LintDesk(found, box.workspace, box.lint_server(), LintMemory())


def _asked(desk: LintDesk, paths: Sequence[str]) -> float:
    began = time.perf_counter()
    checked = desk.check(paths, ("lint",), WITHIN_S)
    seconds = time.perf_counter() - began
    if checked.silent or len({remark.path for remark in checked.remarks}) != len(paths):
        raise AssertionError(f"every file has a finding, but: {checked.silent or checked.remarks}")
    return seconds


def _direct(tool: _Tool, folder: Path, paths: Sequence[str]) -> float:
    began = time.perf_counter()
    argv = [str(word) for word in (*tool.direct(folder), *paths)]
    done = subprocess.run(argv, cwd=folder, capture_output=True, check=False, env=ENVIRONMENT)
    seconds = time.perf_counter() - began
    if len(json.loads(done.stdout)) < len(paths):
        raise AssertionError(f"{argv[0]} found too little: {done.stderr.decode()[-300:]}")
    return seconds
