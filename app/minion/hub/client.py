"""A person at the hub, over real REST: for tests and demos. Every method returns the answer's JSON."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import quote

import httpx2

Json = dict[str, Any]
_THREADS: Final = """
query($owner: String!, $name: String!, $number: Int!) {
  repository(owner: $owner, name: $name) {
    pullRequest(number: $number) {
      reviewThreads(first: 100) { nodes { id isResolved isOutdated path line resolvedBy { login } } }
    }
  }
}
"""
_RESOLVE: Final = "mutation($thread: ID!) { resolveReviewThread(input: {threadId: $thread}) { thread { id } } }"


class HubClient:
    """Acts with one token. `repo` is always `owner/name`. httpx2.HTTPStatusError for answers of 400 and above."""

    def __init__(self, url: str, token: str) -> None:
        headers = {
            "Authorization": f"Bearer {token}",
            "User-Agent": "hub-client",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2026-03-10",
        }
        self._graphql = f"{url}/api/graphql"
        self._http = httpx2.Client(base_url=f"{url}/api/v3", headers=headers, timeout=30, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def close(self) -> None:
        self._http.close()

    def request(
        self, method: str, path: str, body: Any = None, params: Mapping[str, Any] | None = None
    ) -> httpx2.Response:
        """The raw answer, whatever its status."""
        return self._http.request(method, path, json=body, params=params)

    def call(self, method: str, path: str, body: Any = None, params: Mapping[str, Any] | None = None) -> Any:
        """The JSON of a successful answer; None without content."""
        answer = self.request(method, path, body, params)
        if answer.is_error:
            raise httpx2.HTTPStatusError(f"{answer.status_code} {answer.text}", request=answer.request, response=answer)
        return answer.json() if answer.content else None

    # -- issues -----------------------------------------------------------------------------------------------------

    def open_issue(self, repo: str, title: str, body: str = "", labels: Sequence[str] = ()) -> Json:
        return dict(self.call("POST", f"/repos/{repo}/issues", {"title": title, "body": body, "labels": list(labels)}))

    def issue(self, repo: str, number: int) -> Json:
        return dict(self.call("GET", f"/repos/{repo}/issues/{number}"))

    def edit_issue(self, repo: str, number: int, **fields: Any) -> Json:
        """title, body, state, state_reason, labels, assignees."""
        return dict(self.call("PATCH", f"/repos/{repo}/issues/{number}", fields))

    def close_issue(self, repo: str, number: int) -> Json:
        """Closes an issue or a pull request."""
        return self.edit_issue(repo, number, state="closed")

    def label(self, repo: str, number: int, *names: str) -> list[Json]:
        return list(self.call("POST", f"/repos/{repo}/issues/{number}/labels", {"labels": list(names)}))

    def unlabel(self, repo: str, number: int, name: str) -> list[Json]:
        return list(self.call("DELETE", f"/repos/{repo}/issues/{number}/labels/{quote(name, safe='')}"))

    def comment(self, repo: str, number: int, body: str) -> Json:
        return dict(self.call("POST", f"/repos/{repo}/issues/{number}/comments", {"body": body}))

    def edit_comment(self, repo: str, comment_id: int, body: str) -> Json:
        return dict(self.call("PATCH", f"/repos/{repo}/issues/comments/{comment_id}", {"body": body}))

    def delete_comment(self, repo: str, comment_id: int) -> None:
        self.call("DELETE", f"/repos/{repo}/issues/comments/{comment_id}")

    def comments(self, repo: str, number: int) -> list[Json]:
        """The conversation, oldest first; at most 100."""
        return list(self.call("GET", f"/repos/{repo}/issues/{number}/comments", params={"per_page": 100}))

    def reactions(self, repo: str, number: int) -> list[Json]:
        return list(self.call("GET", f"/repos/{repo}/issues/{number}/reactions", params={"per_page": 100}))

    def timeline(self, repo: str, number: int) -> list[Json]:
        return list(self.call("GET", f"/repos/{repo}/issues/{number}/timeline", params={"per_page": 100}))

    # -- code -------------------------------------------------------------------------------------------------------

    def read_file(self, repo: str, path: str, ref: str = "") -> str:
        shape = self.call("GET", f"/repos/{repo}/contents/{quote(path)}", params={"ref": ref} if ref else None)
        return base64.b64decode(shape["content"]).decode()

    def commit(self, repo: str, branch: str, files: Mapping[str, str | None], message: str) -> str:
        """One commit on the branch (made from the default branch when missing); None deletes. Returns its sha."""
        git = f"/repos/{repo}/git"
        head = self.request("GET", f"{git}/ref/heads/{quote(branch)}")
        fresh = head.status_code == 404
        base = self.call("GET", f"{git}/ref/heads/{self.repo(repo)['default_branch']}") if fresh else head.json()
        parent = base["object"]["sha"]
        tree = self.call(
            "POST", f"{git}/trees", {"base_tree": parent, "tree": [_entry(p, t) for p, t in files.items()]}
        )
        body = {"message": message, "tree": tree["sha"], "parents": [parent]}
        sha = str(self.call("POST", f"{git}/commits", body)["sha"])
        if fresh:
            self.call("POST", f"{git}/refs", {"ref": f"refs/heads/{branch}", "sha": sha})
        else:
            self.call("PATCH", f"{git}/refs/heads/{quote(branch)}", {"sha": sha})
        return sha

    def create_file(self, repo: str, path: str, content: str, branch: str = "") -> Json:
        body = {"message": f"Add {PurePosixPath(path).name}", "content": base64.b64encode(content.encode()).decode()}
        return dict(
            self.call("PUT", f"/repos/{repo}/contents/{quote(path)}", body | ({"branch": branch} if branch else {}))
        )

    def delete_branch(self, repo: str, branch: str) -> None:
        self.call("DELETE", f"/repos/{repo}/git/refs/heads/{quote(branch)}")

    def repo(self, repo: str) -> Json:
        return dict(self.call("GET", f"/repos/{repo}"))

    # -- pull requests ----------------------------------------------------------------------------------------------

    def open_pr(self, repo: str, head: str, base: str, title: str, *, body: str = "", draft: bool = False) -> Json:
        fields = {"head": head, "base": base, "title": title, "body": body, "draft": draft}
        return dict(self.call("POST", f"/repos/{repo}/pulls", fields))

    def pr(self, repo: str, number: int) -> Json:
        return dict(self.call("GET", f"/repos/{repo}/pulls/{number}"))

    def prs(self, repo: str, state: str = "open") -> list[Json]:
        return list(self.call("GET", f"/repos/{repo}/pulls", params={"state": state, "per_page": 100}))

    def merge(self, repo: str, number: int, method: str = "merge") -> Json:
        return dict(self.call("PUT", f"/repos/{repo}/pulls/{number}/merge", {"merge_method": method}))

    def review(
        self, repo: str, number: int, event: str = "COMMENT", body: str = "", comments: Sequence[Json] = ()
    ) -> Json:
        """event: APPROVE, REQUEST_CHANGES or COMMENT; comments: {path, line, body}."""
        fields = {"event": event, "body": body, "comments": list(comments)}
        return dict(self.call("POST", f"/repos/{repo}/pulls/{number}/reviews", fields))

    def review_comments(self, repo: str, number: int) -> list[Json]:
        """Those of every thread, oldest first; at most 100."""
        return list(self.call("GET", f"/repos/{repo}/pulls/{number}/comments", params={"per_page": 100}))

    def reply(self, repo: str, number: int, comment_id: int, body: str) -> Json:
        """An answer in the thread of that review comment."""
        path = f"/repos/{repo}/pulls/{number}/comments/{comment_id}/replies"
        return dict(self.call("POST", path, {"body": body}))

    def threads(self, repo: str, number: int) -> list[Json]:
        """Review threads as GraphQL has them: id, isResolved, isOutdated, path, line; at most 100."""
        owner, _, name = repo.partition("/")
        data = self.graphql(_THREADS, {"owner": owner, "name": name, "number": number})
        return list(data["repository"]["pullRequest"]["reviewThreads"]["nodes"])

    def resolve(self, thread_id: str) -> None:
        self.graphql(_RESOLVE, {"thread": thread_id})

    def graphql(self, query: str, variables: Mapping[str, Any]) -> Json:
        """The data of an answer without errors; RuntimeError with the errors otherwise."""
        answer = self._http.post(self._graphql, json={"query": query, "variables": dict(variables)}).json()
        if answer.get("errors"):
            raise RuntimeError(str(answer["errors"]))
        return dict(answer["data"])

    def pr_commits(self, repo: str, number: int) -> list[Json]:
        return list(self.call("GET", f"/repos/{repo}/pulls/{number}/commits", params={"per_page": 100}))

    def pr_files(self, repo: str, number: int) -> list[Json]:
        return list(self.call("GET", f"/repos/{repo}/pulls/{number}/files", params={"per_page": 100}))

    def check_runs(self, repo: str, ref: str) -> list[Json]:
        found = self.call("GET", f"/repos/{repo}/commits/{quote(ref)}/check-runs", params={"per_page": 100})
        return list(found["check_runs"])

    def status(self, repo: str, sha: str, state: str, context: str, description: str = "") -> Json:
        fields = {"state": state, "context": context, "description": description}
        return dict(self.call("POST", f"/repos/{repo}/statuses/{sha}", fields))


def _entry(path: str, text: str | None) -> Json:
    entry: Json = {"path": path, "mode": "100644", "type": "blob"}
    return entry | ({"sha": None} if text is None else {"content": text})
