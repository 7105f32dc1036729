"""Rule files: which apply, when, and what is never loaded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minion.agent.rule_files import BrokenFrontMatter, Parsed, parse, spelt_out
from minion.agent.rules import RuleBook
from minion.domain.changeset import ChangeSet
from minion.domain.ids import CommitSha


@dataclass
class Base:
    """A workspace of which only the base commit is looked at."""

    files: dict[str, str]
    root: str = "/work"
    head_sha: str = "0" * 40

    def read_at_base(self, path: str) -> bytes | None:
        return self.files[path].encode() if path in self.files else None

    def list_at_base(self) -> Sequence[str]:
        return sorted(self.files)

    def tree_digest(self) -> str:
        return ""

    def change_set(self) -> ChangeSet:
        return ChangeSet(base_sha=CommitSha(self.head_sha))

    def apply(self, change_set: ChangeSet) -> None:
        raise AssertionError(change_set)

    def diff(self, limit: int = 60_000) -> str:
        return ""[:limit]

    def changed_paths(self) -> Sequence[str]:
        return ()

    @contextmanager
    def base_tree(self) -> Iterator[None]:
        yield


def book(files: dict[str, str], **options: Any) -> RuleBook:
    return RuleBook(Base(files), **options)


def sources(rules: Sequence[Any]) -> list[str]:
    return [rule.source for rule in rules]


def test_root_files_are_always_on_and_twins_are_one() -> None:
    files = {"AGENTS.md": "Be short.", "CLAUDE.md": "Be short.\n", ".github/copilot-instructions.md": "Be kind."}
    assert sources(book(files).opening()) == ["AGENTS.md", ".github/copilot-instructions.md"]


def test_nested_files_join_once_when_their_folder_is_touched_broadest_first() -> None:
    here = book({"AGENTS.md": "r", "a/AGENTS.md": "a", "a/b/CLAUDE.md": "b", "c/AGENTS.md": "c"})
    here.opening()
    assert sources(here.touched(["a/b/x.py"])) == ["a/AGENTS.md", "a/b/CLAUDE.md"]
    assert sources(here.touched(["a/y.py", "a/b/z.py"])) == []
    assert sources(here.touched(["/tmp/out.txt", "c/x"])) == ["c/AGENTS.md"]


def test_imports_are_relative_to_their_file_and_stay_out_of_code() -> None:
    files = {
        "CLAUDE.md": "See @docs/style.md and `@docs/style.md`.\n```\n@docs/style.md\n```\n@missing.md mail@docs.org",
        "docs/style.md": "Style: @deep/more.md",
        "docs/deep/more.md": "more",
    }
    [rule] = book(files).opening()
    assert rule.text == "See Style: more and `@docs/style.md`.\n```\n@docs/style.md\n```\n@missing.md mail@docs.org"


def test_imports_end_after_four_hops_in_circles_and_at_the_root() -> None:
    files = {"CLAUDE.md": "@a1", "a1": "1 @a2", "a2": "2 @a3", "a3": "3 @a4", "a4": "4 @a5", "a5": "5"}
    assert book(files).opening()[0].text == "1 2 3 4 @a5"
    assert book({"CLAUDE.md": "x @CLAUDE.md @../../etc/passwd"}).opening()[0].text == "x @CLAUDE.md @../../etc/passwd"


def test_a_file_that_was_given_is_not_imported_again() -> None:
    rules = book({"AGENTS.md": "Be short.", "CLAUDE.md": "@AGENTS.md\nAnd kind."}).opening()
    assert [rule.text for rule in rules] == ["Be short.", "@AGENTS.md\nAnd kind."]


def test_a_symbolic_link_is_followed_and_is_its_target_s_twin() -> None:
    assert sources(book({"AGENTS.md": "Be short.", "CLAUDE.md": "AGENTS.md"}).opening()) == ["AGENTS.md"]
    assert book({"CLAUDE.md": "other.md", "other.md": "CLAUDE.md"}).opening() is not None


def test_block_comments_are_taken_out_but_not_of_code() -> None:
    [rule] = book({"CLAUDE.md": "<!-- a\nb -->\nkeep\n```\n<!-- c -->\n```"}).opening()
    assert rule.text == "keep\n```\n<!-- c -->\n```"


def test_globbed_rules_of_three_tools() -> None:
    files = {
        ".claude/rules/always.md": "claude always",
        ".claude/rules/api/ts.md": "---\npaths: src/api/**/*.{ts,tsx}\n---\nclaude ts",
        ".cursor/rules/all.mdc": "---\ndescription: x\nglobs:\nalwaysApply: true\n---\ncursor always",
        ".cursor/rules/py.mdc": "---\nglobs: **/*.py, *.pyi\nalwaysApply: false\n---\ncursor py",
        ".cursor/rules/asked.mdc": "---\ndescription: about x\n---\nby description",
        "web/.cursor/rules/css.mdc": "---\nglobs: *.css\n---\nnested css",
        ".github/instructions/all.instructions.md": '---\napplyTo: "**"\n---\ncopilot always',
        ".github/instructions/md.instructions.md": "---\napplyTo: '**/*.md,docs/**'\n---\ncopilot md",
        ".github/instructions/rev.instructions.md": '---\napplyTo: "**"\nexcludeAgent: "coding-agent"\n---\nnot us',
    }
    here = book(files)
    offer = "Read those of these that concern what you do:\n- .cursor/rules/asked.mdc: about x"
    assert [rule.text for rule in here.opening()] == ["claude always", "cursor always", "copilot always", offer]
    assert [rule.text for rule in here.touched(["src/api/x/y.tsx"])] == ["claude ts"]
    assert [rule.text for rule in here.touched(["deep/down/a.py"])] == ["cursor py"]
    assert [rule.text for rule in here.touched(["a.css"])] == []
    assert [rule.text for rule in here.touched(["web/a.css", "docs/x.txt"])] == ["copilot md", "nested css"]


def test_a_rule_with_a_description_is_named_and_given_to_who_reads_it() -> None:
    files = {
        ".cursor/rules/sql.mdc": f"---\ndescription: {'How queries are written. ' * 20}\n---\nNo joins.",
        ".cursor/rules/by-hand.mdc": "---\n---\nnobody attaches it",
        "web/.cursor/rules/css.mdc": "---\ndescription: Colours\nglobs:\nalwaysApply: false\n---\nNo red.",
    }
    here = book(files)
    [offer] = here.opening()
    lines = offer.text.splitlines()
    assert [line.partition(":")[0] for line in lines[1:]] == ["- .cursor/rules/sql.mdc", "- web/.cursor/rules/css.mdc"]
    assert max(len(line.encode()) for line in lines) <= 204
    assert sources(here.touched(["a.py", "web/a.css"])) == []
    assert [rule.text for rule in here.touched([".cursor/rules/sql.mdc"])] == ["No joins."]
    assert [rule.text for rule in here.touched(["web/.cursor/rules/css.mdc"])] == ["No red."]
    assert here.touched([".cursor/rules/sql.mdc", ".cursor/rules/by-hand.mdc"]) == []
    assert here.skipped == [".cursor/rules/by-hand.mdc: attached by hand only (no alwaysApply, globs or description)"]


def test_an_override_stands_in_the_place_of_the_file_beside_it() -> None:
    files = {"AGENTS.md": "r", "AGENTS.override.md": "other", "a/AGENTS.md": "a", "a/AGENTS.override.md": ""}
    here = book(files)
    assert [(rule.source, rule.text) for rule in here.opening()] == [("AGENTS.override.md", "other")]
    assert sources(here.touched(["a/b"])) == ["a/AGENTS.md"], "an empty one overrides nothing"


def test_bad_front_matter_is_reported_and_not_loaded() -> None:
    files = {".claude/rules/a.md": "---\npaths: x\nno end", ".cursor/rules/b.mdc": "---\n???\n---\nb"}
    here = book(files)
    assert here.opening() == []
    assert here.problems == [
        ".claude/rules/a.md: its front matter has no end",
        ".cursor/rules/b.mdc: line 2 of its front matter is no `key: value`",
    ]


def test_the_cap_drops_the_broadest_and_keeps_room_for_nearer_ones() -> None:
    here = book({"AGENTS.md": "r" * 20_000, "a/AGENTS.md": "a" * 15_000, "a/b/AGENTS.md": "b" * 15_000})
    assert here.opening() == []
    assert sources(here.touched(["a/b/x"])) == ["a/b/AGENTS.md"]
    assert here.dropped == ["AGENTS.md", "a/AGENTS.md"]


def test_braces_are_spelt_out() -> None:
    assert spelt_out("{a,b}/*.{c,d}") == ["a/*.c", "a/*.d", "b/*.c", "b/*.d"]


@pytest.mark.parametrize(
    ("head", "globs"),
    [
        ("paths:\n  - a/**\n  - 'b/*.{x,y}'", ["a/**", "b/*.x", "b/*.y"]),
        ('paths: [a, "b"]', ["a", "b"]),
        ("paths: a.{x,y}, b", ["a.x", "a.y", "b"]),
        ("# nothing", []),
    ],
)
def test_lists_in_front_matter_have_many_spellings(head: str, globs: list[str]) -> None:
    parsed = parse(f"---\n{head}\n---\nbody")
    assert isinstance(parsed, Parsed)
    assert (parsed.listed("paths"), parsed.body) == (globs, "body")


@given(st.text(alphabet=st.sampled_from("-:[]{}*'\"\n ,a@.`<!>#/\\"), max_size=200))
def test_no_rule_file_is_a_traceback(text: str) -> None:
    parsed = parse("---\n" + text)
    assert isinstance(parsed, Parsed | BrokenFrontMatter)
    files = {"CLAUDE.md": text, ".cursor/rules/x.mdc": f"---\nglobs: {text[:40]}\n---\n{text}", "a/CLAUDE.md": text}
    here = book(files)
    here.opening()
    here.touched(["a/b.py"])
