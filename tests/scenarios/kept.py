"""Releases of real projects and the wheels that their CI needs, kept on disk: `python -m tests.scenarios.kept` fetches
what is not there yet, so that later runs need no network."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Final

from tests.scenarios.environments import copied, ready
from tests.scenarios.project import CI_HEAD, FILES, ci_job
from tests.scenarios.universe import Repository, Universe

from minion.demo.releases import fetch, read_tree
from minion.domain.errors import UsageError

CACHE: Final = Path(__file__).parents[2] / ".cache" / "projects"
RELEASES: Final = (("toolz", "0.10.0"), ("toolz", "0.12.1"), ("cachetools", "4.2.4"))
TOOLS: Final = ("pytest==9.*", "ruff==0.17.*", "mypy==2.*")
SETUP: Final = "bash .github/ci/setup.sh"
CONFIGURATION: Final = """\
commands:
  setup: bash .github/ci/setup.sh
  lint: {lint}
  test: {test}
settle_seconds: 1
checks_grace_seconds: 4
reviewers: [ann]
"""
LINT: Final = ".venv/bin/ruff check --no-cache --isolated --select E9,F63,F7 --exclude .venv ."


@cache
def release(package: str, version: str) -> Mapping[str, str]:
    """The texts of a source distribution, by path."""
    tree = read_tree(fetch(package, version, CACHE / "archives"))
    return {path: data.decode() for path, data in tree.items() if b"\0" not in data}


@cache
def wheels() -> Path:
    """The folder with the wheels of `TOOLS` and all that they need."""
    wanted = hashlib.sha256(" ".join([sys.version, *TOOLS]).encode()).hexdigest()
    folder = CACHE / f"wheels-{wanted[:12]}"
    if not folder.is_dir():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
            fresh = Path(scratch) / "wheels"
            download = [sys.executable, "-m", "pip", "download", "--quiet", "--only-binary", ":all:"]
            subprocess.run([*download, "--dest", str(fresh), *TOOLS], check=True, capture_output=True)
            fresh.rename(folder)
    return folder


def kept_repository(
    universe: Universe, package: str, version: str, tests: str, tools: Sequence[str] = TOOLS[:2]
) -> Repository:
    """The release as a repository with a CI of its own, that of `main` has ended. `tests`: arguments of pytest."""
    test = f".venv/bin/python -m pytest -q -p no:cacheprovider -o addopts= {tests}"
    ours = {
        ".gitignore": ".venv/\n.mypy_cache/\n__pycache__/\n*.egg-info/\n",
        ".github/ci/setup.sh": _setup(tools),
        ".github/workflows/ci.yml": CI_HEAD + ci_job("test", SETUP, LINT, test),
        ".github/minion.yml": CONFIGURATION.format(lint=LINT, test=test),
    }
    nothing: dict[str, str | None] = dict.fromkeys(FILES)
    return universe.repository({**nothing, **release(package, version), **ours})


def _setup(tools: Sequence[str]) -> str:
    """Makes `.venv` with the tools, and the project itself on its path."""
    folder = "$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path(\"purelib\"))')"
    return copied(ready(wheels(), tuple(tools))) + f'printf \'%s\\n\' "$PWD" "$PWD/src" > "{folder}/here.pth"\n'


def main() -> None:
    try:
        for package, version in RELEASES:
            release(package, version)
        wheels()
    except (UsageError, subprocess.CalledProcessError) as error:
        sys.exit(f"what some scenarios need could not be fetched, and will be asked for again: {error}")


if __name__ == "__main__":
    main()
