"""All REST routes, in one place."""

from __future__ import annotations

from dataclasses import replace

from minion.hub.rest import activity, apps, checks, contents, git_data, issues, labels, pulls, repositories, reviews
from minion.hub.rest.route import Route

CORE: tuple[Route, ...] = (
    *activity.ROUTES,
    *apps.ROUTES,
    *repositories.ROUTES,
    *contents.ROUTES,
    *git_data.ROUTES,
    *issues.ROUTES,
    *labels.ROUTES,
    *pulls.ROUTES,
    *reviews.ROUTES,
    *checks.ROUTES,
)


def all_routes(*, with_actions: bool) -> tuple[Route, ...]:
    """Actions has a lock of its own and calls the hub from under it, so its routes run without the hub's."""
    if not with_actions:
        return CORE
    from minion.hub.rest import actions

    return (*CORE, *(replace(one, locked=False) for one in actions.ROUTES))
