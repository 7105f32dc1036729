"""Who speaks, where links may go, and the hidden markers by which our comments are found again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from minion.domain.ids import TaskId
from minion.domain.task import Task
from minion.tasks.outgoing import prose


@dataclass(frozen=True)
class Voice:
    """`public_url` is ours (empty without the App: then there is no page to follow along); `server_url` GitHub's."""

    public_url: str = ""
    server_url: str = "https://github.com"
    more_hosts: tuple[str, ...] = ()
    """Where else links in untrusted text may go."""

    @property
    def hosts(self) -> frozenset[str]:
        own = (urlsplit(url).netloc.lower() for url in (self.public_url, self.server_url))
        return frozenset(host for host in (*own, *self.more_hosts) if host)

    def follow_url(self, task: Task) -> str:
        return f"{self.public_url.rstrip('/')}/tasks/{task.capability}" if self.public_url else ""

    def follow(self, task: Task) -> str:
        url = self.follow_url(task)
        return f"[Follow along]({url})" if url else ""

    def text(self, text: str, limit: int = 2_000) -> str:
        """Untrusted text, defused."""
        return prose(text, hosts=self.hosts, limit=limit)


def status_marker(task_id: TaskId) -> str:
    """The one status comment of a task."""
    return f"<!-- minion:status task={task_id} -->"


def note_marker(task_id: TaskId, kind: str) -> str:
    """Another comment of a task: one for each `kind` (a node's visit, `handoff`, `approval`)."""
    return f"<!-- minion:note task={task_id} kind={''.join(c for c in kind if c.isalnum() or c in '-_.:')[:80]} -->"


def answer_marker(comment_id: int) -> str:
    """The answer to somebody's comment."""
    return f"<!-- minion:answer to={comment_id} -->"


def paragraphs(parts: Iterable[str]) -> str:
    """Those that are not empty, with a blank line between."""
    return "\n\n".join(part for part in parts if part) + "\n"


def bullets(items: Iterable[str]) -> str:
    return "\n".join(f"- {item}" for item in items if item)


def folded(summary: str, body: str) -> str:
    """A section that opens on a click; empty without a body."""
    return f"<details><summary>{summary}</summary>\n\n{body}\n\n</details>" if body else ""


def sentence(text: str) -> str:
    """A reason as a sentence: capital first, a full stop at the end."""
    text = text.strip()
    if not text:
        return ""
    text = text[0].upper() + text[1:]
    return text if text[-1] in ".!?…`" or "\n" in text else f"{text}."
