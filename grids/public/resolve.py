"""From a key in a path to the answer it gets: what the cache asks when it does not know."""

from __future__ import annotations

from datetime import datetime
from math import inf

from django.db import close_old_connections

from grids import selectors
from grids.models import Link
from grids.public import answers
from grids.public.answers import Answer
from grids.public.wire import Kind, Target


def resolve_link(key: str) -> Answer:
    """The answer to `/l/{key}`, `key` being a link's slug or alias: one query. Raises DatabaseError."""
    close_old_connections()
    link = selectors.link_resolve(key=key)
    if link is None:
        return answers.MISSING
    if link.is_deleted or link.grid.is_deleted:
        return answers.gone(link.grid_id)
    return answers.redirect(
        link.url,
        target=Target(Kind.CLICK, link.user_id, link.grid_id, link.pk, _tile(link)),
        grid=link.grid_id,
        since=_seconds(link.active_from, -inf),
        until=_seconds(link.active_until, inf),
    )


def resolve_view(key: str) -> Answer:
    """The answer to `/v/{key}`, `key` being a grid's slug or alias: one query. Raises DatabaseError."""
    close_old_connections()
    grid = selectors.grid_resolve(key=key)
    if grid is None:
        return answers.MISSING
    return answers.viewed(target=Target(Kind.VIEW, grid.user_id, grid.pk), grid=grid.pk)


def _tile(link: Link) -> str:
    return f"{link.x},{link.y},{link.width},{link.height}"


def _seconds(moment: datetime | None, default: float) -> float:
    return moment.timestamp() if moment else default
