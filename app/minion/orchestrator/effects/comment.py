"""`comment`: words of a blueprint for the issue or pull request."""

from __future__ import annotations

from minion.blueprint.model import ActionNode
from minion.domain.outcomes import Outcome
from minion.orchestrator.step import Scene, Step, arguments, done
from minion.orchestrator.talk import say


def comment(scene: Scene, node: ActionNode) -> Step:
    """ok. One comment for each visit of the node, found again by its marker."""
    given = arguments(scene, node)
    say(scene, node, str(given.get("template", "note")), str(given.get("text", "")))
    return done(scene.task, Outcome.OK)
