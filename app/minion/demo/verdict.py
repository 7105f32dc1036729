"""Reads back what happened, over REST and git alone: it shares no code and no state with what it judges.

    python -m minion.demo.verdict --api URL --server URL --repo OWNER/NAME --issue N --expect END [--release F]

The token of a person who may read the repository comes on standard input. Exit code 0 when every line holds.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tarfile
import tempfile
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BOT = re.compile(r"\[bot\]$")


@dataclass(frozen=True)
class Line:
    holds: bool
    text: str


@dataclass(frozen=True)
class Question:
    api: str
    server: str
    token: str
    repo: str
    issue: int
    expect: str
    release: Path | None

    def get(self, path: str) -> Any:
        request = urllib.request.Request(  # noqa: S310 -- the address is the caller's own
            f"{self.api}/repos/{self.repo}{path}",
            headers={"Authorization": f"Bearer {self.token}", "Accept": "application/vnd.github+json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return json.load(answer)


def judge(question: Question) -> Iterator[Line]:
    yield from _issue(question)
    pulls = [pull for pull in question.get("/pulls?state=all") if pull["head"]["ref"].startswith("minion/")]
    yield Line(len(pulls) == 1, f"one pull request from a minion/ branch (found {len(pulls)})")
    if len(pulls) == 1:
        pull = question.get(f"/pulls/{pulls[0]['number']}")
        yield from _pull(question, pull)
        yield from _commits(question, pull)
        yield from _pushes(question, pull)
        yield from _git(question, pull)


def _issue(question: Question) -> Iterator[Line]:
    labels = {label["name"] for label in question.get(f"/issues/{question.issue}")["labels"]}
    wanted = "minion-done" if question.expect == "success" else "minion-needs-human"
    yield Line(wanted in labels, f"the issue is labelled {wanted} (labels: {', '.join(sorted(labels))})")
    yield Line("minion-working" not in labels, "the issue is no longer labelled minion-working")
    reactions = question.get(f"/issues/{question.issue}/reactions")
    eyes = [item for item in reactions if item["content"] == "eyes" and BOT.search(item["user"]["login"])]
    yield Line(len(eyes) == 1, f"one 👀 on the issue (found {len(eyes)})")
    comments = [
        item for item in question.get(f"/issues/{question.issue}/comments") if BOT.search(item["user"]["login"])
    ]
    status = [item for item in comments if "<!-- minion:status" in item["body"]]
    yield Line(len(status) == 1, f"one status comment, edited in place (found {len(status)} of {len(comments)})")


def _pull(question: Question, pull: dict[str, Any]) -> Iterator[Line]:
    success = question.expect == "success"
    yield Line(bool(BOT.search(pull["user"]["login"])), f"PR #{pull['number']} was opened by {pull['user']['login']}")
    yield Line(not pull["merged"] and pull["state"] == "open", "the PR is open and not merged: a person merges")
    yield Line(pull["draft"] is not success, "the PR is ready for review" if success else "the PR is still a draft")
    if success:
        people = [person["login"] for person in pull["requested_reviewers"]]
        yield Line(bool(people), f"review is requested (from {', '.join(people) or 'nobody'})")
        yield Line("| **Total** |" in pull["body"], "the PR carries a receipt")
    runs = question.get(f"/commits/{pull['head']['sha']}/check-runs?per_page=100")["check_runs"]
    runs = [run for run in runs if run["app"]["slug"] == "github-actions"]
    red = sorted(run["name"] for run in runs if run["conclusion"] not in {"success", "skipped", "neutral"})
    if success:
        yield Line(
            bool(runs) and not red, f"all {len(runs)} CI jobs of the head are green (red: {', '.join(red) or 'none'})"
        )
    else:
        yield Line(bool(red), f"CI is still red after the last push ({', '.join(red) or 'nothing is red'})")


def _commits(question: Question, pull: dict[str, Any]) -> Iterator[Line]:
    commits = question.get(f"/pulls/{pull['number']}/commits")
    yield Line(len(commits) == 2, f"two commits (found {len(commits)})")
    rounds = [_trailer(commit, "Minion-Round") for commit in commits]
    tasks = {_trailer(commit, "Minion-Task") for commit in commits}
    yield Line(rounds == ["1", "2"], f"their trailers count the rounds: {', '.join(rounds) or 'none'}")
    yield Line(len(tasks) == 1 and "" not in tasks, f"both name one task: {', '.join(sorted(tasks))}")
    verified = [commit["commit"]["verification"]["verified"] for commit in commits]
    yield Line(all(verified) and bool(verified), f"verified by the server: {sum(verified)} of {len(verified)}")
    if commits:
        first = question.get(f"/commits/{commits[0]['sha']}/check-runs?per_page=100")["check_runs"]
        red = sorted(run["name"] for run in first if run["conclusion"] == "failure")
        yield Line(red == ["package"], f"after push 1 CI was red in: {', '.join(red) or 'nothing'}")


def _trailer(commit: dict[str, Any], name: str) -> str:
    found = re.findall(rf"^{name}: (\S+)$", commit["commit"]["message"], re.MULTILINE)
    return found[-1] if found else ""


def _pushes(question: Question, pull: dict[str, Any]) -> Iterator[Line]:
    """https://docs.github.com/en/rest/repos/repos#list-repository-activities"""
    activity = question.get(f"/activity?ref=refs/heads/{pull['head']['ref']}")
    pushers = [item["actor"]["login"] for item in activity]
    yield Line(len(pushers) == 2, f"the branch was pushed to twice (found {len(pushers)})")
    yield Line(
        bool(pushers) and set(pushers) == {pull["user"]["login"]},
        f"only the App pushed: {', '.join(sorted(set(pushers))) or 'nobody'}",
    )


def _git(question: Question, pull: dict[str, Any]) -> Iterator[Line]:
    with tempfile.TemporaryDirectory() as scratch:
        url = question.server.replace("://", f"://verdict:{question.token}@", 1) + f"/{question.repo}.git"
        command = ["git", "clone", "--quiet", "--branch", pull["head"]["ref"], url, scratch]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        yield Line(done.returncode == 0, "the branch can be cloned")
        if done.returncode:
            return
        base = f"origin/{pull['base']['ref']}"
        names = subprocess.run(
            ["git", "-C", scratch, "diff", "--name-only", f"{base}...HEAD"], check=True, capture_output=True, text=True
        ).stdout.split()
        yield Line(bool(names), f"it changes {len(names)} files: {', '.join(names[:6])}")
        yield Line(not any(name.startswith(".github/") for name in names), "nothing under .github/ is touched")
        if question.release is not None and question.expect == "success":
            yield _as_released(Path(scratch), names, question.release)


def _as_released(tree: Path, names: list[str], archive: Path) -> Line:
    with tarfile.open(archive) as tar:
        members = {member.name.partition("/")[2]: member for member in tar if member.isfile()}
        released = {name: _read(tar, members[name]) for name in names if name in members}
    differing = [name for name, data in released.items() if (tree / name).read_bytes() != data]
    return Line(
        bool(released) and not differing,
        f"{len(released) - len(differing)} of {len(released)} files are byte for byte those of the next release",
    )


def _read(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    stream = tar.extractfile(member)
    return stream.read() if stream else b""


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--api", required=True)
    parser.add_argument("--server", required=True)
    parser.add_argument("--repo", required=True)
    parser.add_argument("--issue", required=True, type=int)
    parser.add_argument("--expect", required=True, choices=["success", "handoff"])
    parser.add_argument("--release", type=Path)
    args = parser.parse_args()
    token = sys.stdin.readline().strip()
    question = Question(args.api, args.server, token, args.repo, args.issue, args.expect, args.release)
    lines = list(judge(question))
    for line in lines:
        sys.stdout.write(f"  {'✓' if line.holds else '✗'} {line.text}\n")
    return 0 if all(line.holds for line in lines) else 1


if __name__ == "__main__":
    sys.exit(main())
