"""Linters and formatters of JavaScript, TypeScript and style sheets."""

from __future__ import annotations

from minion.nodes.lint.linters import Linter

_JS = ("*.js", "*.jsx", "*.mjs", "*.cjs", "*.ts", "*.tsx", "*.mts", "*.cts")
_CSS = ("*.css", "*.scss", "*.sass", "*.less")
_DATA = ("*.json", "*.jsonc", "*.json5", "*.yml", "*.yaml", "*.md", "*.mdx", "*.html", "*.graphql")

WEB = (
    Linter(
        name="eslint",
        kind="lint",
        source="https://eslint.org/docs/latest/use/command-line-interface",
        takes=(*_JS, "*.vue", "*.svelte", "*.astro"),
        program="eslint",
        check=("--no-error-on-unmatched-pattern", "--format=json"),
        reading="eslint",
        fix=("--no-error-on-unmatched-pattern", "--fix"),
        configs=("eslint.config.*", ".eslintrc", ".eslintrc.*", ".eslintignore"),
        sections=(("package.json", "eslintConfig"),),
        hooks=("eslint",),
        worker="eslint",
    ),
    Linter(
        name="prettier",
        kind="format",
        source="https://prettier.io/docs/cli",
        takes=(*_JS, *_CSS, *_DATA, "*.vue", "*.svelte", "*.astro"),
        program="prettier",
        check=("--list-different", "--ignore-unknown"),
        reading="names",
        fix=("--write", "--ignore-unknown"),
        configs=(".prettierrc", ".prettierrc.*", "prettier.config.*", ".prettierignore"),
        sections=(("package.json", "prettier"),),
        hooks=("prettier",),
        words=r"\bprettier (?:--check|-c|--write|--list-different|-l)\b",
        worker="prettier",
    ),
    Linter(
        name="biome",
        kind="lint",
        source="https://biomejs.dev/reference/reporters/#github",
        takes=(*_JS, "*.json", "*.jsonc", "*.css", "*.graphql"),
        program="biome",
        check=("lint", "--no-errors-on-unmatched", "--reporter=github", "--colors=off"),
        reading="github",
        configs=("biome.json", "biome.jsonc"),
        hooks=("biome-check", "biome-lint", "biome-ci"),
    ),
    Linter(
        name="biome-format",
        kind="format",
        source="https://biomejs.dev/reference/cli/#biome-format",
        takes=(*_JS, "*.json", "*.jsonc", "*.css", "*.graphql"),
        program="biome",
        check=("format", "--no-errors-on-unmatched", "--reporter=github", "--colors=off"),
        reading="github",
        fix=("format", "--no-errors-on-unmatched", "--write"),
        configs=("biome.json", "biome.jsonc"),
        hooks=("biome-format",),
    ),
    Linter(
        name="stylelint",
        kind="lint",
        source="https://stylelint.io/user-guide/cli",
        takes=_CSS,
        program="stylelint",
        check=("--formatter=json", "--allow-empty-input"),
        reading="stylelint",
        fix=("--fix", "--allow-empty-input"),
        configs=(".stylelintrc", ".stylelintrc.*", "stylelint.config.*", ".stylelintignore"),
        sections=(("package.json", "stylelint"),),
        hooks=("stylelint",),
    ),
    Linter(
        name="oxlint",
        kind="lint",
        source="https://oxc.rs/docs/guide/usage/linter/cli.html",
        takes=_JS,
        program="oxlint",
        check=("--format=unix",),
        fix=("--fix",),
        configs=(".oxlintrc.json",),
        hooks=("oxlint",),
    ),
    Linter(
        name="tsc",
        kind="lint",
        source="https://www.typescriptlang.org/docs/handbook/compiler-options.html",
        takes=("*.ts", "*.tsx", "*.mts", "*.cts"),
        program="tsc",
        configs=("tsconfig.json",),
    ),
)
