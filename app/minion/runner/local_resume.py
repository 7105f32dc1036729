"""Going on with a local run: what it had reached, and what an agent that was interrupted is told."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from minion.blueprint.engine import Engine
from minion.blueprint.model import AgentNode, JudgeNode
from minion.blueprint.state import ContextEntry, Ended, State, Unfit
from minion.domain.errors import UsageError
from minion.nodes.base import WorkNode
from minion.ports.workspace import Workspace
from minion.runner.local_runs import RunRecord
from minion.runner.walk import Learned

DIFF = "workspace.diff"


def reached(engine: Engine, record: RunRecord) -> State:
    """Raises `UsageError` where the state does not fit the blueprints it was pinned to."""
    state = engine.restore(record.state)
    if isinstance(state, Unfit):
        raise UsageError(f"The run {record.id} cannot be gone on with: {state.reason}")
    if isinstance(engine.pending(state), Ended):
        raise UsageError(f"The run {record.id} had come to its end")
    return state


def unmoved(record: RunRecord, tip: str | None) -> None:
    """`tip` of the run's branch now. Raises `UsageError` where somebody has been there since."""
    if tip == record.tip:
        return
    was, now = (record.tip or "no branch")[:12], (tip or "no branch")[:12]
    raise UsageError(
        f"{record.branch} was changed since the run {record.id} stopped ({was}, now {now}), and its state does not "
        "know of that. Put the branch back, or begin anew from it: minion run TASK --branch NAME"
    )


def learned(record: RunRecord) -> Learned:
    return Learned(
        receipt=list(record.lines),
        summary=record.summary,
        notes=dict.fromkeys(record.notes),
        gates=dict(record.gates),
        opinion=record.opinion,
    )


def told_once(begun: str, workspace: Workspace) -> Callable[[WorkNode], Sequence[ContextEntry]]:
    """For the node that was begun and interrupted, at its next visit: what the tree already contains."""
    waiting = {begun}

    def beside(node: WorkNode) -> Sequence[ContextEntry]:
        if not isinstance(node, AgentNode | JudgeNode) or node.name not in waiting:
            return ()
        waiting.clear()
        return _interruption(node, workspace)

    return beside


def _interruption(node: AgentNode | JudgeNode, workspace: Workspace) -> list[ContextEntry]:
    changed = len(workspace.changed_paths())
    if not changed:
        text = "An earlier session of this step was interrupted before it had changed any file."
        return [ContextEntry("task.interrupted", text, tainted=False)]
    text = (
        f"An earlier session of this step was interrupted. Its work is in the tree: {changed} changed files, shown by "
        f"{DIFF}. Look at it first, keep what is right, and do what is missing."
    )
    told = [ContextEntry("task.interrupted", text, tainted=False)]
    if DIFF not in {path.rstrip("?") for path in node.context}:
        told.append(ContextEntry(DIFF, workspace.diff(), tainted=True))
    return told


def begun_node(record: RunRecord, engine: Engine, state: State) -> str:
    """The pending node, if its last visit was not executed to the end."""
    name = getattr(engine.pending(state), "name", "")
    return name if record.lines and record.lines[-1].node == name else ""
