"""Answer `/l/{key}` and `/v/{key}`: redirects and views counted elsewhere, with one query each."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from math import inf

from django.db import close_old_connections

from grids import selectors
from grids.public import changes, responses
from grids.public.pages import messages
from grids.public.responses import Response
from grids.public.wire import Kind, Target


def resolve_link(key: str) -> Response:
    """Return the response to `/l/{key}`, a link's slug or alias. Raises DatabaseError."""
    close_old_connections()
    link = selectors.link_resolve(key=key)
    if link is None:
        return messages.missing()
    if link.is_deleted or link.grid.is_deleted:
        return replace(messages.gone(), depends_on=_of_grid(link.grid_id, link.user_id))
    tile = f"{link.x},{link.y},{link.width},{link.height}"
    return responses.redirect(
        link.url,
        forward_query=link.forward_query,
        target=Target(Kind.CLICK, link.user_id, link.grid_id, link.pk, tile),
        depends_on=_of_grid(link.grid_id, link.user_id),
        since=_seconds(link.active_from, -inf),
        until=_seconds(link.active_until, inf),
    )


def resolve_view(key: str) -> Response:
    """Return the response to `/v/{key}`, a grid's slug or alias. Raises DatabaseError."""
    close_old_connections()
    grid = selectors.grid_resolve(key=key)
    if grid is None:
        return messages.missing()
    return responses.viewed(
        target=Target(Kind.VIEW, grid.user_id, grid.pk), depends_on=_of_grid(grid.pk, grid.user_id)
    )


def _of_grid(grid: int, user: int) -> tuple[str, ...]:
    return changes.grid(grid), changes.user(user)


def _seconds(moment: datetime | None, default: float) -> float:
    return moment.timestamp() if moment else default
