"""The largest groups one by one, and all others as one, so that nothing is left out."""

from __future__ import annotations

from grids.models import Grid, Link
from reports.analytics import parts
from reports.analytics.cuts import Cuts
from reports.analytics.numbers import Numbers
from reports.analytics.periods import Period
from reports.analytics.subjects import Subject

_CLICKS = "humans + bots * %(bots_weight)s"
_RANKED = f"""
WITH ranked AS (
    SELECT counted.*, row_number() OVER (ORDER BY {_CLICKS} DESC, key COLLATE "C") AS place
    FROM ({{counted}}) AS counted
)
SELECT CASE WHEN place <= %(limit)s THEN key END, {parts.SUMS}
FROM ranked GROUP BY 1, place <= %(limit)s ORDER BY min(place)
"""
# What is gone for good has numbers, and no name.
_BY_SLUG = f"""
SELECT coalesce(slug, '') AS key, {parts.SUMS} FROM ({{counted}}) AS by_id
LEFT JOIN {{table}} AS named ON named.id = by_id.key GROUP BY 1
"""


def by_slug(counted: str, model: type[Grid | Link]) -> str:
    """SQL that groups by the slugs of grids or links what is grouped by their keys; '' for those gone."""
    return _BY_SLUG.format(counted=counted, table=model._meta.db_table)


def ranked(
    counted: str,
    *,
    subject: Subject,
    period: Period,
    cuts: Cuts,
    include_bots: bool,
    limit: int,
    dimension: int = 0,
) -> list[tuple[str | None, Numbers]]:
    """The first `limit` groups by clicks, largest first, then the others under the key None: one query."""
    return parts.read(
        _RANKED.format(counted=counted),
        subject=subject,
        period=period,
        cuts=cuts,
        bots_weight=int(include_bots),
        limit=limit,
        dimension=dimension,
    )
