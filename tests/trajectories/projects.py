"""Real projects, each as two releases of it: `python -m tests.trajectories.projects` fetches what is not there yet.

What their set-ups install is kept too, so that later runs need no network; what cannot be fetched is an error that says
so. The npm packages are those whose published archive holds their tests.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from minion.demo.releases import fetch, read_tree
from minion.demo.show import AFTER, BEFORE, PACKAGE

ROOT: Final = Path(__file__).parents[2] / ".cache"
KEPT: Final = ROOT / "trajectories"
NPM_CACHE: Final = KEPT / "npm"

Tree = Mapping[str, str]


@dataclass(frozen=True)
class Project:
    """A repository as it was before a fix, the same files as the release with the fix has them, and what set-up needs
    of the machine's environment."""

    files: Tree
    fixed: Tree
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class NpmPair:
    """Two releases on npm. `package_json` replaces keys of its manifest: the programs that run the tests, of today."""

    package: str
    before: str
    after: str
    package_json: Mapping[str, Any]
    ours: Tree = field(default_factory=dict)


MINIMIST: Final = NpmPair(
    "minimist",
    "1.2.5",
    "1.2.6",
    {"devDependencies": {"tape": "5.9.0"}, "scripts": {"test": "tape test/*.js"}},
)
TSCONFIG: Final = {
    "compilerOptions": {
        "strict": True,
        "skipLibCheck": True,
        "target": "es2020",
        "module": "commonjs",
        "esModuleInterop": True,
        "types": ["mocha"],
    },
    "include": ["src", "globals.d.ts"],
}
TS_DEDENT: Final = NpmPair(
    "ts-dedent",
    "2.1.1",
    "2.2.0",
    {
        "devDependencies": {"@types/mocha": "10.0.10", "expect": "29.7.0", "mocha": "10.8.2", "typescript": "5.6.3"},
        "scripts": {"lint": "tsc --noEmit", "test": "rm -rf build && tsc --outDir build && mocha"},
        "jest": None,
        "mocha": {"require": "./globals.cjs", "spec": "build/__tests__/*.js"},
    },
    {
        "tsconfig.json": json.dumps(TSCONFIG, indent=2) + "\n",
        "globals.cjs": "globalThis.expect = require('expect').expect;\n",
        "globals.d.ts": "declare const expect: typeof import('expect').expect;\n",
        ".gitignore": "node_modules/\nbuild/\n",
    },
)
SHELL_QUOTE: Final = NpmPair(
    "shell-quote",
    "1.8.1",
    "1.8.2",
    {
        "devDependencies": {"@ljharb/eslint-config": "21.1.1", "eslint": "8.8.0", "tape": "5.9.0"},
        "scripts": {"lint": "eslint --ext=js,mjs .", "test": "tape 'test/**/*.js'"},
    },
)
"""With the `.eslintrc` that it is published with."""
TOOLS: Final = ("pytest==9.2.0", "ruff==0.17.5", "setuptools==80.9.0", "wheel==0.45.1")
"""Of one version each: what they print is part of what the model sees."""
RUFF: Final = "extend-exclude = ['.venv']\n\n[lint]\nselect = ['F']\n"


def parse() -> Project:
    """`parse` before its fields could have hyphens."""
    before, after = (_texts(read_tree(fetch(PACKAGE, version, KEPT / "archives"))) for version in (BEFORE, AFTER))
    ours = {"ruff.toml": RUFF, ".gitignore": ".venv/\n__pycache__/\n*.egg-info/\n.pytest_cache/\n.ruff_cache/\n"}
    offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(_wheels())}
    return Project({**before, **ours}, {**after, **ours}, offline)


def _wheels() -> Path:
    folder = KEPT / "wheels"
    if not folder.is_dir():
        KEPT.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=KEPT) as scratch:
            fresh = Path(scratch) / "wheels"
            command = [
                sys.executable,
                "-m",
                "pip",
                "download",
                "--quiet",
                "--only-binary",
                ":all:",
                "--dest",
                str(fresh),
            ]
            done = subprocess.run([*command, *TOOLS], capture_output=True, text=True, check=False, timeout=300)
            assert done.returncode == 0, f"{' '.join(command)}: {done.stderr[-2000:]}"
            fresh.rename(folder)
    return folder


def npm(pair: NpmPair) -> Project:
    """The releases with a lock file for the programs that test them."""
    folder = KEPT / f"{pair.package}-{pair.before}-{pair.after}"
    if not folder.is_dir():
        _prepare(pair, folder)
    manifests = {name: (folder / name).read_text() for name in ("package.json", "package-lock.json")}
    ours = {".gitignore": "node_modules/\n", **manifests, **pair.ours}
    before, after = (_texts(_archived(folder / f"{version}.tgz")) for version in (pair.before, pair.after))
    return Project({**before, **ours}, {**after, **ours}, {"npm_config_offline": "true"})


def _prepare(pair: NpmPair, folder: Path) -> None:
    KEPT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=KEPT) as scratch:
        fresh = Path(scratch) / "fresh"
        fresh.mkdir()
        for version in (pair.before, pair.after):
            packed = _npm(fresh, "pack", "--silent", f"{pair.package}@{version}").strip().splitlines()[-1]
            (fresh / packed).rename(fresh / f"{version}.tgz")
        manifest = json.loads(_texts(_archived(fresh / f"{pair.before}.tgz"))["package.json"])
        changed = {name: value for name, value in {**manifest, **pair.package_json}.items() if value is not None}
        (fresh / "package.json").write_text(json.dumps(changed, indent=2) + "\n")
        _npm(fresh, "install", "--package-lock-only", "--omit-lockfile-registry-resolved=false")
        _npm(fresh, "ci")  # all that a later one needs is in the cache then
        shutil.rmtree(fresh / "node_modules")
        fresh.rename(folder)


def _npm(folder: Path, *arguments: str) -> str:
    command = ["npm", *arguments, "--cache", str(NPM_CACHE), "--no-audit", "--no-fund", "--no-update-notifier"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr[-2000:]}"
    return done.stdout


def _archived(path: Path) -> dict[str, bytes]:
    return read_tree(path)


def _texts(tree: Mapping[str, bytes]) -> dict[str, str]:
    """Of what a repository would hold: nothing that a build wrote."""
    built = ("dist/", "esm/", "lib/")
    return {path: data.decode() for path, data in tree.items() if b"\0" not in data and not path.startswith(built)}


def main() -> None:
    parse()
    if shutil.which("npm") is not None:
        for pair in (MINIMIST, TS_DEDENT, SHELL_QUOTE):
            npm(pair)


if __name__ == "__main__":
    sys.exit(main())
