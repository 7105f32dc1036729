"""What every scenario leaves behind: nothing unread, nothing unfinished, nothing broken, no secret anywhere."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path

from tests.scenarios.universe import ENDED, MODEL_KEY, SECRET, Repository, Universe, wait

from minion.hub.actions.service import Actions

_RESTING = ENDED | {"awaiting_reply", "awaiting_approval"}
_TOKEN = re.compile(r"gh[sp]_[A-Za-z0-9._-]{36,}")


def leaves_nothing(universe: Universe) -> None:
    """For the repositories that were opened since the last call."""
    opened, universe.opened = universe.opened, []
    wait(
        lambda: _at_rest(universe, opened),
        "every delivery to be handled, every task to end or to wait for a person",
        30,
    )
    assert universe.hub.unknown_requests == []
    assert universe.hub.crashes == []
    actions = universe.hub.core.actions
    assert isinstance(actions, Actions)
    assert actions.errors == []
    unread = [comment for repository in opened for comment in _unread(repository)]
    assert unread == [], "the bot said something that no snapshot holds"
    for where, text in _written(universe, opened):
        assert secrets_in(text, universe) == [], f"a secret in {where}"


def secrets_in(text: str, universe: Universe) -> list[str]:
    """Their names; also when the text shows them in base64."""
    key = "".join(universe.key.splitlines()[1:-1])
    known = {"the model's key": MODEL_KEY, "the webhook secret": SECRET, "the App's key": key[40:100]}
    known |= universe.secrets
    found = [name for name, value in known.items() if value in text or _encoded(value) in text]
    return found + (["a token"] if _TOKEN.search(text) else [])


def _encoded(value: str) -> str:
    return base64.b64encode(value.encode()).decode().rstrip("=")[:-1]


def _at_rest(universe: Universe, opened: list[Repository]) -> bool:
    ids = {universe.ann.repo(repository.name)["id"] for repository in opened}
    tasks = universe.rows("select repository_id, status, due_at from tasks")
    [(unhandled,)] = universe.rows("select count(*) from inbox where handled_at is null")
    ours = [(status, due) for repository_id, status, due in tasks if repository_id in ids]
    resting = all(status in _RESTING and (due is None or status.startswith("awaiting")) for status, due in ours)
    return resting and not unhandled and universe.hub.core.idle


def _unread(repository: Repository) -> Iterator[str]:
    ann = repository.universe.ann
    for number in repository.numbers():
        for comment in ann.comments(repository.name, number):
            if comment["user"]["type"] == "Bot" and (comment["id"], comment["body"]) not in repository.read:
                yield f"#{number}: {comment['body']}"
        if "pull_request" in ann.issue(repository.name, number):
            for comment in ann.review_comments(repository.name, number):
                if comment["user"]["type"] == "Bot" and (comment["id"], comment["body"]) not in repository.read:
                    yield f"#{number}, in a thread: {comment['body']}"


def _written(universe: Universe, opened: list[Repository]) -> Iterator[tuple[str, str]]:
    """All that left the App: its log, jobs' logs, and what stands on GitHub."""
    logs = [universe.place / "app.log", *Path(universe.place / "hub" / "actions" / "logs").glob("*")]
    yield from ((str(path), path.read_text(errors="replace")) for path in logs if path.is_file())
    for repository in opened:
        for number in repository.numbers():
            yield from ((f"{repository.name}#{number}", text) for text in _texts(repository, number))


def _texts(repository: Repository, number: int) -> Iterator[str]:
    ann = repository.universe.ann
    issue = ann.issue(repository.name, number)
    yield issue["title"] + (issue["body"] or "")
    yield from (str(comment["body"]) for comment in ann.comments(repository.name, number))
    if "pull_request" in issue:
        yield from (str(comment["body"]) for comment in ann.review_comments(repository.name, number))
        yield from (str(commit["commit"]) for commit in ann.pr_commits(repository.name, number))
        yield from (str(file.get("patch")) for file in ann.pr_files(repository.name, number))
        sha = ann.pr(repository.name, number)["head"]["sha"]
        yield from (str(run["output"]) for run in ann.check_runs(repository.name, sha))
