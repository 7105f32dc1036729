"""Asking for approval of a change that outsiders' words had a part in."""

from __future__ import annotations

from minion.comments.voice import Voice, folded, paragraphs
from minion.domain.task import Task
from minion.tasks.approval import short_digest
from minion.tasks.outgoing import capped, code, fence

_DIFF_LIMIT = 50_000
_WHY = "Your CI will run the change with this repository's secrets: read it as you would a stranger's pull request."


def approval(task: Task, voice: Voice, digest: str, diff: str) -> str:
    """`digest` is the change set's; `diff` what would be pushed, as a unified diff."""
    command = f"/minion approve {short_digest(digest)}"
    long = (
        "The diff is too long to show in full; the page that follows the task has all of it."
        if len(diff) > _DIFF_LIMIT
        else ""
    )
    return capped(
        paragraphs(
            (
                "**This change waits for approval before it is pushed.**",
                f"Text by {_outsiders(task)} reached the model. {_WHY}",
                f"Somebody with write permission lets it through by commenting:\n\n```\n{command}\n```",
                "`/minion stop` throws it away. Any later change has another digest and is asked for again.",
                folded("The change", fence(diff[:_DIFF_LIMIT], "diff", _DIFF_LIMIT)),
                long,
                voice.follow(task),
            )
        )
    )


def _outsiders(task: Task) -> str:
    """Names as code: they are no party to this and need no notification."""
    spec = task.spec
    writers = [entry.author for entry in (*spec.thread, *spec.remarks) if not entry.author_can_write]
    names = dict.fromkeys([*([] if spec.author_can_write else [spec.author]), *writers])
    listed = ", ".join(code(name) for name in list(names)[:8])
    return f"people without write permission ({listed})" if listed else "people without write permission"
