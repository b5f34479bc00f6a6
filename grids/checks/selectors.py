"""Read links to check, and the verdicts of checks."""

from __future__ import annotations

from typing import NamedTuple

from django.db.models import F, Q, QuerySet

from grids.models import Grid, Link


class Checkable(NamedTuple):
    """Hold what a check needs of a link."""

    pk: int
    slug: str
    grid_slug: str
    url: str
    url_key: str


def checkable_links(*, user_id: int, grids: list[str], links: list[str]) -> list[Checkable]:
    """List a user's live links on these grids and these links; or all.

    All links are listed when both lists are empty. Links that were never checked, or not for the longest
    time, come first: what one check had no time for, the next begins with.
    """
    found = Link.objects.live().filter(user_id=user_id)
    if grids or links:
        found = found.filter(Q(grid__slug__in=grids) | Q(slug__in=links))
    longest_ago = F("last_check__checked_on").asc(nulls_first=True)
    rows = found.order_by(longest_ago, "id").values_list(
        "pk", "slug", "grid__slug", "url", "url_key"
    )
    return [Checkable(*row) for row in rows.iterator()]


def grid_checks(*, grid: Grid, verdict: str = "") -> QuerySet[Link]:
    """Return a grid's live links whose present address was checked, with their `last_check`."""
    checked = grid.links.filter(is_deleted=False, last_check__url_key=F("url_key"))
    if verdict:
        checked = checked.filter(last_check__verdict=verdict)
    return checked.select_related("last_check").defer("search")
