"""From a red test to a green one on four real projects in two languages, with the errors that agents make on the way.

What the model was shown is kept whole in `snapshots/`; turns and tokens have upper bounds, so that what a run costs
does not grow unseen.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.trajectories.played import Played, call, check, edit, finish, play, script, seen
from tests.trajectories.projects import MINIMIST, SHELL_QUOTE, TS_DEDENT, Project, npm, parse

needs_npm = pytest.mark.skipif(shutil.which("npm") is None, reason="not run: npm is not installed")


def mended(played: Played, project: Project, *paths: str) -> None:
    """The branch holds the release's fix in these files, and nothing else is changed."""
    assert played.code == 0, played.errors
    assert played.said["status"] == "success", played.said
    assert sorted(played.said["files"]) == sorted(paths)
    for path in paths:
        assert played.file(path) == project.fixed[path].strip()


def within(played: Played, *, turns: int, prompt: int, output: int) -> None:
    """Upper bounds, a little above what was measured."""
    tokens = played.tokens()
    sizes = {name: count for name, count in tokens.items() if name != "output"}
    assert played.said["receipt"]["turns"] == turns
    assert sum(sizes.values()) <= prompt, tokens
    assert tokens["output"] <= output, tokens


def shown_first(answer: str, failure: str) -> None:
    """What failed stands above what was printed."""
    assert f"- {failure}" in answer.partition("<output>")[0]


# --- Python

PARSE_TASK = """\
A field name with a hyphen is not found

`parse.search("/sub/{user-id}/x", "/sub/1/x")` gives None. Names of fields should be able to contain hyphens.
"""


def test_python_from_red_to_green(tmp_path: Path) -> None:
    project = parse()
    tests, code = "tests/test_parse.py", "parse.py"
    added = project.fixed[tests][len(project.files[tests].rstrip("\n")) :]
    last = '        parser.format = "hi {}"\n'
    regex, name = "{\\w*(?:\\.\\w+|", 'field.replace(".", "_").replace("[", "_").replace("]", "_")'
    collision = '                group = field.replace("_", "_" * n)\n'
    hyphen = collision + '            elif "-" in field:\n                group = field.replace("-", "_" * n)\n'
    work = [
        {
            "text": "First where names of fields are read.",
            "calls": [
                call("search", pattern=r"PARSE_RE|_to_group_name", glob="*.py"),
                call("read", path=code, start=390, count=40),
                call("read", path=code, start=610, count=40),
                call("search", pattern="named_fields", path=tests),
            ],
        },
        {"calls": [call("read", path=tests, start=740)]},
        {"text": "The tests first.", "calls": [edit(tests, (last, last + added.removeprefix("\n")))]},
        {"calls": [call("shell", command="python -m pytest -q -x tests 2>&1 | tail -15")]},
        {"calls": [call("verify")]},
        {"calls": [edit(code, ("PARSE_RE = re.compile(r'({{|}}|{\\w*", "PARSE_RE = re.compile(r'({{|}}|{[\\w-]*"))]},
        {"calls": [call("edit", file=code, old=regex, new="{[\\w-]*(?:\\.[\\w-]+|")]},
        {"calls": [edit(code, (regex, "{[\\w-]*(?:\\.[\\w-]+|"), (collision, hyphen.replace("* n", "* many", 2)))]},
        {
            "calls": [
                edit(
                    code,
                    (hyphen.replace("* n", "* many", 2), hyphen),
                    (name, f'{name}.replace("-", "_")'),
                    ("return self._named_fields.copy()", "return self._named_fields[:]"),
                    ("return self._fixed_fields.copy()", "return self._fixed_fields[:]"),
                    ('__version__ = "1.20.1"', '__version__ = "1.20.2"'),
                )
            ]
        },
        {"calls": [call("verify")]},
        {"calls": [finish("Names of fields may contain hyphens.")]},
    ]
    played = play(PARSE_TASK, project, script("Allow hyphens in names of fields", [code, tests], work), tmp_path)
    mended(played, project, code, tests)
    assert played.said["gates"]["test"] == "96 passed, 1 skipped"
    assert "proof" in played.said["gates"]
    answers = played.answers()
    assert "1 failed" in answers[3][0]
    shown_first(answers[4][0], "tests.test_parse::test_hyphen_inside_field_name\n")
    assert "nearest place is" in answers[5][0]
    assert "does not fit its schema" in answers[6][0]
    assert "lint (ruff F821 line 631): Undefined name `many`" in answers[7][0]
    assert "test: passed (96 passed, 1 skipped)" in answers[9][0]
    within(played, turns=13, prompt=43_000, output=1_300)
    check("python", seen(played))


# --- JavaScript

MINIMIST_TASK = """\
Prototype pollution through constructor

`parse(['--_.concat.constructor.prototype.y', '123'])` gives every function a property `y`.
"""


@needs_npm
def test_javascript_from_red_to_green(tmp_path: Path) -> None:
    project = npm(MINIMIST)
    tests, code = "test/proto.js", "index.js"
    added = project.fixed[tests][len(project.files[tests]) :]
    last = "    t.equal(argv.y, undefined);\n    t.end();\n});\n"
    end = "test('proto pollution (constructor)', function (t) {\n"
    whole = project.files[tests][project.files[tests].index(end) :]
    guard, first, second = "isConstructorOrProto(o, key)", "if (key === '__proto__') return;\n", "var key = keys["
    tail = project.fixed[code][project.fixed[code].rindex("\n\nfunction isConstructorOrProto") :]
    number = project.files[code][project.files[code].rindex("    return /^[-+]?") :]
    assert whole.endswith(last)
    work = [
        {
            "text": "Where keys are set, and what tests there are.",
            "calls": [call("search", pattern="__proto__"), call("read", path=code), call("read", path=tests)],
        },
        {"text": "The tests first.", "calls": [edit(tests, (whole, whole + added))]},
        {"calls": [call("shell", command="npm test 2>&1 | grep -v '^ok' | head -60")]},
        {"calls": [call("verify")]},
        {"calls": [edit(code, ("if (key == '__proto__') return;", f"if ({guard}) return;"))]},
        {"calls": [call("edit", path=code, edits={"old": first, "new": f"if ({guard}) return;\n"})]},
        {"calls": [call("edit", path=code, edits=[{"old": first, "new": f"if ({guard} return;\n", "all": True}])]},
        {
            "calls": [
                call("edit", path=code, edits=[{"old": first, "new": f"if ({guard}) return;\n", "all": True}]),
                edit(code, (number, number.rstrip("\n") + "\n" + tail)),
            ]
        },
        {"calls": [call("verify")]},
        {"calls": [finish("Keys through a constructor are ignored.")]},
    ]
    assert second in project.files[code]
    played = play(MINIMIST_TASK, project, script("Close the pollution", [code, "test/"], work), tmp_path)
    mended(played, project, code, tests)
    assert played.said["gates"]["test"] == "148 passed"
    answers = played.answers()
    assert "not ok 126" in answers[2][0]
    shown_first(answers[3][0], "proto pollution (constructor function) > should be strictly equal\n")
    assert "nearest place is" in answers[4][0]
    assert "The nearest valid input: " in answers[5][0]
    assert "break the file's syntax, which is sound now: line 73" in answers[6][0]
    assert "test: passed (148 passed)" in answers[8][0]
    within(played, turns=12, prompt=53_000, output=1_300)
    check("javascript", seen(played))


# --- JavaScript with eslint

QUOTE_TASK = """\
Empty strings disappear when they are quoted

`quote(['-x', '', 'y'])` gives `-x  y`, which is two words to a shell. The empty one should be `''`.
"""


@needs_npm
def test_eslint_tells_an_edit_what_it_broke(tmp_path: Path) -> None:
    project = npm(SHELL_QUOTE)
    tests, parsed, code = "test/quote.js", "test/parse.js", "quote.js"
    after = project.fixed[code]
    mapped = "\treturn xs.map(function (s) {\n"
    new = after[after.index(mapped) : after.index("\t\tif (s && typeof s")]
    spaces = (
        mapped + "        if (s == '') {\n            var quoted = \"''\";\n            return '\\'\\'';\n        }\n"
    )
    last = "\tt.equal(quote([x]), '\\\\`\\\\:\\\\\\\\a\\\\\\\\b');\n\tt.end();\n});\n"
    added = project.fixed[tests][len(project.files[tests]) :]
    comment = project.files[parsed][project.files[parsed].rindex("\tt.deepEqual(parse('xyz #") :]
    kept = project.fixed[parsed][project.fixed[parsed].rindex("\tt.deepEqual(parse('xyz #") :]
    assert project.files[tests].endswith(last)
    work = [
        {
            "text": "How words are quoted, and what tests there are.",
            "calls": [
                call("search", pattern="quote\\(", glob="*.js"),
                call("read", path=code),
                call("read", path=tests),
            ],
        },
        {"calls": [call("read", path=parsed, start=30)]},
        {"text": "The tests first.", "calls": [edit(tests, (last, last + added)), edit(parsed, (comment, kept))]},
        {"calls": [call("shell", command="npm test 2>&1 | grep -v '^ok' | head -40")]},
        {"calls": [call("verify")]},
        {"calls": [edit(code, (mapped.expandtabs(4), spaces))]},
        {"calls": [edit(code, (mapped, spaces))]},
        {"text": "It wants tabs, and nothing unused.", "calls": [edit(code, (spaces, new))]},
        {"calls": [call("verify")]},
        {"calls": [finish("Empty strings are quoted.")]},
    ]
    played = play(QUOTE_TASK, project, script("Quote empty strings", [code, "test/"], work), tmp_path)
    mended(played, project, code, tests, parsed)
    assert played.said["gates"]["lint"] == "nothing new (eslint on 3 changed files)"
    assert played.said["gates"]["test"] == "121 passed"
    answers = played.answers()
    assert "not ok 116" in answers[3][0]
    assert answers[5] == [f"old was not found. Only white space differs from line 4, exactly:\n{mapped.rstrip()}"]
    told = answers[6][0].splitlines()
    assert told[0] == "quote.js is changed: lines 5-8"
    assert "lint (eslint indent line 5): Expected indentation of 2 tabs but found 8 spaces." in told
    assert "lint (eslint no-unused-vars line 6): 'quoted' is assigned a value but never used." in told
    assert answers[7] == ["quote.js is changed: lines 5-7"]
    within(played, turns=12, prompt=37_000, output=1_100)
    check("eslint", seen(played))


# --- TypeScript

DEDENT_TASK = """\
Values of several lines lose their indentation

When a value that is put in has several lines, only its first line is indented like the place where it stands.
"""


@needs_npm
def test_typescript_from_red_to_green(tmp_path: Path) -> None:
    project = npm(TS_DEDENT)
    tests, code = "src/__tests__/issue-21.spec.ts", "src/index.ts"
    before, after = project.files[code], project.fixed[code]
    old = "    string += value + strings[i + 1];\n"
    start = after.index("    // 5.1")
    new = after[
        start : after.index("    string += indentedValue") + len("    string += indentedValue + strings[i + 1];\n")
    ]
    assert old in before
    work = [
        {
            "text": "Where values are put in.",
            "calls": [call("search", pattern="values", glob="*.ts"), call("read", path=code)],
        },
        {"text": "The test first.", "calls": [call("write", path=tests, content=project.fixed[tests])]},
        {"calls": [call("shell", command="npm test")]},
        {"calls": [call("verify")]},
        {"calls": [edit(code, ("string += value + string[i + 1];", "string += indented + strings[i + 1];"))]},
        {"calls": [call("edit", path=code, edits=[])]},
        {"calls": [edit(code, (old, new.replace("let indentedValue = value", "let indentedValue: string = value")))]},
        {"calls": [call("verify")]},
        {"calls": [edit(code, ("let indentedValue: string = value", "let indentedValue = value"))]},
        {"calls": [call("verify")]},
        {"calls": [finish("Values of several lines keep the indentation of their place.")]},
    ]
    played = play(DEDENT_TASK, project, script("Indent every line of a value", ["src/"], work), tmp_path)
    mended(played, project, code, tests)
    assert played.said["gates"] == {
        "lint": "passed",
        "test": "23 passed, 1 skipped",
        "proof": "the tests of the change fail without the rest of it, and pass with it",
    }
    answers = played.answers()
    assert "1 failing" in answers[2][0]
    shown_first(answers[3][0], "Issue 21 > should dedent nested dedents correctly\n")
    assert "nearest place is" in answers[4][0]
    assert "An input that is valid: " in answers[5][0]
    shown_first(answers[7][0], "src/index.ts(#,#): error TS#: Type 'unknown' is not assignable to type 'string'.\n")
    assert "test: passed (23 passed, 1 skipped)" in answers[9][0]
    within(played, turns=13, prompt=38_000, output=1_300)
    check("typescript", seen(played))
