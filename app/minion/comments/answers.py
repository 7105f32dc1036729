"""Short answers to commands, and notes of a task."""

from __future__ import annotations

from collections.abc import Mapping

from minion.comments.voice import Voice, bullets, paragraphs, sentence
from minion.domain.commands import Misspelt
from minion.domain.task import Task
from minion.tasks.checks import REMEDIES, NoChecksReason
from minion.tasks.outgoing import code, fence, one_line, prose, quote

_REPLY = (
    "Reply in a comment: the first answer by somebody with write permission counts and becomes part of the request. "
    "`/minion stop` ends the task."
)
_GO_OR_CHANGE = (
    "Reply in a comment: `go`, or what should be different. Answers by people with write permission count. "
    "`/minion stop` ends the task."
)
_COMMANDS = (
    ("implement", "turns this issue into a pull request, or goes on with this pull request"),
    ("fix", "repairs the failing checks of this pull request"),
    ("plan", "says how this issue would be carried out, and does it once you agree"),
    ("address", "takes up the review comments of this pull request"),
    ("approve <digest>", "lets a change go on that waits for approval"),
    ("stop", "ends the running task; nothing more is pushed"),
    ("retry", "tries the last task once more, with the pushes it has left"),
    ("status", "says where the task is"),
    ("help", "shows this"),
)
_STARTING = frozenset({"implement", "plan", "fix", "address"})
"""Commands that start the blueprint of their name, and are there where it is."""


def help_text(blueprints: Mapping[str, str], voice: Voice) -> str:
    """`blueprints`: name to description, those that can be started here."""
    named = {verb.split()[0] for verb, _ in _COMMANDS}
    absent = _STARTING - blueprints.keys()
    others = {name: text for name, text in sorted(blueprints.items()) if name not in named}
    rows = [f"| `/minion {verb}` | {text} |" for verb, text in _COMMANDS if verb not in absent]
    rows += [f"| `/minion {one_line(name, 60)}` | {one_line(text, 160)} |" for name, text in others.items()]
    return paragraphs(
        (
            "**Minion does narrow, checkable coding tasks.** Put the command on the first line of a comment:",
            "\n".join(["| command | what it does |", "|---|---|", *rows]),
            bullets(
                (
                    "`--max $3` behind a command caps what the task may cost; text behind it goes to the task.",
                    "The label `minion` starts an issue, `minion:<blueprint>` another blueprint.",
                    "Starting, approving and stopping need write permission. A task pushes at most twice.",
                )
            ),
            f"[About Minion]({voice.public_url})" if voice.public_url else "",
        )
    )


def misspelt(command: Misspelt) -> str:
    near = f" Did you mean {code(command.nearest)}?" if command.nearest else ""
    return paragraphs(
        (f"I did not understand {code(command.line)}: {command.problem}.{near}", "`/minion help` lists what I know.")
    )


def ignored(actor: str, reason: str) -> str:
    """Why a command was not followed. Further lines of the reason (places in files, say) stand below it."""
    first, _, rest = reason.partition("\n")
    said = prose(first.rstrip(" .:"), mentions=(actor,))
    return paragraphs((f"@{actor}, I did nothing: {said}.", fence(rest) if rest.strip() else ""))


def already_working(task: Task, voice: Voice) -> str:
    where = f" on #{task.number}" if task.pull_number and task.pull_number != task.number else ""
    return paragraphs(
        (
            f"I am already working{where} (task {code(task.id)}, {task.status.value.replace('_', ' ')}).",
            "`/minion stop` ends that task; a new command then starts another one.",
            voice.follow(task),
        )
    )


def no_task(verb: str) -> str:
    """A command about a task where there is none."""
    return paragraphs((f"There is no task here for `/minion {verb}`. `/minion help` lists what I know.",))


def question(task: Task, voice: Voice, text: str) -> str:
    return paragraphs(
        (
            f"@{task.spec.requested_by}, to go on with this I need an answer:",
            quote(text, hosts=voice.hosts, limit=6_000),
            _REPLY,
        )
    )


def plan(task: Task, voice: Voice, text: str) -> str:
    """What is going to be done, before it is."""
    return paragraphs(
        (
            f"@{task.spec.requested_by}, this is what I would do:",
            quote(text, hosts=voice.hosts, limit=12_000),
            _GO_OR_CHANGE,
        )
    )


def note(task: Task, voice: Voice, text: str) -> str:
    """A comment that a blueprint asked for."""
    return paragraphs(
        (quote(text, hosts=voice.hosts, limit=12_000), f"Task {code(task.id)}. {voice.follow(task)}".strip())
    )


def no_ci(reason: NoChecksReason) -> str:
    """Nothing has judged the change, and how to mend that."""
    return paragraphs(("**No CI has judged this change.**", REMEDIES[reason]))


def failed(task: Task, voice: Voice) -> str:
    """The task broke, not the change."""
    kept = f"What was pushed is on the branch {code(task.branch)}." if task.branch else "Nothing was pushed."
    return paragraphs(
        (
            f"@{task.spec.requested_by}, **I failed on this, and not because of the task:**",
            quote(sentence(task.reason) or "There is no more to say than this.", hosts=voice.hosts, limit=4_000),
            f"{kept} `/minion retry` tries once more; the operator finds this one as {code(task.id)}.",
            voice.follow(task),
        )
    )
