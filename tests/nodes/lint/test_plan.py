"""Which linters a repository uses, told from its files."""

from __future__ import annotations

import pytest

from minion.nodes.lint.plan import LintPlan, plan
from minion.nodes.lint.table import LINTERS


def of(files: dict[str, str]) -> LintPlan:
    return plan(sorted(files), files.get)


def names(files: dict[str, str]) -> list[str]:
    return [one.linter.name for one in of(files).applied]


@pytest.mark.parametrize(
    ("files", "wanted"),
    [
        ({"pyproject.toml": "[tool.ruff]\nline-length = 100\n"}, ["ruff"]),
        ({"pyproject.toml": "[tool.ruff.lint]\n[tool.ruff.format]\n"}, ["ruff", "ruff-format"]),
        ({"pyproject.toml": "[tool.black]\n[tool.isort]\n"}, ["isort", "black"]),
        ({"pyproject.toml": "[project]\nname = 'ruff'\n"}, []),
        ({"setup.cfg": "[flake8]\nmax-line-length = 100\n"}, ["flake8"]),
        ({"eslint.config.mjs": "", ".prettierrc": ""}, ["eslint", "prettier"]),
        ({".eslintrc.json": "{}"}, ["eslint"]),
        ({"package.json": '{"prettier": {"semi": false}}'}, ["prettier"]),
        ({"package.json": '{\n "devDependencies": {\n "prettier": "^3.0.0"}}'}, []),
        ({"package.json": '{"eslintConfig": '}, []),
        ({"package.json": "[]"}, []),
        ({"biome.json": "{}"}, ["biome", "biome-format"]),
        ({"go.mod": "module a\n"}, ["gofmt"]),
        ({"Cargo.toml": '[package]\nedition = "2024"\n'}, ["rustfmt"]),
        ({".rubocop.yml": "", ".shellcheckrc": "", ".yamllint": ""}, ["rubocop", "shellcheck", "yamllint"]),
        ({".github/workflows/ci.yml": "- run: shellcheck a/*.sh\n- run: black --check .\n"}, ["black", "shellcheck"]),
        ({".clang-format": "", ".swiftformat": "", "phpcs.xml": ""}, ["clang-format", "phpcs", "swiftformat"]),
        ({"README.md": "ruff check\n"}, []),
        ({"node_modules/x/.eslintrc": "", "vendor/y/.rubocop.yml": ""}, []),
    ],
)
def test_what_is_configured_is_used_and_nothing_else(files: dict[str, str], wanted: list[str]) -> None:
    assert names(files) == wanted


def test_slow_tools_and_unknown_hooks_are_named_and_left_to_ci() -> None:
    hooks = (
        "repos:\n- repo: x\n  hooks:\n  - id: ruff\n  - id: end-of-file-fixer\n- repo: local\n  hooks:\n  - id: ours\n"
    )
    found = of({"pyproject.toml": "[tool.mypy]\nstrict = true\n", ".pre-commit-config.yaml": hooks})
    assert [one.linter.name for one in found.applied] == ["ruff"]
    assert found.left == ("mypy", "end-of-file-fixer (pre-commit)", "ours (pre-commit)")


def test_a_hook_says_with_which_arguments_and_on_which_files() -> None:
    text = (
        "exclude: ^docs/\nrepos:\n- repo: https://github.com/astral-sh/ruff-pre-commit\n  rev: v0.1\n  hooks:\n"
        "  - id: ruff\n    args: [--fix, --exit-non-zero-on-fix, --config=ruff.toml]\n    files: \\.py$\n"
        "    exclude: ^gen/\n  - id: black\n    stages: [manual]\n"
    )
    [one] = of({".pre-commit-config.yaml": text}).applied
    assert one.arguments == ("--config=ruff.toml",)
    assert [one.takes(path) for path in ("a.py", "docs/a.py", "gen/a.py", "a.pyi")] == [True, False, False, False]


@pytest.mark.parametrize(
    "text", ["- x", "repos: 3", "repos: [1, {hooks: 2}]", "a: [", "repos:\n- hooks:\n  - id: ruff\n    files: '('"]
)
def test_a_strange_pre_commit_file_is_no_error(text: str) -> None:
    assert {one.linter.name for one in of({".pre-commit-config.yaml": text}).applied} <= {"ruff"}


def test_several_projects_in_one_repository() -> None:
    found = of({"web/eslint.config.js": "", "web/admin/.eslintrc": "", "api/pyproject.toml": "[tool.ruff]\n"})
    assert [(one.linter.name, one.root) for one in found.applied] == [
        ("ruff", "api"),
        ("eslint", "web"),
        ("eslint", "web/admin"),
    ]
    assert [one.root for one in found.for_path("web/admin/a.ts")] == ["web/admin"]
    assert [one.root for one in found.for_path("web/a.ts")] == ["web"]
    assert found.for_path("other/a.ts") == ()


def test_rustfmt_is_told_the_edition_of_the_crate() -> None:
    [one] = of({"Cargo.toml": '[package]\nedition = "2018"\n'}).applied
    assert one.arguments == ("--edition", "2018")


BASE = {
    "pyproject.toml": "[project]\nname = 'a'\n[tool.ruff]\nline-length = 80\n",
    "package.json": '{"eslintConfig": {"rules": {}}, "dependencies": {}}',
    ".prettierrc": "{}",
}


@pytest.mark.parametrize(
    ("path", "text", "changed"),
    [
        ("pyproject.toml", "[project]\nname = 'b'\n[tool.ruff]\nline-length = 80\n", set()),
        ("pyproject.toml", "[tool.ruff]\nline-length = 200\n", {"ruff"}),
        ("pyproject.toml", None, {"ruff"}),
        ("pyproject.toml", "[tool.ruff\n", {"ruff"}),
        ("ruff.toml", "line-length = 200\n", {"ruff"}),
        ("src/pyproject.toml", "[tool.ruff]\n", {"ruff"}),
        ("package.json", '{"eslintConfig": {"rules": {}}, "dependencies": {"x": "1"}}', set()),
        ("package.json", '{"eslintConfig": {"rules": {"eqeqeq": 0}}}', {"eslint"}),
        (".prettierignore", "a.js\n", {"prettier"}),
        (".prettierrc", "{}", set()),
    ],
)
def test_a_linter_whose_configuration_was_changed_is_known(path: str, text: str | None, changed: set[str]) -> None:
    assert of(BASE).reconfigured({path: text}) == changed


def test_every_linter_has_a_source_a_name_of_its_own_and_a_sign() -> None:
    assert len({linter.name for linter in LINTERS}) == len(LINTERS)
    for linter in LINTERS:
        assert linter.source.startswith("https://"), linter.name
        assert linter.takes, linter.name
        assert linter.configs or linter.sections or linter.hooks or linter.implied or linter.words, linter.name
        assert linter.check or not linter.fix, linter.name
