"""Commits through the git-data API: https://docs.github.com/en/rest/git

A commit by an App without author or committer of its own is signed by GitHub. The ref moves last, so that one push is
one event; what went wrong before leaves objects that nothing refers to.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from minion.adapters.github import fields
from minion.adapters.github.answers import ABSENT, Refusal
from minion.adapters.github.repositories import Repositories
from minion.adapters.github.resource import path_of
from minion.domain.changeset import ChangedFile, FileMode
from minion.domain.ids import CommitSha, RepositoryRef
from minion.ports.github import CommitRequest, Committed, HeadMoved, WriteRefused
from minion.tasks.trailers import same_push

_NO_COMMIT: Final = ABSENT | {409, 422}


class Commits(Repositories):
    def commit(self, repo: RepositoryRef, request: CommitRequest) -> Committed | HeadMoved | WriteRefused:
        """Looks first: a head that is this very commit (tree, parent, trailers) is the answer, not a second push."""
        self._same(repo)
        head = self.branch_head(repo, request.branch)
        expected = None if request.create else request.parent
        try:
            tree = self._tree(repo, request)
            if head is not None and (done := self._already(repo, request, head, tree)):
                return done
            if head != expected:
                return HeadMoved(head)
            data = self._commit(repo, request, tree)
        except Refusal as refusal:
            return WriteRefused(refusal.message)
        return self._move(repo, request, data)

    # --- inside

    def _tree(self, repo: RepositoryRef, request: CommitRequest) -> str:
        parent = self._ask.read(
            lambda: self._rest.git.get_commit(repo.owner, repo.name, request.parent), absent=_NO_COMMIT
        )
        if parent is None:
            raise Refusal(404, f"commit {request.parent} is not in {repo.full_name}")
        entries = [self._entry(repo, file) for file in request.change_set.files]
        body: Any = {"base_tree": fields.text(parent, "tree", "sha"), "tree": entries}
        answer = self._ask.again(lambda: self._rest.git.create_tree(repo.owner, repo.name, data=body))
        return fields.text(answer.json(), "sha")

    def _entry(self, repo: RepositoryRef, file: ChangedFile) -> dict[str, Any]:
        """One entry of the tree; `sha: null` deletes. Submodules never get here: the gate blocks them."""
        if file.mode is FileMode.SUBMODULE:
            raise Refusal(422, f"{file.path} is a submodule")
        entry: dict[str, Any] = {"path": file.path, "mode": file.mode.value, "type": "blob", "sha": None}
        if file.content is not None:
            body: Any = {"content": file.content, "encoding": "base64"}
            answer = self._ask.again(lambda: self._rest.git.create_blob(repo.owner, repo.name, data=body))
            entry["sha"] = fields.text(answer.json(), "sha")
        return entry

    def _commit(self, repo: RepositoryRef, request: CommitRequest, tree: str) -> Mapping[str, Any]:
        body: Any = {"message": self._redacted(request.message), "tree": tree, "parents": [request.parent]}
        answer = self._ask.again(lambda: self._rest.git.create_commit(repo.owner, repo.name, data=body))
        data: Mapping[str, Any] = answer.json()
        return data

    def _already(self, repo: RepositoryRef, request: CommitRequest, head: CommitSha, tree: str) -> Committed | None:
        data = self._ask.read(lambda: self._rest.git.get_commit(repo.owner, repo.name, head), absent=_NO_COMMIT)
        parents = [fields.text(parent, "sha") for parent in fields.items(data, "parents")]
        same = fields.text(data, "tree", "sha") == tree and parents == [request.parent]
        if data is None or not same or not same_push(fields.text(data, "message"), request.message):
            return None
        return _committed(data)

    def _move(
        self, repo: RepositoryRef, request: CommitRequest, data: Mapping[str, Any]
    ) -> Committed | HeadMoved | WriteRefused:
        """Creates the ref at the new commit, or moves it without force: GitHub compares and swaps."""
        committed = _committed(data)
        branch = request.branch
        try:
            self._ask.once(
                lambda: self._moved(repo, branch, committed), lambda: self._set_ref(repo, request, committed.sha)
            )
        except Refusal as refusal:
            head = self.branch_head(repo, branch)
            if head == committed.sha:
                return committed
            if head != (None if request.create else request.parent):
                return HeadMoved(head)
            return WriteRefused(refusal.message)
        return committed

    def _moved(self, repo: RepositoryRef, branch: str, committed: Committed) -> Committed | None:
        return committed if self.branch_head(repo, branch) == committed.sha else None

    def _set_ref(self, repo: RepositoryRef, request: CommitRequest, sha: CommitSha) -> Committed | None:
        git, branch = self._rest.git, request.branch
        if request.create:
            created: Any = {"ref": f"refs/heads/{branch}", "sha": sha}
            self._ask.one(lambda: git.create_ref(repo.owner, repo.name, data=created))
        else:
            moved: Any = {"sha": sha, "force": False}
            self._ask.one(lambda: git.update_ref(repo.owner, repo.name, f"heads/{path_of(branch)}", data=moved))
        return None


def _committed(data: Mapping[str, Any]) -> Committed:
    return Committed(
        sha=CommitSha(fields.text(data, "sha")), verified=fields.dig(data, "verification", "verified") is True
    )
