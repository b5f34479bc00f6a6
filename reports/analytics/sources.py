"""Define where metrics of an account, of grids or of links are read, in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_GRIDS = "%(grids)s::bigint[]"
_LINKS = "%(links)s::bigint[]"
# Deleted grids included; found by jumps through the index, since there is a row for each hour of each grid.
_GRIDS_OF_USER = """ARRAY(
    WITH RECURSIVE mine AS (
        SELECT min(grid_id) AS grid_id FROM reports_grid_hour WHERE user_id = %(user)s
        UNION ALL
        SELECT (SELECT min(later.grid_id) FROM reports_grid_hour AS later
            WHERE later.user_id = %(user)s AND later.grid_id > mine.grid_id)
        FROM mine WHERE mine.grid_id IS NOT NULL
    ) SELECT grid_id FROM mine WHERE grid_id IS NOT NULL)"""
_GRIDS_OF_LINKS = f"ARRAY(SELECT DISTINCT grid_id FROM grids_link WHERE id = ANY({_LINKS}))"
# One index range finds all clicks of a user in an hour; by link it would take one for each link.
_USERS_OF_GRIDS = f"""
    SELECT DISTINCT user_id FROM reports_grid_hour WHERE grid_id = ANY({_GRIDS})
    AND hour > piece.since - interval '1 hour' AND hour < piece.until"""


@dataclass(frozen=True, slots=True)
class MetricsSource:
    """Hold SQL over `params`; each table has a condition, to which others are added.

    Visitors of several grids are the sum of each grid's visitors, and of several links of each link's: who
    visits two counts twice. Views are those of grids also where clicks are those of links: they say how
    often the links could be clicked.
    """

    params: dict[str, Any]
    # An array of the grids whose views count.
    grids: str
    # The condition on the roll-ups of links.
    condition: str
    # Tables of clicks by hour, as a whole and by grid, and of views.
    hours: str
    grid_hours: str
    views: str
    # The table of clicks by day and value; '' where there is none.
    values: str
    # Raw clicks are looked up once for each of `targets` between piece.since and piece.until.
    targets: str
    clicks: str
    # Who counts as a visitor, in roll-ups and in raw rows.
    visitors: str = "visitors"
    is_first: str = "is_first_on_grid"


def account_source(*, user_id: int) -> MetricsSource:
    """Return the source of an account's clicks and views, of deleted grids and links too."""
    condition = f"grid_id = ANY({_GRIDS_OF_USER})"
    return MetricsSource(
        params={"user": user_id},
        grids=_GRIDS_OF_USER,
        condition=condition,
        hours="reports_user_hour WHERE user_id = %(user)s",
        grid_hours=f"reports_grid_hour WHERE {condition}",
        views="reports_user_hour WHERE user_id = %(user)s",
        values="reports_user_day_value WHERE user_id = %(user)s",
        targets="SELECT",
        clicks="user_id = %(user)s",
    )


def grids_source(*, grid_ids: Sequence[int]) -> MetricsSource:
    """Return the source of all clicks made on the grids, and their views."""
    condition = f"grid_id = ANY({_GRIDS})"
    return MetricsSource(
        params={"grids": list(grid_ids)},
        grids=_GRIDS,
        condition=condition,
        hours=f"reports_grid_hour WHERE {condition}",
        grid_hours=f"reports_grid_hour WHERE {condition}",
        views=f"reports_grid_hour WHERE {condition}",
        values=f"reports_grid_day_value WHERE {condition}",
        targets=_USERS_OF_GRIDS,
        clicks=f"reports_click.user_id = target.user_id AND {condition}",
    )


def links_source(*, link_ids: Sequence[int]) -> MetricsSource:
    """Return the source of clicks on the links, with views of their present grids."""
    condition = f"link_id = ANY({_LINKS})"
    return MetricsSource(
        params={"links": list(link_ids)},
        grids=_GRIDS_OF_LINKS,
        condition=condition,
        hours=f"reports_link_hour WHERE {condition}",
        grid_hours=f"reports_link_hour WHERE {condition}",
        views=f"reports_grid_hour WHERE grid_id = ANY({_GRIDS_OF_LINKS})",
        values="",
        visitors="link_visitors",
        is_first="is_first_on_link",
        targets=f"SELECT DISTINCT unnest({_LINKS}) AS link_id",
        clicks="reports_click.link_id = target.link_id",
    )
