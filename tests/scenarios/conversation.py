"""What people read on GitHub, as plain text: every issue and pull request of a repository, as it stands, compared whole
with what was read and found good before (`snapshots/<test>.md`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from tests.scenarios.universe import Repository
from tests.snapshots import compare

SNAPSHOTS: Final = Path(__file__).parent / "snapshots"
Json = dict[str, Any]

_HIDDEN: Final = re.compile(r"<!--.*?-->\n*", re.DOTALL)
_RECEIPT_ROW: Final = re.compile(r"^(\|(?: [^|\n]*\|){5})(?: [^|\n]* \|){5}$", re.MULTILINE)
_SPENDING: Final = re.compile(r"(<summary>What the tokens went for</summary>\n\n).*?(?=\n\n</details>)", re.DOTALL)
"""Every figure of it differs from run to run; the texts of comments have tests of their own."""
_CHANGING: Final = (
    (re.compile(r"/jobs/\d+/"), "/jobs/<job>/"),
    (re.compile(r"#(pullrequestreview-|discussion_r)\d+"), r"#\1<id>"),
    (re.compile(r"/tasks/[\w-]{20,}"), "/tasks/<capability>"),
    (re.compile(r"/actions/runs/\d+(/job/\d+)?"), "/actions/runs/<run>"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+\d\d:\d\d)"), "<time>"),
    (re.compile(r"\$\d+\.\d+"), "<usd>"),
    (re.compile(r"\b(?:\d+ min )?\d+(?:\.\d+)? ?s\b"), "<seconds>"),
    (re.compile(r"\b(?=[0-9a-f]*\d)[0-9a-f]{7,64}\b"), "<sha>"),
)


def conversation(repository: Repository) -> str:
    """Marks what it shows as read: a comment that no snapshot has seen fails the scenario."""
    numbers = sorted({*repository.numbers()})
    return _normalised("\n".join(line for number in numbers for line in _item(repository, number)), repository)


def check(name: str, told: str) -> None:
    compare(SNAPSHOTS / f"{name}.md", told, "the conversation")


def _item(repository: Repository, number: int) -> Iterator[str]:
    issue = repository.universe.ann.issue(repository.name, number)
    is_pull = "pull_request" in issue
    kind, state = ("Pull request", _pull_state(repository, number)) if is_pull else ("Issue", issue["state"])
    yield f"=== {kind} #{number} by {issue['user']['login']}, {state}: {issue['title']}"
    yield f"labels: {', '.join(sorted(label['name'] for label in issue['labels'])) or 'none'}"
    if is_pull:
        yield from _pull(repository, number)
    yield f"\n{issue['body'] or ''}\n"
    for comment in repository.universe.ann.comments(repository.name, number):
        repository.read.add((comment["id"], comment["body"]))
        seen = [f"{found['user']['login']} {found['content']}" for found in _reactions(repository, comment["id"])]
        yield f"--- {comment['user']['login']}{' (' + ', '.join(seen) + ')' if seen else ''}:\n\n{comment['body']}\n"
    if is_pull:
        yield from _reviewed(repository, number)


def _reviewed(repository: Repository, number: int) -> Iterator[str]:
    """Reviews with their words, and each thread as it stands; nothing where there is no review."""
    ann = repository.universe.ann
    for review in ann.call("GET", f"/repos/{repository.name}/pulls/{number}/reviews", params={"per_page": 100}):
        if review["body"] or review["state"] != "COMMENTED":
            yield f"--- review by {review['user']['login']}, {review['state']}:\n\n{review['body']}\n"
    said = ann.review_comments(repository.name, number)
    roots = [comment for comment in said if "in_reply_to_id" not in comment]
    for root, thread in zip(roots, ann.threads(repository.name, number), strict=True):
        yield f"--- thread on {_place(thread)}{_fate(thread)}\n"
        for comment in [root, *(one for one in said if one.get("in_reply_to_id") == root["id"])]:
            repository.read.add((comment["id"], comment["body"]))
            yield f"{comment['user']['login']}: {comment['body']}\n"


def _place(thread: Json) -> str:
    return f"{thread['path']}, outdated" if thread["isOutdated"] else f"{thread['path']}:{thread['line']}"


def _fate(thread: Json) -> str:
    return f", resolved by {thread['resolvedBy']['login']}" if thread["isResolved"] else ""


def _reactions(repository: Repository, comment_id: int) -> list[Json]:
    path = f"/repos/{repository.name}/issues/comments/{comment_id}/reactions"
    found: list[Json] = repository.universe.ann.call("GET", path)
    return found


def _pull_state(repository: Repository, number: int) -> str:
    pull = repository.universe.ann.pr(repository.name, number)
    return f"{pull['state']}, {'draft' if pull['draft'] else 'ready for review'}"


def _pull(repository: Repository, number: int) -> Iterator[str]:
    ann = repository.universe.ann
    pull = ann.pr(repository.name, number)
    yield f"from {pull['head']['ref']} into {pull['base']['ref']}"
    yield f"reviewers: {', '.join(sorted(person['login'] for person in pull['requested_reviewers'])) or 'none'}"
    for commit in ann.pr_commits(repository.name, number):
        author = (commit["author"] or {}).get("login", commit["commit"]["author"]["name"])
        yield f"commit by {author}:"
        yield from (f"    {line}".rstrip() for line in commit["commit"]["message"].splitlines())
    for file in ann.pr_files(repository.name, number):
        yield f"{file['status']} {file['filename']} +{file['additions']} -{file['deletions']}"
    yield from _checks(repository, pull["head"]["sha"])


def _checks(repository: Repository, sha: str) -> Iterator[str]:
    for run in sorted(repository.universe.ann.check_runs(repository.name, sha), key=lambda run: str(run["name"])):
        title = (run["output"] or {}).get("title")
        yield f"check {run['name']}: {run['conclusion'] or run['status']}{' (' + title + ')' if title else ''}"


def _normalised(text: str, repository: Repository) -> str:
    universe = repository.universe
    text = _HIDDEN.sub("", text)
    for found, name in ((universe.hub.url, "<hub>"), (universe.app.url, "<app>"), (str(universe.place), "<place>")):
        text = text.replace(found, name)
    text = re.sub(rf"\b{re.escape(repository.name)}\b", "acme/calc", text)
    text = _numbered(text, r"\bt[0-9a-f]{12}\b")
    text = _RECEIPT_ROW.sub(r"\1 …", text)
    text = _SPENDING.sub(r"\1…", text)
    for pattern, name in _CHANGING:
        text = pattern.sub(name, text)
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


def _numbered(text: str, pattern: str) -> str:
    names = {found: f"<task {number}>" for number, found in enumerate(dict.fromkeys(re.findall(pattern, text)), 1)}
    return re.sub(pattern, lambda found: names[found[0]], text)
