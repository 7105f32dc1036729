"""Where the work of a task begins."""

from __future__ import annotations

from dataclasses import dataclass

from minion.domain.ids import CommitSha, RepositoryRef
from minion.domain.spec import TaskSpec
from minion.ports.github import GitHub, PullRequest
from minion.tasks.branches import is_branch_name


@dataclass(frozen=True)
class StartingPoint:
    """`head_sha` is where the work begins, `base_sha` what it is compared with, on the way into the branch `base`.
    `branch`: to be pushed to; empty where the first push makes one."""

    base: str
    base_sha: CommitSha
    head_sha: CommitSha
    branch: str = ""


def of_pull(github: GitHub, repository: RepositoryRef, pull: PullRequest) -> StartingPoint:
    """The PR's head over its merge base."""
    base = github.merge_base(repository, pull.base_ref, pull.head_sha) or pull.base_sha
    return StartingPoint(pull.base_ref, base, pull.head_sha, pull.head_ref)


def of_issue(github: GitHub, repository: RepositoryRef, default: str, spec: TaskSpec) -> StartingPoint | str:
    """The head of the default branch; or of the branch that the issue names, with work that somebody began: ours
    starts there and leaves it as it is. In words why there is none."""
    if spec.branch and spec.branch != default:
        return _begun(github, repository, default, spec)
    head = github.branch_head(repository, default)
    return f"the branch `{default}` is empty" if head is None else StartingPoint(default, head, head)


def _begun(github: GitHub, repository: RepositoryRef, default: str, spec: TaskSpec) -> StartingPoint | str:
    if not spec.author_can_write:
        return "only people with write permission may name a branch for the work to begin at"
    head = github.branch_head(repository, spec.branch) if is_branch_name(spec.branch) else None
    if head is None:
        return f"there is no branch `{spec.branch}` here for the work to begin at"
    shared = github.merge_base(repository, default, head)
    if shared is None:
        return f"the branch `{spec.branch}` shares no history with `{default}`"
    return StartingPoint(default, shared, head)
