"""A map carried out on a working copy: what keeping and putting back costs, without any model or box."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

from tests.bench.child import DidNotWork
from tests.bench.figure import Figure
from tests.blueprint import long_map
from tests.runner.sites import ScriptedSite, Step, done, make_repository, site_at

from minion.nodes.base import NodeReport, Visit
from minion.runner.journal import Journal
from minion.runner.walk import Walk

ITEMS = (200, 400, 800)
FILES = 1_000


def figures() -> list[Figure]:
    """CPU time of this process and of git; beside each item the whole tree is listed, so new files cost a little more
    than in proportion."""
    edited = {items: _seconds(items, _edit) for items in ITEMS}
    added = {items: _seconds(items, _add) for items in ITEMS}
    few, *_, many = ITEMS
    return [
        *(Figure(f"map hosted, {items} of {FILES} files edited, CPU", "s", (s,)) for items, s in edited.items()),
        Figure(f"map hosted: {many} edits to {few}", "x", (edited[many] / edited[few],), below=1.3 * many / few),
        *(Figure(f"map hosted, {items} files added to {FILES}, CPU", "s", (s,)) for items, s in added.items()),
        Figure(f"map hosted: {many} additions to {few}", "x", (added[many] / added[few],), below=2 * many / few),
    ]


def _edit(site: ScriptedSite, visit: Visit) -> NodeReport:
    site.write(str(visit.context[0].value), "y = 1\n")
    return done(visit)


def _add(site: ScriptedSite, visit: Visit) -> NodeReport:
    site.write(f"{visit.context[0].value}.txt", f"{visit.context[0].value}\n")
    return done(visit)


def _seconds(items: int, work: Step) -> float:
    names = [f"pkg{number % 20}/m{number}.py" for number in range(FILES)]

    def find(_: ScriptedSite, visit: Visit) -> NodeReport:
        return done(visit, output={"items": names[:items], "count": items})

    def check(_: ScriptedSite, visit: Visit) -> NodeReport:
        return done(visit)

    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        sha = make_repository(place / "origin", dict.fromkeys(names, "x = 1\n"))
        site = site_at(place / "origin", sha, place / "copy", {"find": find, "work": work, "check": check})
        try:
            return _walked(site, items)
        finally:
            site.workspace.close()


def _walked(site: ScriptedSite, items: int) -> float:
    engine = long_map.engine()
    facts: Mapping[str, object] = {}
    state = engine.start("long", {})
    walk = Walk(engine, state, site, facts, Journal([]), lambda: None, usd=Decimal(50))
    began = _cpu()
    walk.on()
    kept = walk.state.frame.outputs["each"]["kept"]
    if kept != items:
        raise DidNotWork(f"{kept} of {items} items were kept")
    return _cpu() - began


def _cpu() -> float:
    """Of this process and of the children that it waited for."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system
