"""Every effect and every wait, by the name that blueprints use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from minion.orchestrator.effects.collect import collect
from minion.orchestrator.effects.comment import comment
from minion.orchestrator.effects.handoff import handoff
from minion.orchestrator.effects.open_pull import open_pull
from minion.orchestrator.effects.push import push
from minion.orchestrator.effects.ready import ready
from minion.orchestrator.effects.rerun import rerun
from minion.orchestrator.effects.review_collect import review_collect
from minion.orchestrator.effects.review_reply import review_reply
from minion.orchestrator.step import Effect, Wait
from minion.orchestrator.waits.approval import approval
from minion.orchestrator.waits.checks import checks_settled
from minion.orchestrator.waits.reply import reply

EFFECTS: Final[Mapping[str, Effect]] = {
    "push": push,
    "pr.open": open_pull,
    "pr.ready": ready,
    "comment": comment,
    "checks.collect": collect,
    "checks.rerun": rerun,
    "review.collect": review_collect,
    "review.reply": review_reply,
    "handoff": handoff,
}

WAITS: Final[Mapping[str, Wait]] = {
    "checks.settled": checks_settled,
    "reply": reply,
    "approval": approval,
}
