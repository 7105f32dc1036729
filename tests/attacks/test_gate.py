"""Attacks 31-33 and 36: what a captured runner may propose, and what the gate says."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minion.domain.changeset import ChangedFile, ChangeSet, FileMode
from minion.domain.ids import CommitSha
from minion.domain.secret import Secret
from minion.domain.spec import Scope
from minion.tasks.gate import Before, Blocked, GateRules, Passed, judge

CANARY = "canary-7f3a9c51e2d84b60"


def change_set(*files: ChangedFile) -> ChangeSet:
    return ChangeSet(base_sha=CommitSha("a" * 40), files=files)


def text(path: str, content: str = "x = 1\n") -> ChangedFile:
    return ChangedFile.of(path, content.encode())


def blocked(*files: ChangedFile, rules: GateRules | None = None, before: Before | None = None) -> str:
    verdict = judge(change_set(*files), rules or GateRules(), before)
    assert isinstance(verdict, Blocked), verdict
    return "\n".join(map(str, verdict.reasons))


def flags(*files: ChangedFile, rules: GateRules | None = None, before: Before | None = None) -> str:
    verdict = judge(change_set(*files), rules or GateRules(), before)
    assert isinstance(verdict, Passed), verdict
    return "\n".join(map(str, verdict.flags))


def test_a_plain_change_passes_without_a_word() -> None:
    files = (text("src/app.py"), text("docs/größe 👩‍💻.md", "né ✔️ 1️⃣\r\n"), ChangedFile(path="old.py"))
    assert judge(change_set(*files), GateRules()) == Passed(())


@pytest.mark.parametrize(
    "path",
    [
        ".github/workflows/ci.yml",
        ".GitHub/workflows/ci.yml",
        ".github/minion.yml",
        ".github/minion/blueprints/fix.yml",
        "CODEOWNERS",
        "docs/codeowners",
        "AGENTS.md",
        "deep/down/agents.MD",
        "CLAUDE.md",
        ".claude/settings.json",
        ".cursor/rules/x.mdc",
        "pkg/.cursorrules",
        ".gitmodules",
        ".husky/pre-commit",
        ".githooks/pre-push",
        ".pre-commit-config.yaml",
        ".vscode/tasks.json",
        ".github/actions/x/action.yml",
    ],
)
def test_protected_paths_are_for_people(path: str) -> None:
    assert "protected" in blocked(text(path))
    assert "protected" in blocked(ChangedFile(path=path)), "deleting is changing"


def test_the_repository_names_more_protected_paths() -> None:
    rules = GateRules(protected_paths=("infra/**", "*.tf"))
    assert "protected" in blocked(text("infra/x.yml"), rules=rules)
    assert "protected" in blocked(text("a/b/main.tf"), rules=rules)
    assert isinstance(judge(change_set(text("src/x.yml")), rules), Passed)


@pytest.mark.parametrize(
    "path",
    [
        "../x",
        "a/../../x",
        "/etc/passwd",
        "C:/x",
        "a\\b",
        "",
        "a//b",
        "./a",
        "a/",
        ".git/config",
        "sub/.GIT/hooks/post-checkout",
        "git~1/config",
        ".git /config",
        ".git\u200c/config",
        ".git::$INDEX_ALLOCATION/x",
        "a\nb",
        "a\u202eb",
        "a\0b",
        "aux.txt",
        "dir /x",
        "x" * 300,
        "\ud800",
    ],
)
def test_no_path_leaves_the_tree_or_hides(path: str) -> None:
    assert blocked(ChangedFile(path=path, content=base64.b64encode(b"x").decode()))


def test_scope_is_kept() -> None:
    rules = GateRules(scope=Scope(allow=("src/**",), forbid=("src/vendor/**",)))
    assert isinstance(judge(change_set(text("src/a.py")), rules), Passed)
    assert "outside the task's scope" in blocked(text("docs/a.md"), rules=rules)
    assert "forbidden by the task's scope" in blocked(text("src/vendor/a.py"), rules=rules)


def test_size_and_number_are_bounded() -> None:
    assert "3 files changed, 2 are allowed" in blocked(text("a"), text("b"), text("c"), rules=GateRules(max_files=2))
    assert "allowed" in blocked(text("a", "x" * 4000), rules=GateRules(max_bytes=1000))


def test_modes() -> None:
    module = ChangedFile(path="dep", mode=FileMode.SUBMODULE, content=base64.b64encode(b"b" * 40).decode())
    assert "submodule" in blocked(module)
    assert "executable" in flags(ChangedFile.of("run.sh", b"#!/bin/sh\n", FileMode.EXECUTABLE))


@pytest.mark.parametrize(
    "target", ["/etc/passwd", "../../etc/passwd", "../..", "../.git/config", "C:/x", "a\\..\\b", "", "x\0y", "y" * 2000]
)
def test_links_stay_inside(target: str) -> None:
    assert "symlink" in blocked(ChangedFile.of("docs/link", target.encode(), FileMode.SYMLINK))


def test_a_link_inside_is_flagged() -> None:
    assert "symlink to ../README.md" in flags(ChangedFile.of("docs/link", b"../README.md", FileMode.SYMLINK))


def test_collisions() -> None:
    assert "same as" in blocked(text("Readme.md"), text("README.md"))
    assert "same as" in blocked(text("caf\u00e9"), text("cafe\u0301"))
    assert "same as" in blocked(text("readme.md"), before=Before(paths=frozenset({"README.md"})))
    assert "more than once" in blocked(text("a"), text("a", "other"))
    link = ChangedFile.of("lib", b"src", FileMode.SYMLINK)
    assert "to be a folder" in blocked(link, text("lib/a.py"))
    assert "to be a folder" in blocked(text("lib/a.py"), before=Before(paths=frozenset({"lib"})))


@pytest.mark.parametrize("path", [".github", ".GITHUB", ".claude", ".husky"])
@pytest.mark.parametrize("kind", ["file", "link", "deleted"])
def test_a_protected_folder_is_not_swapped_or_taken_out_whole(path: str, kind: str) -> None:
    """One entry of a folder's name takes the folder out of the tree, with all that is in it."""
    link = ChangedFile.of(path, b"src", FileMode.SYMLINK)
    file = {"file": text(path), "link": link, "deleted": ChangedFile(path=path)}[kind]
    assert "is protected" in blocked(file)


def test_a_folder_goes_only_file_by_file() -> None:
    before = Before(paths=frozenset({"tests/test_a.py", "tests/test_b.py", "a.py"}))
    assert "takes the place of a folder" in blocked(text("tests"), before=before)
    assert "is no file of the base" in blocked(ChangedFile(path="tests"), before=before)
    assert "forbidden" in blocked(text("tests"), rules=GateRules(scope=Scope(forbid=("tests/**",))))
    gone = (ChangedFile(path="tests/test_a.py"), ChangedFile(path="tests/test_b.py"))
    assert isinstance(judge(change_set(text("tests"), *gone), GateRules(), before), Passed)
    assert "takes the place" in blocked(text("tests"), gone[0], before=before)


def test_a_rename_by_case_is_no_collision() -> None:
    before = Before(paths=frozenset({"Readme.md"}))
    assert flags(ChangedFile(path="Readme.md"), text("README.md"), before=before) == ""


@pytest.mark.parametrize(
    "char", ["\u202e", "\u2066", "\u200b", "\u2060", "\U000e0041", "\U000e0100", "\u3164", "\ufe01"]
)
def test_hidden_characters_block(char: str) -> None:
    assert "invisible character" in blocked(text("a.py", f"x = 1\ny{char}z = 2\n"))


def test_hidden_characters_that_were_there_do_not() -> None:
    old = "a\u200bb\n"
    assert flags(text("a.md", old + "more\n"), before=Before(contents={"a.md": old.encode()})) == ""


LINES = ("def test_a():", "    assert 1", "", "x = 2", "def helper():")


def forms_of(secret: str) -> list[str]:
    value = secret.encode()
    return [
        secret,
        secret[::-1],
        value.hex(),
        value.hex().upper(),
        *(base64.b64encode(b"z" * offset + value + b"tail").decode() for offset in range(4)),
        base64.urlsafe_b64encode(b"q" + value).decode(),
        f'"{secret[:9]}" + \\\n  "{secret[9:]}"',
        "\n".join(secret),
    ]


@pytest.mark.parametrize("form", forms_of(CANARY))
def test_exact_secrets_in_any_disguise(form: str) -> None:
    rules = GateRules(secrets=(Secret(CANARY), Secret("short")))
    verdict = blocked(text("a.txt", f"before {form} after"), rules=rules)
    assert "secrets of this installation" in verdict
    assert CANARY not in verdict


def test_exact_secrets_in_a_path_and_in_binaries() -> None:
    rules = GateRules(secrets=(Secret(CANARY),))
    assert "secrets of" in blocked(text(f"docs/{CANARY}.md"), rules=rules)
    assert "secrets of" in blocked(ChangedFile.of("a.bin", b"\0\1" + CANARY.encode()), rules=rules)


@given(
    st.text(min_size=12, max_size=60, alphabet=st.characters(min_codepoint=33, max_codepoint=126)), st.integers(0, 5)
)
def test_base64_of_a_secret_is_found_at_any_offset(secret: str, offset: int) -> None:
    encoded = base64.b64encode(b"x" * offset + secret.encode() + b"yy")
    verdict = judge(change_set(ChangedFile.of("a.txt", encoded)), GateRules(secrets=(Secret(secret),)))
    assert isinstance(verdict, Blocked)


@pytest.mark.parametrize(
    "line",
    [
        "key = 'AKIA" + "IOSFODNN7EXAMPLQ'",
        "token: ghp_" + "a1B2" * 9,
        "ghs_123456_" + "eyJhbGciOi.J9" * 5,
        "sk-ant-" + "api03-" + "a" * 40,
        "-----BEGIN " + "RSA PRIVATE KEY-----",
        "xoxb-" + "123456789012-123456789012-" + "a" * 24,
    ],
)
def test_patterns(line: str) -> None:
    verdict = blocked(text("conf.py", f"ok = 1\n{line}\n"))
    assert "looks like a secret" in verdict
    assert "line 2" in verdict
    before = Before(contents={"conf.py": line.encode()})
    assert flags(text("conf.py", f"# moved\n{line}\n"), before=before) == "", "what was there is not the change's"


def test_a_key_behind_lines_that_were_there_is_found_at_its_own_line() -> None:
    old = "".join(f"line {number}\n" for number in range(100)) + "old = 'AKIA" + "IOSFODNN7EXAMPLQ'\n"
    before = Before(contents={"conf.py": old.encode()})
    assert flags(text("conf.py", old + "more = 1\n"), before=before) == ""
    verdict = blocked(text("conf.py", f"{old}new = 'AKIA{'IOSFODNN7EXAMPLR'}'\n"), before=before)
    assert "line 102" in verdict


def test_hashes_are_no_secrets() -> None:
    assert flags(text("sums.txt", f"{'3f786850e387550fdab836ed7e6dc881de23001b'}  a\nid: {'0' * 64}\n")) == ""


def test_programs_block_and_pictures_are_flagged() -> None:
    assert "program" in blocked(ChangedFile.of("tool", b"\x7fELF\0\0"))
    assert "archive" in blocked(ChangedFile.of("a.zip", b"PK\x03\x04\0"))
    assert "binary" in flags(ChangedFile.of("a.png", b"\x89PNG\0\0"))


def test_weakened_tests_are_flagged_not_blocked() -> None:
    old = b"def test_a():\n    assert 1\n\ndef test_b():\n    assert 2\n"
    before = Before(contents={"tests/test_a.py": old, "tests/test_b.py": old})
    said = flags(
        text("tests/test_a.py", "import pytest\n@pytest.mark.skip\ndef test_a():\n    pass\n"),
        ChangedFile(path="tests/test_b.py"),
        before=before,
    )
    assert "1 fewer tests" in said
    assert "2 fewer assertions" in said
    assert "1 more skipped" in said
    assert "a test file was deleted" in said


@given(st.lists(st.sampled_from(LINES), max_size=8), st.lists(st.sampled_from(LINES), max_size=8))
def test_what_a_test_file_lost_is_counted_wherever_it_stood(old: list[str], new: list[str]) -> None:
    before = Before(contents={"tests/test_a.py": "\n".join(old).encode()})
    said = flags(text("tests/test_a.py", "\n".join(new)), before=before)
    for word, what in (("def test", "fewer tests"), ("assert ", "fewer assertions")):
        lost = sum(word in line for line in old) - sum(word in line for line in new)
        assert (f"{lost} {what}" in said) if lost > 0 else (what not in said)


def test_lock_files_are_flagged() -> None:
    assert "lock file" in flags(text("web/package-lock.json", "{}"))


def test_contents_that_are_not_base64_are_a_reason_not_a_crash() -> None:
    assert "not base64" in blocked(ChangedFile(path="a", content="%%%"))


@given(st.text(max_size=40), st.binary(max_size=80), st.sampled_from(FileMode))
def test_whatever_comes_there_is_a_verdict_and_reasons_are_one_visible_line(
    path: str, data: bytes, mode: FileMode
) -> None:
    verdict = judge(change_set(ChangedFile.of(path, data, mode)), GateRules())
    if isinstance(verdict, Blocked):
        assert verdict.reasons
        for reason in verdict.reasons:
            assert str(reason).isprintable()
