"""A tree with linters, the boxed server, and the real eslint and prettier where npm can be had."""

from __future__ import annotations

import fcntl
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from minion.adapters.sandbox import BoxSettings, Bubblewrap
from minion.nodes.lint.desk import LintDesk, LintMemory
from minion.nodes.lint.plan import plan

ROOT = Path(__file__).parents[3]
NPM = {"eslint": "9.39.1", "prettier": "3.6.2"}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "tree"
    folder.mkdir()
    return folder


Open = Callable[..., LintDesk]


@pytest.fixture
def desk(tree: Path) -> Iterator[Open]:
    """`desk(**files)`: writes them, takes them for the base, and opens a desk on them."""
    opened: list[LintDesk] = []

    def open_desk(files: dict[str, str], memory: LintMemory | None = None) -> LintDesk:
        for name, text in files.items():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            (tree / name).write_text(text)
        box = Bubblewrap(BoxSettings(workspace=tree, tool_cache=(Path(sys.prefix),)))
        kept = memory or LintMemory()
        opened.append(LintDesk(plan(sorted(files), files.get), box.workspace, box.lint_server(), kept))
        return opened[-1]

    yield open_desk
    for one in opened:
        one.close()


@pytest.fixture(scope="session")
def node_modules() -> Path:
    """The real tools, installed once and kept; without npm or its registry the test says that it did not run."""
    folder = ROOT / ".cache" / "lint-tests"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:  # tests in other processes want them as well
        fcntl.flock(lock, fcntl.LOCK_EX)
        _installed(folder)
    return folder / "node_modules"


def _installed(folder: Path) -> None:
    stamp = folder / "installed.json"
    if stamp.exists() and json.loads(stamp.read_text()) == NPM:
        return
    if shutil.which("npm") is None:
        pytest.skip("not run: npm is not installed, so that eslint and prettier cannot be had")
    (folder / "package.json").write_text("{}")
    wanted = [f"{name}@{version}" for name, version in NPM.items()]
    command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--fetch-retries=0", *wanted]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False, timeout=150)
    if done.returncode != 0:
        pytest.skip(f"not run: npm could not install eslint and prettier: {done.stderr.decode()[-200:]}")
    stamp.write_text(json.dumps(NPM))
