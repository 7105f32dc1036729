"""What an agent is shown of a review, and whose word it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.runner.sites import make_repository, site_at

from minion.blueprint.state import Found
from minion.domain.spec import ReviewPoint, TaskSpec, ThreadEntry
from minion.ports.workspace import Workspace
from minion.runner.facts import Facts


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    sha = make_repository(tmp_path / "origin", {"src/a.py": "x = 1\n"})
    return site_at(tmp_path / "origin", sha, tmp_path, {}).workspace


def remark(text: str, *, by: str = "ann", trusted: bool = True) -> ThreadEntry:
    return ThreadEntry(
        author=by, author_can_write=trusted, kind="review", url="https://github.com/r1", created_at="", text=text
    )


def point(*remarks: ThreadEntry, **more: Any) -> ReviewPoint:
    return ReviewPoint(**({"number": 1, "thread_id": "T1", "path": "src/a.py", "line": 1, "remarks": remarks} | more))


def shown(workspace: Workspace, *points: ReviewPoint) -> Found:
    spec = TaskSpec(title="t", objective="o", author="ann", author_can_write=True, requested_by="ann", reviews=points)
    facts = Facts(spec, 1, (), workspace, base_is_trusted=False)
    assert "reviews" not in facts["task.spec"].value
    found = facts["review.threads"]
    assert isinstance(found, Found)
    return found


def test_a_thread_has_its_number_its_place_and_its_words(workspace: Workspace) -> None:
    suggestion = "Rather:\n```suggestion\nx = {1}\n```"
    found = shown(workspace, point(remark(suggestion), remark("Yes.", by="rob"), start_line=1, line=2))
    assert not found.tainted
    assert found.value == [
        {
            "thread": 1,
            "path": "src/a.py",
            "line": 2,
            "start_line": 1,
            "comments": [
                {"author": "ann", "text": suggestion, "suggestions": ["x = {1}\n"]},
                {"author": "rob", "text": "Yes."},
            ],
        }
    ]


def test_a_file_that_is_gone_and_a_review_without_a_place(workspace: Workspace) -> None:
    words = ReviewPoint(number=2, review_id=9, remarks=(remark("Split it."),))
    found = shown(
        workspace, point(remark("Why?"), path="src/b.py", line=None, outdated=True, hunk="@@ -1 +1 @@\n+y"), words
    )
    old, whole = found.value
    assert (old["file_is_gone"], old["outdated"], old["code_at_the_time"]) == (True, True, "@@ -1 +1 @@\n+y")
    assert found.tainted, "code is nobody's instruction"
    assert whole == {
        "thread": 2,
        "about": "the pull request as a whole",
        "comments": [{"author": "ann", "text": "Split it."}],
    }


def test_one_outsiders_word_taints_it(workspace: Workspace) -> None:
    assert shown(workspace, point(remark("Use a set.", by="eve", trusted=False))).tainted


def test_nothing_where_nothing_was_collected(workspace: Workspace) -> None:
    spec = TaskSpec(title="t", objective="o", author="ann", author_can_write=True, requested_by="ann")
    assert Facts(spec, 1, (), workspace, base_is_trusted=True)["review.threads"] is None


def test_a_request_without_reviews_keeps_its_digest() -> None:
    """Approvals that were given before there were any name it."""
    spec = TaskSpec(title="t", objective="o", author="ann", author_can_write=True, requested_by="ann")
    assert spec.digest() == "bab2a6bd237076eaf22fcf44afb4896e0054d2c464f7c006ec29e2af5db3c077"
    assert spec.model_copy(update={"reviews": (point(remark("x")),)}).digest() != spec.digest()
    assert spec.trusted
    assert not spec.model_copy(update={"reviews": (point(remark("x", trusted=False)),)}).trusted
