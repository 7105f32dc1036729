"""Repositories, their files, people and commits: reads only. https://docs.github.com/en/rest/repos"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from minion.adapters.github import fields
from minion.adapters.github.answers import ABSENT
from minion.adapters.github.resource import Resource, part, path_of
from minion.domain.ids import CommitSha, RepositoryRef
from minion.domain.spec import Permission
from minion.ports.github import RepositoryFacts

_NO_COMMIT: Final = ABSENT | {409, 422}
"""409: the repository is empty. 422: no commit of that name."""
_ROLES: Final = {role.value: role for role in Permission}


class Repositories(Resource):
    installation_id: int

    def repository(self, owner: str, name: str) -> RepositoryFacts | None:
        data = self._ask.read(lambda: self._rest.repos.get(part(owner), part(name)))
        if data is None:
            return None
        ref = RepositoryRef(
            fields.number(data, "id"),
            fields.text(data, "owner", "login"),
            fields.text(data, "name"),
            self.installation_id,
        )
        return RepositoryFacts(
            ref=ref,
            owner_id=fields.number(data, "owner", "id"),
            default_branch=fields.text(data, "default_branch"),
            private=fields.dig(data, "private") is True,
            archived=fields.dig(data, "archived") is True,
        )

    def permission(self, repo: RepositoryRef, login: str) -> Permission:
        """`role_name` first; a custom role counts as the base role that the legacy field names.

        https://docs.github.com/en/rest/collaborators/collaborators#get-repository-permissions-for-a-user
        """
        data = self._ask.read(
            lambda: self._rest.repos.get_collaborator_permission_level(repo.owner, repo.name, part(login)),
            absent=ABSENT | {422},
        )
        for role in (fields.text(data, "role_name"), fields.text(data, "permission")):
            if role in _ROLES:
                return _ROLES[role]
        return Permission.NONE

    def branch_head(self, repo: RepositoryRef, branch: str) -> CommitSha | None:
        data = self._ask.read(
            lambda: self._rest.git.get_ref(repo.owner, repo.name, f"heads/{path_of(branch)}"), absent=_NO_COMMIT
        )
        sha = fields.text(data, "object", "sha")
        return CommitSha(sha) if sha else None

    def commit_message(self, repo: RepositoryRef, sha: CommitSha) -> str | None:
        data = self._ask.read(lambda: self._rest.git.get_commit(repo.owner, repo.name, part(sha)), absent=_NO_COMMIT)
        return None if data is None else fields.text(data, "message")

    def commit_date(self, repo: RepositoryRef, sha: CommitSha) -> datetime | None:
        data = self._ask.read(lambda: self._rest.git.get_commit(repo.owner, repo.name, part(sha)), absent=_NO_COMMIT)
        return fields.moment(data, "committer", "date")

    def merge_base(self, repo: RepositoryRef, base: str, head: str) -> CommitSha | None:
        data = self._ask.read(
            lambda: self._rest.repos.compare_commits(
                repo.owner, repo.name, f"{path_of(base)}...{path_of(head)}", per_page=1
            ),
            absent=_NO_COMMIT,
        )
        sha = fields.text(data, "merge_base_commit", "sha")
        return CommitSha(sha) if sha else None

    def first_parents(self, repo: RepositoryRef, sha: CommitSha, limit: int) -> Sequence[CommitSha]:
        """As far as the last 100 commits, merged ones included, show them.

        https://docs.github.com/en/rest/commits/commits#list-commits
        """
        data = self._ask.read(
            lambda: self._rest.repos.list_commits(repo.owner, repo.name, sha=sha, per_page=100), absent=_NO_COMMIT
        )
        parents = {
            fields.text(commit, "sha"): [fields.text(parent, "sha") for parent in fields.items(commit, "parents")]
            for commit in data or ()
        }
        line: list[CommitSha] = []
        at = str(sha)
        while at in parents and len(line) < limit:
            line.append(CommitSha(at))
            at = next(iter(parents[at]), "")
        return tuple(line)

    def file(self, repo: RepositoryRef, path: str, ref: str) -> bytes | None:
        """The bytes of a regular file, up to 100 MB; None for anything else, such as a path that leaves the repository.

        Between 1 and 100 MB the contents answer is empty and the blob has them.
        https://docs.github.com/en/rest/repos/contents#get-repository-content
        """
        if not _plain(path):
            return None
        data = self._ask.read(lambda: self._rest.repos.get_content(repo.owner, repo.name, path_of(path), ref=ref))
        if fields.text(data, "type") != "file":
            return None
        if fields.text(data, "encoding") == "base64":
            return base64.b64decode(fields.text(data, "content"))
        sha = fields.text(data, "sha")
        blob = self._ask.read(lambda: self._rest.git.get_blob(repo.owner, repo.name, sha))
        return base64.b64decode(fields.text(blob, "content"))

    def paths(self, repo: RepositoryRef, sha: CommitSha) -> frozenset[str] | None:
        """https://docs.github.com/en/rest/git/trees#get-a-tree: cut beyond 100,000 entries or 7 MB."""
        data = self._ask.read(
            lambda: self._rest.git.get_tree(repo.owner, repo.name, part(sha), recursive="1"), absent=_NO_COMMIT
        )
        if data is None or fields.dig(data, "truncated") is True:
            return None
        return frozenset(fields.text(one, "path") for one in fields.items(data, "tree") if one.get("type") != "tree")

    def list_files(self, repo: RepositoryRef, directory: str, ref: str) -> Sequence[str]:
        """Paths from the root of the regular files directly in a directory; none when there is no such directory."""
        data = self._ask.read(lambda: self._rest.repos.get_content(repo.owner, repo.name, path_of(directory), ref=ref))
        if not isinstance(data, list):
            return ()
        return tuple(fields.text(entry, "path") for entry in data if fields.text(entry, "type") == "file")


def _plain(path: str) -> bool:
    """Paths come from change sets too: a `..` would walk through GitHub's API, a lone surrogate has no address."""
    segments = path.split("/")
    return not {"", ".", ".."} & set(segments) and path.isprintable()
