"""How often people without write permission are answered: a flood of comments must not use up GitHub's limits, which
all of an installation's repositories share.

https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any, Final

from minion.domain.events import Commented
from minion.orchestrator.desk import Desk

MOST: Final = 5
WINDOW: Final = timedelta(hours=1)


def heard_enough(desk: Desk, event: Commented) -> bool:
    """Whether this person has had the answers of this hour here. The same comment, delivered again, counts once."""
    key, now = f"heard:{event.repository.id}:{event.actor_id}", desk.clock.now()
    said = desk.cursors.get(key)
    known: dict[str, Any] = {} if said is None else json.loads(said)
    if not known or datetime.fromisoformat(known["since"]) + WINDOW <= now:
        known = {"since": now.isoformat(), "comments": []}
    heard: list[int] = known["comments"]
    if event.comment_id in heard:
        return False
    if len(heard) >= MOST:
        return True
    desk.cursors.set(key, json.dumps(known | {"comments": [*heard, event.comment_id]}))
    return False
