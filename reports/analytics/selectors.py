"""Reads of clicks and views: the numbers that owners see, and the ledger they add up from."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from grids.models import Grid, Link
from reports.analytics.cuts import Kept
from reports.analytics.groupings import READERS, Wish, rate
from reports.analytics.numbers import Numbers, Row
from reports.analytics.periods import Period
from reports.analytics.subjects import Subject
from reports.models import LinkHour

LEDGER_COUNTS = ("accepted", "humans", "duplicates", "bots", "refused")


def analytics_read(*, subject: Subject, period: Period, wish: Wish) -> dict[str, Any]:
    """The JSON of an analytics answer, grouped as wished: one to four queries, whatever the number of clicks.
    Raises Invalid for more groups of time than an answer can hold."""
    kept = Kept(period.end)
    reading = READERS[wish.group_by](subject, period, wish, kept)
    approximate, totals = reading.approximate_before, reading.totals
    return {
        **period.shown,
        "group_by": wish.group_by,
        "include_bots": wish.include_bots,
        "approximate_before": period.local(approximate) if approximate else None,
        "totals": {
            **_counts(totals, wish),
            "views": totals.views,
            "click_through_rate": rate(totals, totals.views),
        },
        "results": [_row(row, wish) for row in reading.rows],
    }


def _row(row: Row, wish: Wish) -> dict[str, Any]:
    return {"key": row.key, "label": row.label, **_counts(row.numbers, wish), **row.details}


def _counts(numbers: Numbers, wish: Wish) -> dict[str, int]:
    return {
        "clicks": numbers.humans + numbers.bots * wish.include_bots,
        "humans": numbers.humans,
        "bots": numbers.bots,
        "duplicates": numbers.duplicates,
        "refused": numbers.refused,
        "visitors": numbers.visitors,
    }


def ledger_hours(*, grid: Grid, period: Period, link: str = "") -> QuerySet[LinkHour]:
    """The ledger of the hours that begin in the period, of one link, by its slug, or of all that had
    clicks on the grid."""
    hours = LinkHour.objects.filter(grid_id=grid.pk, hour__gte=period.start, hour__lt=period.until)
    if link:
        hours = hours.filter(link_id__in=Link.objects.filter(slug=link).values("pk"))
    return hours


class LedgerSums(NamedTuple):
    """The sums of LEDGER_COUNTS, and whether every single row of the ledger adds up."""

    totals: dict[str, int]
    is_balanced: bool


def ledger_sums(*, hours: QuerySet[LinkHour]) -> LedgerSums:
    """The sums of all rows: one query."""
    parts = F("humans") + F("duplicates") + F("bots") + F("refused")
    sums = hours.aggregate(
        # First, while the names still mean the columns.
        unbalanced=Count("hour", filter=~Q(accepted=parts)),
        **{name: Coalesce(Sum(name), 0) for name in LEDGER_COUNTS},
    )
    return LedgerSums({name: int(sums[name]) for name in LEDGER_COUNTS}, not sums["unbalanced"])


def ledger_rows(*, hours: list[LinkHour], period: Period) -> list[dict[str, Any]]:
    """The JSON of rows of the ledger: one query for the slugs of their links, null when gone for good."""
    slugs = dict(
        Link.objects.filter(pk__in={row.link_id for row in hours}).values_list("pk", "slug")
    )
    return [
        {
            "hour": period.local(row.hour),
            "link": slugs.get(row.link_id),
            **{name: getattr(row, name) for name in LEDGER_COUNTS},
        }
        for row in hours
    ]
