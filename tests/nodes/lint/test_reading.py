"""What linters print, understood. The texts are as the tools' own documentation and releases show them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minion.nodes.lint.linters import Reading
from minion.nodes.lint.reading import found

RUFF = [{"filename": "/w/a.py", "code": "F401", "message": "`os` imported but unused", "location": {"row": 3}}]
ESLINT = [
    {
        "filePath": "/w/a.js",
        "messages": [
            {"ruleId": "no-unused-vars", "severity": 2, "message": "'a' is unused.", "line": 1},
            {"ruleId": "semi", "severity": 1, "message": "Missing\nsemicolon.", "line": 2},
            {"ruleId": None, "fatal": True, "severity": 2, "message": "Parsing error", "line": 9},
            {"ruleId": None, "severity": 1, "message": "File ignored because of a matching ignore pattern."},
        ],
    }
]
RUBOCOP = {
    "files": [
        {
            "path": "lib/foo.rb",
            "offenses": [{"cop_name": "Style/For", "message": "Prefer each.", "location": {"line": 4}}],
        }
    ]
}
SHELLCHECK = {"comments": [{"file": "a.sh", "line": 2, "code": 2086, "message": "Double quote.", "level": "info"}]}
HADOLINT = [{"file": "Dockerfile", "line": 1, "code": "DL3006", "message": "Always tag.", "level": "warning"}]
SQLFLUFF = [{"filepath": "a.sql", "violations": [{"start_line_no": 3, "code": "LT01", "description": "Spacing."}]}]
STYLELINT = [
    {"source": "/w/a.css", "warnings": [{"line": 2, "rule": "color-no-hex", "text": "No.", "severity": "error"}]}
]
SARIF = {
    "runs": [
        {
            "results": [
                {
                    "ruleId": "R1",
                    "message": {"text": "Bad."},
                    "locations": [
                        {"physicalLocation": {"artifactLocation": {"uri": "a.c"}, "region": {"startLine": 7}}}
                    ],
                }
            ]
        }
    ]
}
CHECKSTYLE = (
    '<?xml version="1.0" encoding="utf-8"?>\n<checkstyle version="8.0">\n<file name="A.kt">'
    '<error line="5" column="1" severity="error" message="Unused import" source="standard:no-unused-imports" />'
    "</file></checkstyle>"
)


@pytest.mark.parametrize(
    ("reading", "text", "wanted"),
    [
        ("ruff", json.dumps(RUFF), [("/w/a.py", 3, "F401", "`os` imported but unused")]),
        (
            "eslint",
            json.dumps(ESLINT),
            [
                ("/w/a.js", 1, "no-unused-vars", "'a' is unused."),
                ("/w/a.js", 2, "semi", "Missing semicolon."),
                ("/w/a.js", 9, "syntax", "Parsing error"),
            ],
        ),
        ("rubocop", json.dumps(RUBOCOP), [("lib/foo.rb", 4, "Style/For", "Prefer each.")]),
        ("shellcheck", json.dumps(SHELLCHECK), [("a.sh", 2, "SC2086", "Double quote.")]),
        ("hadolint", json.dumps(HADOLINT), [("Dockerfile", 1, "DL3006", "Always tag.")]),
        ("sqlfluff", json.dumps(SQLFLUFF), [("a.sql", 3, "LT01", "Spacing.")]),
        ("stylelint", json.dumps(STYLELINT), [("/w/a.css", 2, "color-no-hex", "No.")]),
        ("sarif", json.dumps(SARIF), [("a.c", 7, "R1", "Bad.")]),
        ("checkstyle", CHECKSTYLE, [("A.kt", 5, "standard:no-unused-imports", "Unused import")]),
        # https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions, as biome prints it
        (
            "github",
            "::error title=lint/suspicious/noDoubleEquals,file=main.ts,line=4,endLine=4,col=3,endColumn=5::Use ===",
            [("main.ts", 4, "suspicious/noDoubleEquals", "Use ===")],
        ),
        # flake8's default format, yamllint's parsable, markdownlint, actionlint -oneline, clang-format, oxlint unix
        ("lines", "./a.py:1:1: F401 'os' imported but unused", [("a.py", 1, "F401", "'os' imported but unused")]),
        (
            "lines",
            "a.yml:2:4: [error] wrong indentation (indentation)",
            [("a.yml", 2, "indentation", "wrong indentation")],
        ),
        ("lines", "a.md:3 MD022/blanks-around-headings Headings", [("a.md", 3, "MD022", "Headings")]),
        ("lines", "a.md:3:81 error MD013/line-length Line length", [("a.md", 3, "MD013", "Line length")]),
        (
            "lines",
            '.github/x.yml:8:9: unexpected key "z" [syntax-check]',
            [(".github/x.yml", 8, "syntax-check", 'unexpected key "z"')],
        ),
        (
            "lines",
            "a.c:1:4: error: code should be clang-formatted [-Wclang-format-violations]",
            [("a.c", 1, "-Wclang-format-violations", "code should be clang-formatted")],
        ),
        ("lines", "A.swift:2:1: warning: (indent) Indent code.", [("A.swift", 2, "indent", "Indent code.")]),
        ("lines", "README.md:3: teh ==> the", [("README.md", 3, "", "teh ==> the")]),
        ("lines", "1 problem found", []),
        (
            "names",
            "Would reformat: src/a.py\n1 file would be reformatted, 2 files already formatted",
            [("src/a.py", 0, "format", "is not formatted")],
        ),
        (
            "names",
            "would reformat /w/a.py\n\nOh no! 💥 💔 💥\n1 file would be reformatted.",
            [("/w/a.py", 0, "format", "is not formatted")],
        ),
        (
            "names",
            "ERROR: /w/a.py Imports are incorrectly sorted and/or formatted.",
            [("/w/a.py", 0, "format", "is not formatted")],
        ),
        (
            "names",
            "a.go\nb/c.go\n",
            [("a.go", 0, "format", "is not formatted"), ("b/c.go", 0, "format", "is not formatted")],
        ),
        ("names", "Checking formatting...\n", []),
    ],
)
def test_what_each_prints(reading: Reading, text: str, wanted: list[tuple[str, int, str, str]]) -> None:
    for stdout, stderr in ((text, ""), ("", text)):
        assert [(item.path, item.line, item.code, item.message) for item in found(reading, stdout, stderr)] == wanted


def test_warnings_are_told_apart() -> None:
    assert [item.warning for item in found("eslint", json.dumps(ESLINT), "")] == [False, True, False]


def test_a_document_type_is_not_read() -> None:
    bomb = '<!DOCTYPE a [<!ENTITY x "y">]>' + CHECKSTYLE
    assert found("checkstyle", bomb, "") == ()


READINGS: list[Reading] = [
    *("checkstyle", "eslint", "github", "hadolint", "lines", "names"),  # type: ignore[list-item]
    *("rubocop", "ruff", "sarif", "shellcheck", "sqlfluff", "stylelint"),  # type: ignore[list-item]
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["files", "messages", "comments", "runs"]), inner),
    max_leaves=10,
)


@given(st.sampled_from(READINGS), st.text() | JSON.map(json.dumps))
def test_nonsense_is_no_finding_and_no_error(reading: Reading, text: str) -> None:
    assert all(len(item.message) <= 300 for item in found(reading, text, text))


def test_a_flood_is_cut() -> None:
    assert len(found("lines", "a.py:1:1: E1 x\n" * 5_000, "")) == 1_000
