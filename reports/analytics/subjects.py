"""Whose numbers are asked for, an account's, some grids' or some links', and where they are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from grids.models import Grid, Link

_GRIDS = "%(grids)s::bigint[]"
_LINKS = "%(links)s::bigint[]"
# Those that are gone for good too; from one to the next, since there is a row for each hour of each.
_GRIDS_OF_USER = """ARRAY(
    WITH RECURSIVE mine AS (
        SELECT min(grid_id) AS grid_id FROM reports_grid_hour WHERE user_id = %(user)s
        UNION ALL
        SELECT (SELECT min(later.grid_id) FROM reports_grid_hour AS later
            WHERE later.user_id = %(user)s AND later.grid_id > mine.grid_id)
        FROM mine WHERE mine.grid_id IS NOT NULL
    ) SELECT grid_id FROM mine WHERE grid_id IS NOT NULL)"""
_GRIDS_OF_LINKS = f"ARRAY(SELECT DISTINCT grid_id FROM grids_link WHERE id = ANY({_LINKS}))"
# Whose clicks are looked through: what there is of a user in an hour is found at once, of each of their links
# one by one.
_USERS_OF_GRIDS = f"""
    SELECT DISTINCT user_id FROM reports_grid_hour WHERE grid_id = ANY({_GRIDS})
    AND hour > piece.since - interval '1 hour' AND hour < piece.until"""


@dataclass(frozen=True, slots=True)
class Subject:
    """SQL over `params`, in which a source is a table with a condition, to which others can be added.

    Visitors of several grids are the sum of each grid's visitors, and of several links of each link's: who
    visits two counts twice. Views are the grids' also where the clicks are links': they are how often those
    could be clicked.
    """

    params: dict[str, Any]
    # An array of the grids whose views count.
    grids: str
    # What the roll-ups of links are of.
    mine: str
    # The sources of clicks by the hour, as a whole and by grid, and of views.
    hours: str
    grid_hours: str
    views: str
    # The source of clicks by day and value; '' where they are not summed so.
    values: str
    # Who counts as a visitor, in the roll-ups and in raw rows.
    visitors: str
    is_first: str
    # Raw rows of clicks are looked up once for each of `targets` between piece.since and piece.until.
    targets: str
    clicks: str


def account_subject(*, user_id: int) -> Subject:
    """All clicks and views of the account, those of grids and links included that are gone."""
    mine = f"grid_id = ANY({_GRIDS_OF_USER})"
    return Subject(
        params={"user": user_id},
        grids=_GRIDS_OF_USER,
        mine=mine,
        hours="reports_user_hour WHERE user_id = %(user)s",
        grid_hours=f"reports_grid_hour WHERE {mine}",
        views="reports_user_hour WHERE user_id = %(user)s",
        values="reports_user_day_value WHERE user_id = %(user)s",
        visitors="visitors",
        is_first="is_first_on_grid",
        targets="SELECT",
        clicks="user_id = %(user)s",
    )


def grids_subject(*, grid_ids: Sequence[int]) -> Subject:
    """All clicks that were made on the grids, and their views."""
    mine = f"grid_id = ANY({_GRIDS})"
    return Subject(
        params={"grids": list(grid_ids)},
        grids=_GRIDS,
        mine=mine,
        hours=f"reports_grid_hour WHERE {mine}",
        grid_hours=f"reports_grid_hour WHERE {mine}",
        views=f"reports_grid_hour WHERE {mine}",
        values=f"reports_grid_day_value WHERE {mine}",
        visitors="visitors",
        is_first="is_first_on_grid",
        targets=_USERS_OF_GRIDS,
        clicks=f"reports_click.user_id = target.user_id AND {mine}",
    )


def links_subject(*, link_ids: Sequence[int]) -> Subject:
    """All clicks on the links, whichever grid they were on, with the views of the grids they are on now."""
    mine = f"link_id = ANY({_LINKS})"
    return Subject(
        params={"links": list(link_ids)},
        grids=_GRIDS_OF_LINKS,
        mine=mine,
        hours=f"reports_link_hour WHERE {mine}",
        grid_hours=f"reports_link_hour WHERE {mine}",
        views=f"reports_grid_hour WHERE grid_id = ANY({_GRIDS_OF_LINKS})",
        values="",
        visitors="link_visitors",
        is_first="is_first_on_link",
        targets=f"SELECT DISTINCT unnest({_LINKS}) AS link_id",
        clicks="reports_click.link_id = target.link_id",
    )


def grid_subject(grid: Grid) -> Subject:
    """All clicks that were made on the grid."""
    return grids_subject(grid_ids=[grid.pk])


def link_subject(link: Link) -> Subject:
    """All clicks on the link, whichever grid it was on, with the views of the grid that it is on now."""
    return links_subject(link_ids=[link.pk])
