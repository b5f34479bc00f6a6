"""Whose numbers are asked for, a grid's or a link's, and where they are kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from grids.models import Grid, Link

# Links that had clicks on the grid then, whichever grid they are on now.
_LINKS_OF_GRID = """
    SELECT DISTINCT link_id FROM reports_link_hour WHERE grid_id = %(grid)s
    AND hour > piece.since - interval '1 hour' AND hour < piece.until"""


@dataclass(frozen=True, slots=True)
class Subject:
    """Names of tables and columns, and conditions in SQL over the parameters `grid` and `link`.

    Views are the grid's also where the clicks are a link's: they are how often it could be clicked.
    """

    params: dict[str, Any]
    # What roll-ups and raw rows of clicks have in common.
    mine: str
    # The roll-up by the hour.
    hours: str
    # Who counts as a visitor, in the roll-ups of links and in raw rows.
    visitors: str
    is_first: str
    # The links whose raw rows are looked at between piece.since and piece.until.
    links: str
    # Whether its clicks are summed by day and value.
    has_values: bool


def grid_subject(grid: Grid) -> Subject:
    """All clicks that were made on the grid."""
    return Subject(
        params={"grid": grid.pk},
        mine="grid_id = %(grid)s",
        hours="reports_grid_hour",
        visitors="visitors",
        is_first="is_first_on_grid",
        links=_LINKS_OF_GRID,
        has_values=True,
    )


def link_subject(link: Link) -> Subject:
    """All clicks on the link, whichever grid it was on, with the views of the grid that it is on now."""
    return Subject(
        params={"grid": link.grid_id, "link": link.pk},
        mine="link_id = %(link)s",
        hours="reports_link_hour",
        visitors="link_visitors",
        is_first="is_first_on_link",
        links="SELECT %(link)s::bigint AS link_id",
        has_values=False,
    )
