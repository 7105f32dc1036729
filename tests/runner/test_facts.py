"""Facts of a round that come from the branch and from what the author wants."""

from __future__ import annotations

from pathlib import Path

from tests.runner.sites import git, make_repository

from minion.adapters.workspace import CloneSource, GitWorkspace, clone
from minion.blueprint.paths import FACTS
from minion.blueprint.state import Found
from minion.domain.spec import Scope, TaskSpec
from minion.runner.facts import Facts

SPEC = TaskSpec(
    title="t", objective="o", author="ann", author_can_write=True, requested_by="ann", when_unclear="choose"
)


def facts_of(workspace: GitWorkspace, spec: TaskSpec = SPEC) -> Facts:
    return Facts(spec, 5, (), workspace, base_is_trusted=True)


def test_what_a_person_began_is_a_fact(tmp_path: Path) -> None:
    origin = tmp_path / "origin"
    base = make_repository(origin, {"code.py": "x = 1\n"})
    (origin / "code.py").write_text("x = 2  # half done\n")
    git(origin, "commit", "--quiet", "--all", "--message", "half done")
    head = git(origin, "rev-parse", "HEAD")
    source = CloneSource(f"file://{origin}", head, depth=1)
    workspace = clone(source, tmp_path / "work", tmp_path / "private", compared_with=base)
    (tmp_path / "work" / "mine.py").write_text("y = 1\n")
    facts = facts_of(workspace)
    assert "+x = 2  # half done" in facts["branch.diff"]
    assert "mine.py" not in facts["branch.diff"]
    assert "half done" not in facts["workspace.diff"]
    assert FACTS["branch.diff"].tainted
    workspace.close()


def test_a_task_that_begins_at_its_base_has_no_such_fact(tmp_path: Path) -> None:
    base = make_repository(tmp_path / "origin", {"code.py": "x = 1\n"})
    workspace = clone(CloneSource(f"file://{tmp_path / 'origin'}", base), tmp_path / "work", tmp_path / "private")
    facts = facts_of(workspace)
    assert facts["branch.diff"] is None
    assert facts["task.when_unclear"] == "choose"
    assert FACTS["task.when_unclear"].fits(facts["task.when_unclear"])
    assert not FACTS["task.when_unclear"].tainted
    workspace.close()


def test_programs_are_told_where_they_may_change_something(tmp_path: Path) -> None:
    base = make_repository(tmp_path / "origin", {"code.py": "x = 1\n"})
    workspace = clone(CloneSource(f"file://{tmp_path / 'origin'}", base), tmp_path / "work", tmp_path / "private")
    bound = SPEC.model_copy(update={"scope": Scope(allow=("src/", "*.md"), forbid=("src/old/",))})
    facts = facts_of(workspace, bound)
    assert facts["task.allowed"] == Found(["src/", "*.md"], tainted=False)
    assert facts["task.forbidden"] == Found(["src/old/"], tainted=False)
    outsiders = facts_of(workspace, bound.model_copy(update={"author_can_write": False}))
    assert outsiders["task.allowed"].tainted
    assert facts_of(workspace)["task.allowed"] is None
    assert FACTS["task.allowed"].tainted
    workspace.close()
