"""The commands of a repository, told from its files."""

from __future__ import annotations

import pytest

from minion.nodes.detect import Detected, detect


def from_files(files: dict[str, str]) -> Detected:
    return detect(sorted(files), files.get)


def test_a_python_project_with_extras_pytest_and_ruff() -> None:
    files = {
        "pyproject.toml": '[project]\nname="a"\n[project.optional-dependencies]\ndev=["pytest","ruff"]\n'
        "[tool.ruff]\n[tool.ruff.format]\n[tool.pytest.ini_options]\n",
        "tests/test_a.py": "",
    }
    found = from_files(files)
    assert found.test == "python3 -m pytest -q"
    assert found.lint == "ruff check ."
    assert found.format == "ruff format {files}"
    assert found.setup
    assert found.setup.endswith("pip install -q -e '.[dev]'")


def test_a_formatter_that_the_project_does_not_use_is_never_run() -> None:
    assert from_files({"pyproject.toml": "[tool.ruff]\n"}).format is None


def test_tools_that_nobody_declared_are_installed() -> None:
    found = from_files({"requirements.txt": "requests==2\n", "conftest.py": "", "test_a.py": ""})
    assert found.setup
    assert found.setup.endswith("pip install -q -r requirements.txt pytest")


def test_plain_unittest_needs_no_set_up() -> None:
    found = from_files({"tests/test_a.py": "", "tests/__init__.py": "", "a.py": ""})
    assert (found.setup, found.test) == (None, "python3 -m unittest discover -s tests -t .")


@pytest.mark.parametrize(
    ("lock", "setup", "test"),
    [
        ("package-lock.json", "npm ci", "npm run test"),
        ("pnpm-lock.yaml", "corepack enable && pnpm install --frozen-lockfile", "pnpm run test"),
        ("yarn.lock", "corepack enable && yarn install --frozen-lockfile", "yarn run test"),
    ],
)
def test_javascript_package_managers(lock: str, setup: str, test: str) -> None:
    found = from_files({"package.json": '{"scripts":{"test":"vitest run","lint":"eslint ."}}', lock: ""})
    assert (found.setup, found.test) == (setup, test)
    assert found.lint == test.replace("test", "lint")


def test_npm_s_placeholder_is_no_test() -> None:
    package = '{"scripts":{"test":"echo \\"Error: no test specified\\" && exit 1"}}'
    assert from_files({"package.json": package}).test is None


@pytest.mark.parametrize(
    ("files", "test"),
    [
        ({"go.mod": "module a\n"}, "go test ./..."),
        ({"Cargo.toml": "[package]\n"}, "cargo test --offline"),
        ({"Gemfile": "gem 'rspec'\n"}, "bundle exec rspec"),
        ({"Gemfile": "gem 'rake'\n"}, "bundle exec rake test"),
        ({"Makefile": "check: build\n\ttrue\n"}, "make check"),
        ({"README.md": ""}, None),
    ],
)
def test_other_languages(files: dict[str, str], test: str | None) -> None:
    assert from_files(files).test == test


def test_a_makefile_fills_what_the_language_leaves_open() -> None:
    found = from_files({"test_a.py": "", "Makefile": "lint:\n\ttrue\ntest:\n\ttrue\n"})
    assert found.lint == "make lint"
    assert found.test
    assert found.test.startswith("python3")


@pytest.mark.parametrize("text", ["not toml [", "", "\x00"])
def test_broken_manifests_are_no_traceback(text: str) -> None:
    from_files({"pyproject.toml": text, "package.json": text, "Makefile": text})


@pytest.mark.parametrize(
    ("path", "command"),
    [
        ("mkdocs.yml", 'mkdocs build --quiet --strict --site-dir "$(mktemp -d)"'),
        ("docs/conf.py", 'python3 -m sphinx -q -W --keep-going -b dummy docs "$(mktemp -d)"'),
        ("README.md", None),
    ],
)
def test_how_documents_are_built(path: str, command: str | None) -> None:
    assert from_files({path: "", "tests/test_a.py": ""}).docs == command
    assert from_files({path: ""}).docs == command


def test_a_node_that_formats_begins_with_what_the_linter_mends_by_itself() -> None:
    ruff = from_files({"pyproject.toml": "[tool.ruff]\n[tool.ruff.format]\n", "a.py": ""})
    assert ruff.automatic == "ruff check --fix --exit-zero --quiet {files}; ruff format {files}"
    assert from_files({"ruff.toml": "", "pyproject.toml": ""}).automatic == ruff.automatic.split("; ")[0]
    eslint = from_files({"package.json": '{"scripts":{"lint":"eslint .","lint:fix":"eslint --fix ."}}'})
    assert eslint.automatic == "npm run lint:fix"
    assert from_files({"go.mod": ""}).automatic == "gofmt -w {files}"


def test_tests_that_only_pytest_can_run_say_so_themselves() -> None:
    for text in ("import pytest\n", "def test_adds():\n    assert 1 + 1 == 2\n"):
        found = from_files({"setup.py": "", "tests/test_a.py": text})
        assert found.test == "python3 -m pytest -q"
        assert found.setup
        assert found.setup.endswith("-e . pytest")
    assert "unittest" in (from_files({"setup.py": "", "tests/test_a.py": "import unittest\n"}).test or "")
