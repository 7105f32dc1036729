"""What a repository's own commands are, told from its files (pure): the defaults behind `.github/minion.yml`."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

Read: TypeAlias = Callable[[str], str | None]
"""The text of a file, or None."""


@dataclass(frozen=True)
class Detected:
    """Commands for `bash -c`. `format` holds `{files}`: it is run on changed files that end as in `suffixes`, only."""

    setup: str | None = None
    lint: str | None = None
    format: str | None = None
    test: str | None = None
    suffixes: tuple[str, ...] = ()
    docs: str | None = None
    fixes: str | None = None
    """What the linter mends by itself, with `{files}` where it takes some; run before `format` by nodes that format."""

    @property
    def automatic(self) -> str | None:
        return "; ".join(command for command in (self.fixes, self.format) if command) or None

    def __or__(self, other: Detected) -> Detected:
        """Ours where we know, else the other's."""
        formatter = self if self.automatic else other
        return Detected(
            self.setup or other.setup,
            self.lint or other.lint,
            formatter.format,
            self.test or other.test,
            formatter.suffixes,
            self.docs or other.docs,
            formatter.fixes,
        )


def detect(paths: Sequence[str], read: Read) -> Detected:
    """The first language with a manifest at the root; a Makefile fills what it leaves open."""
    files = frozenset(paths)
    found = Detected(docs=_docs(files))
    for language in (_python, _node, _go, _rust, _ruby, _make):
        detected = language(files, read)
        if detected is not None:
            found = found | detected
            if language is not _make and found.test:
                return found | (_make(files, read) or Detected())
    return found


# --- Python

_REQUIREMENTS = re.compile(r"^(requirements[\w.-]*\.txt|requirements/[\w.-]+\.txt|(?:dev|test)-requirements\.txt)$")
_DEV_EXTRAS = ("dev", "test", "tests", "testing", "develop")


def _python(files: Collection[str], read: Read) -> Detected | None:
    manifests = {"pyproject.toml", "setup.py", "setup.cfg", "tox.ini", "noxfile.py"} & set(files)
    requirements = sorted(path for path in files if _REQUIREMENTS.match(path))
    tests = [path for path in files if re.search(r"(^|/)(test_\w+|\w+_test)\.py$", path)]
    if not manifests and not requirements and not tests:
        return None
    project = _toml(read("pyproject.toml"))
    texts = "\n".join(
        read(path) or "" for path in (*sorted(manifests), *requirements, ".pre-commit-config.yaml", "pytest.ini")
    )
    test = _python_test(files, texts, tests, read)
    lint = _python_lint(files, project, texts)
    return Detected(
        setup=_python_setup(files, project, requirements, [command for command in (test, lint) if command], texts),
        lint=lint,
        format=_python_format(project, texts),
        test=test,
        suffixes=(".py", ".pyi"),
        fixes="ruff check --fix --exit-zero --quiet {files}" if lint == "ruff check ." else None,
    )


_PYTEST_S = re.compile(r"(?m)^(?:import|from) pytest\b|^(?:async )?def test_")
"""What unittest would not run: https://docs.pytest.org/en/stable/explanation/goodpractices.html."""
_LOOKED_AT = 20


def _python_test(files: Collection[str], texts: str, tests: Sequence[str], read: Read) -> str | None:
    if not tests and "pytest" not in texts:
        return None
    if "pytest" in texts or any(path.endswith("conftest.py") for path in files):
        return "python3 -m pytest -q"
    if any(_PYTEST_S.search(read(path) or "") for path in sorted(tests)[:_LOOKED_AT]):
        return "python3 -m pytest -q"
    start = "tests" if any(path.startswith("tests/") for path in tests) else "."
    top = " -t ." if f"{start}/__init__.py" in files else ""
    return f"python3 -m unittest discover -s {start}{top}"


def _python_lint(files: Collection[str], project: Any, texts: str) -> str | None:
    tools = project.get("tool", {})
    if "ruff" in tools or {"ruff.toml", ".ruff.toml"} & set(files) or "ruff-pre-commit" in texts:
        return "ruff check ."
    if ".flake8" in files or "[flake8]" in texts:
        return "python3 -m flake8"
    return None


def _python_format(project: Any, texts: str) -> str | None:
    """Only what the project is known to use: any other formatter would rewrite what nobody asked for."""
    tools = project.get("tool", {})
    if "format" in tools.get("ruff", {}) or "ruff-format" in texts or "ruff format" in texts:
        return "ruff format {files}"
    return "python3 -m black -q {files}" if "black" in tools or "psf/black" in texts else None


def _python_setup(
    files: Collection[str], project: Any, requirements: Sequence[str], commands: Sequence[str], texts: str
) -> str | None:
    wanted = [f"-r {shlex.quote(path)}" for path in requirements]
    if "project" in project or "setup.py" in files or "[metadata]" in texts:
        extras = [name for name in _DEV_EXTRAS if name in project.get("project", {}).get("optional-dependencies", {})]
        wanted.append("-e " + shlex.quote(f".[{','.join(extras)}]" if extras else "."))
    wanted += [f"--group {name}" for name in _DEV_EXTRAS if name in project.get("dependency-groups", {})]
    needed = [name for name in ("pytest", "ruff", "flake8") if any(name in command for command in commands)]
    wanted += [name for name in needed if not _declared(name, project, requirements, texts)]
    if not wanted:
        return None
    create = "test -x .venv/bin/python || python3 -m venv .venv"
    upgrade = ".venv/bin/python -m pip install -q --upgrade 'pip>=25.1'; " if "dependency-groups" in project else ""
    return f"({create}) && {upgrade}.venv/bin/python -m pip install -q {' '.join(wanted)}"


def _declared(name: str, project: Any, requirements: Sequence[str], texts: str) -> bool:
    """Whether what is installed anyway brings the tool."""
    declared = json.dumps([project.get("project", {}), project.get("dependency-groups", {})])
    pinned = bool(requirements) and re.search(rf"(?m)^\s*{name}\b", texts) is not None
    return pinned or re.search(rf'"{name}\b', declared) is not None or f"{name}\n" in texts


# --- JavaScript and TypeScript


def _node(files: Collection[str], read: Read) -> Detected | None:
    if "package.json" not in files:
        return None
    scripts = _json(read("package.json")).get("scripts", {})
    manager = "pnpm" if "pnpm-lock.yaml" in files else "yarn" if "yarn.lock" in files else "npm"
    runs = {name: f"{manager} run {name}" for name in scripts if "no test specified" not in str(scripts[name])}
    prettier = any(path.startswith((".prettierrc", "prettier.config.")) for path in files)
    return Detected(
        setup=_node_setup(manager, files),
        lint=runs.get("lint"),
        format="npx --no-install prettier --write {files}" if prettier else None,
        test=runs.get("test"),
        fixes=runs.get("lint:fix"),
        suffixes=(".js", ".jsx", ".ts", ".tsx", ".mjs", ".cjs", ".css", ".json"),
    )


def _node_setup(manager: str, files: Collection[str]) -> str:
    match manager:
        case "pnpm":
            return "corepack enable && pnpm install --frozen-lockfile"
        case "yarn":
            return "corepack enable && yarn install " + (
                "--immutable" if ".yarnrc.yml" in files else "--frozen-lockfile"
            )
        case _:
            return "npm ci" if "package-lock.json" in files or "npm-shrinkwrap.json" in files else "npm install"


# --- documents

_BUILDERS: Sequence[tuple[str, str]] = (
    ("mkdocs.yml", "mkdocs build --quiet --strict --site-dir {out}"),  # https://www.mkdocs.org/user-guide/cli/
    ("docs/conf.py", "python3 -m sphinx -q -W --keep-going -b dummy docs {out}"),
    ("docs/source/conf.py", "python3 -m sphinx -q -W --keep-going -b dummy docs/source {out}"),
    ("doc/conf.py", "python3 -m sphinx -q -W --keep-going -b dummy doc {out}"),
    ("book.toml", "mdbook build --dest-dir {out}"),  # https://rust-lang.github.io/mdBook/cli/build.html
)
"""A file that says what the documents are made with, and the command; warnings are errors
(https://www.sphinx-doc.org/en/master/man/sphinx-build.html)."""


def _docs(files: Collection[str]) -> str | None:
    command = next((command for path, command in _BUILDERS if path in files), None)
    return None if command is None else command.replace("{out}", '"$(mktemp -d)"')


# --- the others


def _go(files: Collection[str], read: Read) -> Detected | None:  # noqa: ARG001 -- all detectors are alike
    if "go.mod" not in files:
        return None
    return Detected("go mod download", "go vet ./...", "gofmt -w {files}", "go test ./...", (".go",))


def _rust(files: Collection[str], read: Read) -> Detected | None:  # noqa: ARG001
    if "Cargo.toml" not in files:
        return None
    lint = "cargo clippy --offline --all-targets"
    return Detected("cargo fetch", lint, "rustfmt {files}", "cargo test --offline", (".rs",))


def _ruby(files: Collection[str], read: Read) -> Detected | None:
    if "Gemfile" not in files:
        return None
    gems = (read("Gemfile") or "") + (read("Gemfile.lock") or "")
    rspec = "rspec" in gems or any(path.startswith("spec/") for path in files)
    rubocop = "rubocop" in gems or ".rubocop.yml" in files
    return Detected(
        "bundle install",
        "bundle exec rubocop" if rubocop else None,
        "bundle exec rubocop -a {files}" if rubocop else None,
        "bundle exec rspec" if rspec else "bundle exec rake test",
        (".rb",),
    )


def _make(files: Collection[str], read: Read) -> Detected | None:
    name = next((name for name in ("Makefile", "makefile", "GNUmakefile") if name in files), None)
    if name is None:
        return None
    targets = set(re.findall(r"(?m)^([\w.-]+)\s*:(?!=)", read(name) or ""))

    def target(*names: str) -> str | None:
        return next((f"make {name}" for name in names if name in targets), None)

    return Detected(target("setup", "install", "deps"), target("lint"), None, target("test", "check"))


def _toml(text: str | None) -> dict[str, Any]:
    try:
        return tomllib.loads(text or "")
    except tomllib.TOMLDecodeError:
        return {}


def _json(text: str | None) -> dict[str, Any]:
    try:
        value = json.loads(text or "{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
