"""Prepares a pair of releases: an environment in which both build and test, and what the tests say of each."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from minion.demo import releases
from minion.demo.changes import Tree
from minion.demo.pair import Pair, PairFolder
from minion.demo.release_notes import ADDED, notes_path
from minion.demo.requirements import build_requirements, requirements_of_tests, runtime_requirements
from minion.domain.errors import UsageError

Say = Callable[[str], None]
ALWAYS = ("pytest", "ruff", "build", "editables", "setuptools", "wheel")
LINT = ("check", "--isolated", "--no-cache", "--select", "E9,F63,F7", "--output-format", "concise")
"""Syntax errors and comparisons that cannot be meant: what any project's sources should pass."""
MISSING = re.compile(r"No module named '([\w.]+)'|unrecognized arguments: --(cov)")
PROVIDERS = {"yaml": "pyyaml", "dateutil": "python-dateutil", "attr": "attrs", "PIL": "pillow", "bs4": "beautifulsoup4"}
"""Modules whose package has another name; that of most others is the same."""
SUMMARY = re.compile(r"^(FAILED|ERROR) (\S+?\.py(?:::.*?)?)(?: - .*)?$", re.MULTILINE)
PASSED = re.compile(r"(\d+) passed")
SUITE_SECONDS = 600


@dataclass(frozen=True)
class TestRun:
    passed: int
    bad: tuple[str, ...]
    output: str

    @property
    def missing(self) -> frozenset[str]:
        found = {(module or "").split(".")[0] or f"pytest-{flag}" for module, flag in MISSING.findall(self.output)}
        return frozenset(found)


def prepare(cache: Path, package: str, before: str, after: str, say: Say) -> tuple[Pair, PairFolder]:
    """The prepared pair, from the cache where it is there.

    Raises `UsageError` where the releases do not exist, have no tests, or cannot be told apart by tests at all.
    """
    folder = PairFolder(cache, package, before, after)
    known = Pair.load(folder.root) if folder.root.is_dir() else None
    if known is not None:
        return known, folder
    say(f"fetching {package} {before} and {after}")
    old_archive = releases.fetch(package, before, folder.archives)
    new_archive = releases.fetch(package, after, folder.archives)
    with tempfile.TemporaryDirectory(prefix="minion-pair-") as scratch:
        laboratory = _Laboratory(Path(scratch), say)
        pair = laboratory.examine(package, old_archive, new_archive, (before, after))
        laboratory.store_wheels(pair.requirements, folder.wheels)
    pair.save(folder.root)
    return pair, folder


class _Laboratory:
    """A throw-away virtual environment and the two trees in it."""

    def __init__(self, scratch: Path, say: Say) -> None:
        self.scratch = scratch
        self.say = say
        self.python = scratch / "venv" / "bin" / "python"

    def examine(self, package: str, old: Path, new: Path, versions: tuple[str, str]) -> Pair:
        before, after = releases.read_tree(old), releases.read_tree(new)
        if not any(_is_test(path) for path in after):
            raise UsageError(f"the source distribution of {package} {versions[1]} has no tests: choose another package")
        self._environment(releases.metadata(new), after)
        trees = {"before": before, "after": after, "mixed": _mixed(before, after)}
        for name, tree in trees.items():
            releases.write_tree(tree, self.scratch / name)
        editable = self._install(versions[1])
        paths = tuple(sorted({path.split("/")[0] for path in after if _is_test(path)} - {"src"})) or ("src",)
        after_run = self._complete_run(paths)
        if not after_run.passed:
            raise UsageError(f"no test of {package} {versions[1]} passes here:\n{after_run.output[-1500:]}")
        before_run, mixed_run = self._test("before", paths), self._test("mixed", paths)
        self._uninstall(package)
        notes = notes_path(before, after, versions[1])
        return Pair(
            package=package,
            before=versions[0],
            after=versions[1],
            requirements=self._frozen(),
            editable=editable,
            sdist_builds=self._builds("before", versions[0]) and self._builds("after", versions[1]),
            test_paths=paths,
            lint_excludes=self._lint_excludes(),
            deselected=after_run.bad,
            proving=tuple(test for test in mixed_run.bad if test not in after_run.bad),
            passed_before=before_run.passed,
            passed_after=after_run.passed,
            notes=notes or ADDED,
            notes_added=notes is None,
        )

    def _environment(self, metadata: str, tree: Tree) -> None:
        self.say("making an environment for its tests")
        _run([sys.executable, "-m", "venv", str(self.scratch / "venv")], self.scratch)
        needed = [*ALWAYS, *build_requirements(tree), *runtime_requirements(metadata)]
        if not self._pip("install", *needed):
            raise UsageError("the requirements of the project cannot be installed: " + ", ".join(needed))
        wanted = requirements_of_tests(metadata, tree)
        if wanted and not self._pip("install", *wanted):
            for line in wanted:
                self._pip("install", line)

    def _pip(self, *arguments: str) -> bool:
        return _run([str(self.python), "-m", "pip", "--quiet", *arguments], self.scratch).returncode == 0

    def _install(self, version: str) -> bool:
        env = pretended(version)
        command = [str(self.python), "-m", "pip", "--quiet", "install", "--no-deps", "--no-build-isolation", "-e", "."]
        return _run(command, self.scratch / "after", env).returncode == 0

    def _uninstall(self, package: str) -> None:
        self._pip("uninstall", "--yes", package)

    def _complete_run(self, paths: Sequence[str]) -> TestRun:
        """Runs the later release's tests, installing modules that turn out to be missing."""
        run = self._test("after", paths)
        for _ in range(4):
            missing = [name for name in sorted(run.missing) if self._pip("install", PROVIDERS.get(name, name))]
            if not missing:
                return run
            self.say("its tests also need " + ", ".join(missing))
            run = self._test("after", paths)
        return run

    def _test(self, tree: str, paths: Sequence[str]) -> TestRun:
        root = self.scratch / tree
        existing = [path for path in paths if (root / path).exists()]
        self.say(f"running the tests ({tree})")
        command = [
            str(self.python),
            "-m",
            "pytest",
            "-q",
            "-rfE",
            "--tb=short",
            "-o",
            "addopts=",
            "-p",
            "no:cacheprovider",
        ]
        env = {"PYTHONPATH": f"{root / 'src'}:{root}", "PYTHONDONTWRITEBYTECODE": "1"}
        done = _run([*command, *existing], root, env, SUITE_SECONDS)
        passed = PASSED.search(done.stdout.splitlines()[-1] if done.stdout.strip() else "")
        bad = tuple(dict.fromkeys(match[1] for match in SUMMARY.findall(done.stdout)))
        return TestRun(int(passed[1]) if passed else 0, bad, done.stdout + done.stderr)

    def _builds(self, tree: str, version: str) -> bool:
        copy = self.scratch / f"sdist-{tree}"
        shutil.copytree(self.scratch / tree, copy)
        command = [str(self.python), "-m", "build", "--sdist", "-x", "--no-isolation", "--outdir", str(copy / "dist")]
        return _run([*command, str(copy)], self.scratch, pretended(version)).returncode == 0

    def _lint_excludes(self) -> tuple[str, ...]:
        found: set[str] = set()
        for tree in ("before", "after"):
            done = _run([str(self.python), "-m", "ruff", *LINT, "."], self.scratch / tree)
            found |= {line.split(":")[0] for line in done.stdout.splitlines() if re.match(r"^\S+:\d+:", line)}
        return tuple(sorted(found))

    def _frozen(self) -> tuple[str, ...]:
        done = _run([str(self.python), "-m", "pip", "freeze", "--all"], self.scratch)
        lines = [line for line in done.stdout.splitlines() if "==" in line]
        return tuple(line for line in lines if not line.startswith("pip=="))

    def store_wheels(self, requirements: Sequence[str], wheels: Path) -> None:
        self.say("keeping the wheels for later runs")
        wheels.mkdir(parents=True, exist_ok=True)
        if not self._pip("wheel", "--no-deps", "--wheel-dir", str(wheels), *requirements):
            raise UsageError("the wheels of the project's requirements cannot be stored")


def pretended(version: str) -> dict[str, str]:
    """Versions for back ends that read them from git: a source distribution has no history."""
    return {"SETUPTOOLS_SCM_PRETEND_VERSION": version, "PDM_BUILD_SCM_VERSION": version, "PBR_VERSION": version}


def _is_test(path: str) -> bool:
    parts = path.split("/")
    name = parts[-1]
    return name.endswith(".py") and (
        name.startswith("test_") or name.endswith("_test.py") or name in {"tests.py", "test.py"}
    )


def _mixed(before: Tree, after: Tree) -> dict[str, bytes]:
    """The earlier code under the later tests: what fails there proves the change."""
    tests = {path.split("/")[0] for path in after if _is_test(path) and "/" in path} - {"src"}
    folders = {top for top in tests if top.startswith("test")}
    later = {path: data for path, data in after.items() if _is_test(path) or path.split("/")[0] in folders}
    return {**before, **later}


def _run(
    command: Sequence[str], cwd: Path, env: dict[str, str] | None = None, timeout: float = 900
) -> subprocess.CompletedProcess[str]:
    """With this process's environment and `env` on top, set by env(1)."""
    settings = [f"{name}={value}" for name, value in (env or {}).items()]
    full = ["env", *settings, *command]
    try:
        return subprocess.run(full, cwd=cwd, check=False, capture_output=True, text=True, timeout=timeout)
    except subprocess.TimeoutExpired as late:
        raise UsageError(f"{' '.join(command[:4])} ... took longer than {timeout:.0f} s") from late
